//! The rules that Gen3's published dictionaries are held to.
//!
//! The services need less (see [`Dictionary::from_files`]): a dictionary that breaks a rule here still loads,
//! but some tool of the ecosystem will fail on it.

mod graph;
mod node;
mod queries;
mod rules;

use indexmap::IndexMap;
use serde_json::Value;

use self::rules::Rules;
use crate::{Dictionary, Problem, Severity, Sources, Validators, builtin, model::NOT_NODES, resolve};

/// All problems of a dictionary's files (unresolved contents by file name, see [`crate::read_files`]), errors
/// first.
pub fn check(files: &IndexMap<String, Value>) -> Vec<Problem> {
    check_sources(&Sources { files: files.clone(), ..Sources::default() })
}

/// The same for files of which some could not be read, in one round.
pub fn check_sources(sources: &Sources) -> Vec<Problem> {
    let files = &sources.files;
    let mut problems = sources.problems.clone();
    let (dictionary, found) = Dictionary::as_far_as_possible(files.clone(), &sources.unread);
    problems.extend(found);
    if let Err(error) = Validators::compile(&dictionary) {
        problems.extend(error.problems().iter().cloned());
    }
    let unused = resolve::problems_of_definitions(&builtin::with_builtins(files.clone()));
    let unused = unused.into_iter().filter(|problem| !problems.contains(problem)).collect::<Vec<_>>();
    problems.extend(unused.into_iter().map(|problem| Problem { severity: Severity::Warning, ..problem }));
    for (file, raw) in files.iter().filter(|(file, _)| !NOT_NODES.contains(&file.as_str())) {
        if let Some(node) = raw.get("id").and_then(Value::as_str).and_then(|id| dictionary.nodes.get(id)) {
            let mut rules = Rules { file, dictionary: &dictionary, node, problems: Vec::new() };
            rules.all();
            problems.append(&mut rules.problems);
        }
    }
    // Where a type is missing, others seem to lead nowhere.
    if problems.iter().all(|problem| problem.severity == Severity::Warning) {
        graph::check(&dictionary, files, &mut problems);
    }
    problems.sort_by_key(|problem| problem.severity);
    problems
}

impl Rules<'_> {
    fn all(&mut self) {
        self.keys();
        self.naming();
        self.links();
        self.properties();
        self.queries();
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
