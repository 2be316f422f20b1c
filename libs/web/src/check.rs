//! What a service needs before it can serve.

/// One thing that a service needs, and whether it has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What it is, always the same word.
    pub name: String,
    /// `Ok`, or what is wrong, without a secret: anybody who reaches the port may read it.
    pub state: Result<(), String>,
}

impl Check {
    /// The thing of this name, which is in this state.
    pub fn new(name: impl Into<String>, state: Result<(), String>) -> Self {
        Self { name: name.into(), state }
    }
}
