//! The rules that Gen3's published dictionaries are held to.
//!
//! The services need less (see [`Dictionary::from_files`]): a dictionary that breaks a rule here still loads,
//! but some tool of the ecosystem will fail on it.

mod graph;
mod node;
mod rules;

use indexmap::IndexMap;
use serde_json::Value;

use self::rules::Rules;
use crate::{Dictionary, Problem, Validators, builtin, model::NOT_NODES, resolve};

/// All problems of a dictionary's files (unresolved contents by file name, see [`crate::read_files`]).
pub fn check(files: &IndexMap<String, Value>) -> Vec<Problem> {
    let mut problems = resolve::resolve_all(&builtin::with_builtins(files.clone())).err().unwrap_or_default();
    let dictionary = match Dictionary::from_files(files.clone()) {
        Ok(dictionary) => dictionary,
        Err(error) => {
            let more = error.problems().iter().filter(|problem| !problems.contains(problem)).cloned();
            problems.extend(more.collect::<Vec<_>>());
            return problems;
        }
    };
    if let Err(error) = Validators::compile(&dictionary) {
        problems.extend(error.problems().iter().cloned());
    }
    for (file, raw) in files.iter().filter(|(file, _)| !NOT_NODES.contains(&file.as_str())) {
        if let Some(node) = raw.get("id").and_then(Value::as_str).and_then(|id| dictionary.nodes.get(id)) {
            let mut rules = Rules { file, dictionary: &dictionary, node, problems: Vec::new() };
            rules.all();
            problems.append(&mut rules.problems);
        }
    }
    graph::check(&dictionary, files, &mut problems);
    problems
}

impl Rules<'_> {
    fn all(&mut self) {
        self.keys();
        self.naming();
        self.links();
        self.properties();
        match self.node.id.as_str() {
            "program" => self.needs(&["id", "type", "dbgap_accession_number"], &["dbgap_accession_number"]),
            "project" => {
                let properties = ["availability_type", "code", "dbgap_accession_number", "id", "type"];
                self.needs(&properties, &["dbgap_accession_number"]);
            }
            _ if self.node.category.is_internal() => self.needs(&["type"], &["type"]),
            _ => {
                let properties = ["id", "type", "submitter_id", "created_datetime", "updated_datetime"];
                self.needs(&properties, &["submitter_id", "type"]);
            }
        }
        if self.node.category.is_file() {
            let required = ["data_category", "data_format", "data_type"];
            let object = ["object_id", "core_metadata_collections"];
            self.needs(&[&required[..], &object[..]].concat(), &required);
        }
    }
}
