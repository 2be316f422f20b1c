//! What operators give: data dictionaries and user.yaml.

use ::dictionary::{Dictionary, LoadError, Validators, check};
use indexmap::IndexMap;
use serde_json::{Value, json};
use useryaml::UserYaml;

/// A YAML text as user.yaml, and as the merged files of a dictionary (file name to content).
///
/// # Panics
/// When something does not hold: what is refused is refused with reasons, a fault of YAML names a line that
/// there is, and what loads can be compiled and asked.
pub fn configuration(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let lines = text.matches(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).count() + 2;
    if let Err(problems) = UserYaml::parse(text) {
        assert!(!problems.is_empty(), "a refusal has a reason");
        for position in problems.iter().filter_map(|problem| problem.position) {
            assert!((1..=lines).contains(&position.line), "line {} of {lines}", position.line);
        }
    }
    let value = match yaml::parse(text) {
        Ok(value) => value,
        Err(error) => return assert!(error.position.line <= lines, "{error}, of {lines} lines"),
    };
    let Value::Object(files) = value else { return };
    let files: IndexMap<String, Value> = files.into_iter().collect();
    let _ = check(&files);
    if let Err(error) = load(files) {
        match error {
            LoadError::Invalid(problems) => assert!(!problems.is_empty(), "a refusal has a reason"),
            other => panic!("nothing was read from anywhere: {other}"),
        }
    }
}

fn load(files: IndexMap<String, Value>) -> Result<(), LoadError> {
    let dictionary = Dictionary::from_files(files)?;
    let validators = Validators::compile(&dictionary)?;
    for node in dictionary.nodes.keys() {
        let _ = validators.check(node, &json!({ "type": node, "id": 1 }));
    }
    Ok(())
}
