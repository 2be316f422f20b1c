//! What an operator can set.

/// What an operator can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The longest time in days that one query may look at (`QUERY_TIMEBOX_MAX_DAYS`).
    pub timebox_days: Option<u32>,
    /// Records of a page (`QUERY_PAGE_SIZE`).
    pub page_size: u32,
    /// Whether answers have user names, and queries may ask for them (`QUERY_USERNAMES`).
    pub usernames: bool,
    /// Groups of an answer, and records of a page that is longer because they are of one second.
    pub most_rows: u32,
    /// Largest body of a request, in bytes.
    pub body_limit: usize,
    /// Values that one query may filter by.
    pub most_values: usize,
    /// The version that `/_version` shows.
    pub version: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            timebox_days: None,
            page_size: 1_000,
            usernames: true,
            most_rows: 100_000,
            body_limit: 256 << 10,
            most_values: 1_000,
            version: env!("CARGO_PKG_VERSION").to_owned(),
        }
    }
}
