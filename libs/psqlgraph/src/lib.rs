//! Node and edge tables as psqlgraph 3.1 and gen3datamodel 3.2 lay them out: names, DDL, bulk writes,
//! history.
//!
//! The tables are shared with programs that we do not write (ETL, release tools, operators' SQL), so every
//! name, column and history row here is part of an interface. What each looks like is told in the modules.
//! All functions that write take a connection; the caller begins and commits.

mod catalog;
pub mod ddl;
pub mod ids;
mod migrate;
mod missing;
pub mod names;
pub mod nodes;
pub mod outbox;
mod patience;
pub mod running;
pub mod scan;
pub mod survey;
pub mod transactions;

pub use migrate::{MigrationPlan, MigrationReport, migrate, plan};
pub use missing::missing_tables;
