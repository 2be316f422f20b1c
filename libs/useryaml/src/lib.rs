//! The user.yaml of a commons: its users and what they may do.
//!
//! [`UserYaml::parse`] reads the whole file and checks it before anything is written anywhere. It reports
//! every problem, not only the first one, with its line and column, its place in the file and what to do
//! about it.
//!
//! The file is YAML 1.1 (so JSON is fine, too), as the Python services read it. Where a string is wanted, a
//! word that only YAML 1.1 takes for a boolean or a number (`on`, `010`, `1:30`) is accepted as it is
//! written.

mod model;
mod names;
mod path;
mod problem;
mod read;
mod report;
mod validate;

use yaml::{Budget, Content, Document, Node};

pub use model::{Authz, Client, Group, Permission, Policy, Project, Resource, Role, User, UserYaml};
pub use problem::Problem;
pub use yaml::Position;

use crate::report::Report;

/// Largest file that is read, in bytes.
const MAX_BYTES: usize = 64 * 1024 * 1024;
/// Values of the largest file, aliases counted as often as they are used.
const MAX_VALUES: usize = 10_000_000;

impl UserYaml {
    /// Reads and checks a user.yaml.
    ///
    /// # Errors
    /// All problems of the file: with its form or, if there are none, with its content.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        let document = document(text).map_err(|problem| vec![problem])?;
        if says_nothing(&document.root) {
            let message = "the file says nothing, so everybody would lose all rights".to_owned();
            return Err(vec![Problem::of_file(None, message, "write users and their rights into it")]);
        }
        let mut report = Report::new(&document);
        let mut file = read::user_yaml(&document.root, &mut report);
        if report.problems.is_empty() {
            validate::check(&file, &mut report);
        }
        if !report.problems.is_empty() {
            return Err(report.problems);
        }
        file.warnings = report.warnings;
        Ok(file)
    }
}

/// An interrupted download or a mount that failed leaves an empty file.
fn says_nothing(root: &Node) -> bool {
    root.is_null() || matches!(&root.content, Content::Mapping(mapping) if mapping.iter().next().is_none())
}

fn document(text: &str) -> Result<Document, Problem> {
    if text.len() > MAX_BYTES {
        let message = format!("the file is larger than {} MiB", MAX_BYTES / 1024 / 1024);
        return Err(Problem::of_file(None, message, "split the users into groups"));
    }
    yaml::read(text, &mut Budget::new(MAX_VALUES)).map_err(Problem::of_yaml)
}
