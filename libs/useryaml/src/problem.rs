//! What can be wrong with a user.yaml.

use std::fmt;

use yaml::Position;

/// One problem of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands in the text; none if it concerns the file as a whole.
    pub position: Option<Position>,
    /// Where it stands in the file's structure, for example `authz.policies[3].role_ids[0]`; may be empty.
    pub path: String,
    /// What is wrong, with the value that matters.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
}

impl Problem {
    /// A problem that has no path.
    pub(crate) fn of_file(position: Option<Position>, message: String, remedy: &str) -> Self {
        Self { position, path: String::new(), message, remedy: remedy.to_owned() }
    }

    pub(crate) fn of_yaml(error: yaml::Error) -> Self {
        let message = format!("this is not YAML: {}", error.message);
        Self::of_file(Some(error.position), message, "correct the line")
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(position) = self.position {
            write!(f, "{position}: ")?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}
