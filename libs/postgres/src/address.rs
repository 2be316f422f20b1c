//! Where a server is, and how to get in.
//!
//! The server listens on a socket in its data folder, which only its own account (and root) can enter, and
//! on no TCP port. A port is anybody's while its server does not run: another account of the machine could
//! take it, be asked for the databases in the place of ours, and ask for the password in plain text, which
//! PostgreSQL's protocol allows a server to do.

use std::{
    fs,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
    sync::Arc,
};

use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tempfile::TempDir;

use crate::cluster::SUPERUSER;

/// What the names of sockets begin with.
const SOCKET: &str = ".s.PGSQL.";
/// The longest path of a socket: 104 bytes on some systems, with the zero at the end.
const LONGEST_PATH: usize = 103;
/// The longest number of a socket, and the slash before its name.
const NAME: usize = SOCKET.len() + "/65535".len();

#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// The data folder, or a link to it whose path is shorter.
    folder: PathBuf,
    /// Which socket in the folder.
    pub(crate) number: u16,
    password: String,
    _link: Option<Arc<TempDir>>,
}

impl Address {
    /// Of the server on `data`.
    ///
    /// # Errors
    /// When the folder is not there, or its path is too long and no link to it can be made.
    pub(crate) fn new(data: &Path, number: u16, password: String) -> io::Result<Self> {
        let folder = fs::canonicalize(data)?;
        if folder.as_os_str().as_bytes().len() + NAME <= LONGEST_PATH {
            return Ok(Self { folder, number, password, _link: None });
        }
        // Only its owner can enter it, so that nobody else replaces the link.
        let place = tempfile::Builder::new().prefix("commons-").tempdir()?;
        let link = place.path().join("postgres");
        std::os::unix::fs::symlink(folder, &link)?;
        Ok(Self { folder: link, number, password, _link: Some(Arc::new(place)) })
    }

    pub(crate) fn url(&self, database: &str) -> String {
        let password = url_encoded(self.password.as_bytes());
        let folder = url_encoded(self.folder.as_os_str().as_bytes());
        // The host of a socket is a parameter, as libpq reads it; what stands in its place is never asked.
        format!("postgres://{SUPERUSER}:{password}@localhost:{}/{database}?host={folder}", self.number)
    }

    pub(crate) fn connect_options(&self, database: &str) -> PgConnectOptions {
        PgConnectOptions::new_without_pgpass()
            .socket(&self.folder)
            .port(self.number)
            .username(SUPERUSER)
            .password(&self.password)
            .database(database)
            .ssl_mode(PgSslMode::Disable)
    }
}

/// A number for a socket that a predecessor on the same folder, which may still be stopping, does not have.
pub(crate) fn any_number() -> u16 {
    let random = RandomState::new().build_hasher().finish();
    u16::try_from(10_000 + random % 50_000).expect("it is less than 60,000")
}

/// Removes the sockets of predecessors that were killed. `number` is that of the server that runs now.
pub(crate) fn remove_others(data: &Path, number: u16) {
    let Ok(entries) = fs::read_dir(data) else { return };
    for entry in entries.filter_map(Result::ok) {
        let name = entry.file_name();
        let Some(of) = name.to_str().and_then(|name| name.strip_prefix(SOCKET)) else { continue };
        if of.strip_suffix(".lock").unwrap_or(of) != number.to_string() {
            // It is only clutter.
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Percent-encoding (RFC 3986 §2) of all that is not unreserved.
fn url_encoded(bytes: &[u8]) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let encoded = |&byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    bytes.iter().map(encoded).collect()
}

#[cfg(test)]
mod tests {
    use std::str::FromStr as _;

    use super::*;

    #[test]
    fn a_url_leads_to_the_socket_whatever_is_in_the_names() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data of 100 % & more");
        fs::create_dir(&data).unwrap();
        let address = Address::new(&data, 11_111, "p@ss/word".into()).unwrap();
        let options = PgConnectOptions::from_str(&address.url("graph")).unwrap();
        assert_eq!(options.get_socket(), Some(&fs::canonicalize(&data).unwrap()));
        assert_eq!((options.get_port(), options.get_database()), (11_111, Some("graph")));
        assert_eq!(options.get_username(), "commons");
    }

    #[test]
    fn a_path_that_is_too_long_for_a_socket_is_made_shorter() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("d".repeat(120));
        fs::create_dir(&data).unwrap();
        let address = Address::new(&data, 65_535, "secret".into()).unwrap();
        let options = address.connect_options("graph");
        let socket = options.get_socket().unwrap().clone();
        assert!(socket.as_os_str().len() + NAME <= LONGEST_PATH);
        assert_eq!(fs::canonicalize(&socket).unwrap(), fs::canonicalize(&data).unwrap());
        drop(address);
        assert!(!socket.parent().unwrap().exists());
    }

    #[test]
    fn sockets_of_predecessors_go_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        for name in [".s.PGSQL.1", ".s.PGSQL.1.lock", ".s.PGSQL.2", ".s.PGSQL.2.lock", "PG_VERSION"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        remove_others(folder.path(), 2);
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".s.PGSQL.2", ".s.PGSQL.2.lock", "PG_VERSION"]);
    }
}
