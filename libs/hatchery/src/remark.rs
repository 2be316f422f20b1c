//! What is said of a file.

use std::fmt;

/// Something that the operator should know of a file that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remark {
    /// Where, such as `containers[0].nextflow`.
    pub place: String,
    /// What about it.
    pub text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.text)
    }
}

/// Why a file is refused: each place with what is wrong there and what helps.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", listed(.0))]
pub struct Refused(pub Vec<Remark>);

fn listed(problems: &[Remark]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}
