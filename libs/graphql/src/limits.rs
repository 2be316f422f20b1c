//! How large a query may be.

/// How large a query may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Levels of selections within selections, and of lists within lists.
    pub depth: usize,
    /// Selected fields; those of a fragment count wherever it is used.
    pub fields: usize,
    /// Problems that are reported before validation gives up.
    pub errors: usize,
    /// Bytes of all arguments together; a variable's value counts wherever it is used.
    pub arguments: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 50, fields: 20_000, errors: 100, arguments: 16 << 20 }
    }
}
