//! The embedded engine from outside: it answers as the naive engine does, and keeps what it has taken.

mod conforms;
mod durable;
mod equal;
mod limits;
