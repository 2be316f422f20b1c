//! Why a query is refused.

/// Why a query is refused, in words for its author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(pub String);

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

/// What is wrong, and at which byte of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// In words for the author of the query.
    pub message: String,
    /// Where, if it has a place.
    pub at: Option<usize>,
}

impl Problem {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }
}

/// In which step a query was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is not GraphQL.
    Parsing,
    /// It does not fit the schema, or is too large.
    Validation,
    /// None of its operations is the wanted one.
    Choice,
    /// The operation is none that the schema has: a mutation or a subscription.
    Kind,
    /// A variable is missing, or does not fit its type.
    Variables,
}

/// A query that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// In which step.
    pub step: Step,
    /// Why; at least one.
    pub problems: Vec<Problem>,
}

impl Refusal {
    pub(crate) fn one(step: Step, problem: Problem) -> Self {
        Self { step, problems: vec![problem] }
    }
}
