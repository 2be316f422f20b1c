//! Collects the problems of a file.

use yaml::{Content, Document, Node, Position};

use crate::{path::Path, problem::Problem};

/// What was found in a document so far.
pub(crate) struct Report<'d> {
    root: &'d Node,
    /// The name under which the file has the section `authz`.
    pub(crate) section: &'static str,
    pub(crate) problems: Vec<Problem>,
    pub(crate) warnings: Vec<Problem>,
}

impl<'d> Report<'d> {
    /// A report of what is wrong with the document as YAML, and of the keys that it repeats.
    pub(crate) fn new(document: &'d Document) -> Self {
        let faults = document.faults.iter().map(|fault| Problem::of_yaml(fault.clone()));
        let repeated = document.repeated.iter().map(|repeated| {
            let message = format!(
                "the key `{}` stands here a second time, the first time in line {}",
                repeated.key, repeated.before.line
            );
            Problem::of_file(Some(repeated.position), message, "merge the two or remove one")
        });
        let is_old = matches!(&document.root.content, Content::Mapping(top)
            if is_given(top.get("rbac")) && !is_given(top.get("authz")));
        let section = if is_old { "rbac" } else { "authz" };
        Self {
            root: &document.root,
            section,
            problems: faults.chain(repeated).collect(),
            warnings: Vec::new(),
        }
    }

    /// The line of `path`.
    pub(crate) fn line(&self, path: &Path<'_>) -> usize {
        path.position(self.root).line
    }

    /// Notes a problem at `path`. What `remedy` says of `authz` is said of the section as the file calls it.
    pub(crate) fn problem(&mut self, path: &Path<'_>, message: impl Into<String>, remedy: impl AsRef<str>) {
        self.problem_at(path.position(self.root), path, message, remedy);
    }

    /// Notes a problem of something inside `path` that stands at `position`.
    pub(crate) fn problem_at(
        &mut self,
        position: Position,
        path: &Path<'_>,
        message: impl Into<String>,
        remedy: impl AsRef<str>,
    ) {
        let remedy = remedy.as_ref().replace("`authz.", &format!("`{}.", self.section));
        let (position, path) = (Some(position), path.to_string());
        self.problems.push(Problem { position, path, message: message.into(), remedy });
    }

    /// Notes something odd at `path`.
    pub(crate) fn warning(&mut self, path: &Path<'_>, message: impl Into<String>, remedy: impl Into<String>) {
        let position = Some(path.position(self.root));
        let (message, remedy) = (message.into(), remedy.into());
        self.warnings.push(Problem { position, path: path.to_string(), message, remedy });
    }
}

fn is_given(node: Option<&Node>) -> bool {
    node.is_some_and(|node| !node.is_null())
}
