//! What the service does.

mod aggregate;
mod connect;
mod providers;
mod renew;
mod status;
