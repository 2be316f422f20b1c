//! Limits of what a body may hold.

/// Largest document, in bytes: one row, or one object of a list. As values it may be twenty times as large.
pub const LARGEST_DOCUMENT: usize = 8 << 20;

/// Levels of lists and objects in a body. Documents come back inside answers and transaction logs, a few
/// levels further down, and those must stay readable for parsers that stop at 128.
pub const DEEPEST: usize = 100;

/// Columns of a table. More than any dictionary has: beyond it the table is a mistake or an attack.
pub const MOST_COLUMNS: usize = 20_000;

/// Longest header, in bytes of its names: every document carries the names of its columns, and so does every
/// message about one.
pub const LONGEST_HEADER: usize = 256 << 10;

/// Largest cell, in bytes.
pub const LARGEST_CELL: usize = 8 << 20;

/// Targets that a record may have in one link column: each becomes an object.
pub const MOST_TARGETS: usize = 100_000;

/// Longest name of a link column, in bytes: each target carries a part of it.
pub const LONGEST_LINK: usize = 1_000;
