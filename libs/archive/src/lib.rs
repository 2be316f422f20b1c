//! The archive of a commons: files whose bytes are copied to a colder place, read back there, and brought
//! back when somebody asks for them.
//!
//! [`kinds`] are operations (`libs/workqueue`) over sets of files: `archive`, `retrieve`, `verify`, and
//! `archive-due`, which deletes what is over. What is in the archive stands in a catalogue beside the runs;
//! the records of the index show it, and are not believed: users can change them. A source goes only when its
//! copy has been read in full, again, and after its record has let go of it. Every step can be killed, and a
//! run that is begun again ends it.
//!
//! Pure: `config` (tiers), `order` (parameters), `block` (tar files), `digests`, `facts` (what records say).
//! `docs/archive.md` is the guide, `docs/decisions/archive.md` says why it is so.

mod archive;
mod back;
mod block;
mod catalogue;
mod config;
mod counts;
mod dataset;
mod depot;
mod digests;
mod due;
mod facts;
mod fault;
mod into;
mod kinds;
mod moving;
mod order;
mod packed;
mod plan;
mod rights;
mod round;
mod select;
mod store;
mod verify;

pub use archive::{Archive, Parts, Total};
pub use config::{ConfigError, Mode, Tier, TierConfig, Tiers, TiersConfig};
pub use depot::{Depot, Disk};
pub use kinds::{ARCHIVE, DUE, HASH_CPU, LIMITS, LTS_READ, LTS_WRITE, RETRIEVE, VERIFY, kinds};
pub use order::{DeleteSource, Selector};
pub use plan::{Planned, Task, Unplanned};
pub use rights::Asker;
pub use store::{items::Row, migrate};
