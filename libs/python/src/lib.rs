//! Values written as Python prints them, for messages and stored texts that people and programs know from
//! Python services.

mod dumps;
mod repr;
mod time;

pub use dumps::{dumps, sorted};
pub use repr::{repr, repr_list, repr_text, str, tuple, type_name};
pub use time::{isoformat, isoformat_utc};
