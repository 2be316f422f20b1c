//! Telling how far a load is.

/// Is told how far a load is.
pub trait Progress: Sync {
    /// The number of steps: one for each record and each file.
    fn total(&self, steps: u64);
    /// This many more steps are done.
    fn advance(&self, steps: u64);
    /// What is being done now.
    fn message(&self, text: &str);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

impl Progress for Silent {
    fn total(&self, _: u64) {}
    fn advance(&self, _: u64) {}
    fn message(&self, _: &str) {}
}
