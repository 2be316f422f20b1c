//! The log of submissions: `transaction_logs`, `transaction_snapshots`, `transaction_documents`.

mod documents;
mod log;

pub use documents::{
    Document, add_document, add_large_document, add_text, begin_progress, end_progress, set_progress,
};
pub(crate) use log::insert;
pub use log::{
    Log, NewLog, Role, Snapshot, State, TransactionId, add_snapshots, canonical, close, finish, lock, open,
    set_committed_by, snapshot_ids,
};
