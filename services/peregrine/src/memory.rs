//! What queries hold counts in the budget of the process.

use std::time::Duration;

use resources::{Budget, Exhausted, Held};

use crate::config::Windows;

/// How long a query waits for memory.
const PATIENCE: Duration = Duration::from_secs(15);
/// What a request takes beside its text, and how many bytes a byte of the text takes: parsed, with its
/// arguments, and as statements.
const REQUEST: usize = 32 << 10;
const BYTE_OF_TEXT: usize = 16;
/// What a query that looks at few rows holds of its answer.
const SMALL_ANSWER: usize = 1 << 20;
/// What an answer that is read slowly holds beside what it began with.
const WAITING: usize = 1 << 20;

/// Takes memory for queries.
pub(crate) struct Memory<'m>(pub(crate) &'m Budget);

impl Memory<'_> {
    /// For a request with this many bytes of text.
    pub(crate) async fn for_request(&self, text: usize) -> Result<Held, Exhausted> {
        self.take(REQUEST.saturating_add(text.saturating_mul(BYTE_OF_TEXT))).await
    }

    /// For the making of an answer: a window of a list with what is below it, and what is held back.
    pub(crate) async fn for_work(&self, is_small: bool, windows: &Windows) -> Result<Held, Exhausted> {
        let large = windows.bytes.saturating_add(windows.held_back.saturating_mul(2));
        self.take(if is_small { SMALL_ANSWER.min(large) } else { large }).await
    }

    /// For an answer that is there, until it is sent.
    pub(crate) async fn for_answer(&self, bytes: usize) -> Result<Held, Exhausted> {
        self.take(bytes).await
    }

    /// For an answer of which more is to come than `begun`.
    pub(crate) async fn for_begun(&self, begun: usize) -> Result<Held, Exhausted> {
        self.take(begun.saturating_add(WAITING)).await
    }

    async fn take(&self, bytes: usize) -> Result<Held, Exhausted> {
        self.0.take(bytes as u64, PATIENCE).await
    }
}
