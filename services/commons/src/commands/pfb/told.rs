//! Who hears of an export while it is made.

/// Who is told how far an export is.
pub(crate) trait Told: Sync {
    /// What is being done.
    fn stage(&self, what: &str);
    /// A record was written.
    fn record(&self);
    /// Something is not as one may expect.
    fn warn(&self, told: &str);
}
