//! The embedded engine from outside: it answers as the naive engine does, and keeps what it has taken.

mod durable;
mod equal;
mod limits;
