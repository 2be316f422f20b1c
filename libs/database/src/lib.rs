//! Connections to a PostgreSQL server that may be slow, may go away, and is used by others too.
//!
//! All connections of the program are made here, so that all have the same limits: [`pool`] for requests,
//! [`connect`] for a connection of one's own. Nobody waits for ever for a lock, a peer that has vanished
//! loses its locks within a minute or so, while the server is away requests are refused at once, and nobody
//! waits for one that has vanished without a word ([`look_after`]). What many requests look up at the same
//! time is asked in one statement ([`Gathered`]).

mod adopted;
mod gathered;
mod hangup;
mod lookout;
mod pool;
mod probe;
mod session;

pub use adopted::{AdoptError, Adopted};
pub use gathered::{Gathered, Lookup, LookupError};
pub use lookout::{Lookout, look_after};
pub use pool::pool;
pub use probe::{promptly, ready};
pub use session::{Work, connect};
