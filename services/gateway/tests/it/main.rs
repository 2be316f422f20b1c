//! The gateway over HTTP, with services in this process and elsewhere: each case runs in both forms.

mod edge;
mod front;
mod rows;
