//! Node and edge tables as psqlgraph 3.1 and gen3datamodel 3.2 lay them out: names, DDL, bulk writes, history.
//!
//! The tables are shared with programs that we do not write (ETL, release tools, operators' SQL), so every
//! name, column and history row here is part of an interface. What each looks like is told in the modules.

pub mod ids;
pub mod names;
