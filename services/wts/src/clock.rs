//! The time.

/// Seconds since 1970.
pub(crate) fn now() -> i64 {
    chrono::Utc::now().timestamp()
}
