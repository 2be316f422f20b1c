//! psqlgraph on a real database.

mod tables;
