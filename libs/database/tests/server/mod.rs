//! The server that each of these tests has for itself.

use std::path::Path;

use postgres::{Durability, Options};

/// A server in `folder` that only its socket leads to, and that need not survive.
pub(crate) fn options(folder: &Path) -> Options {
    Options {
        data: folder.join("postgres"),
        log: folder.join("postgres.log"),
        port: None,
        loopback: false,
        password: "secret".into(),
        durability: Durability::None,
        remove_afterwards: None,
        max_connections: 20,
    }
}
