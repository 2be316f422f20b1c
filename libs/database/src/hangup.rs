//! Hanging up on a server that has vanished without a word.
//!
//! A cut cable, a router that has forgotten its connections and a machine that stands still tell nobody:
//! who waits for an answer then waits for ever. sqlx sets no time limits on its sockets and lends them to
//! nobody. They are therefore found among the open files of the process, by the address of the other side,
//! and shut down. Whoever waits for one of them, with or without a pool, gets an error at once.

use std::{collections::BTreeSet, net::IpAddr, os::fd::RawFd, path::Path};

use nix::sys::socket::{Shutdown, SockaddrStorage, getpeername, shutdown};
use sqlx::postgres::PgConnectOptions;

/// Lists the open files of the process.
const OPEN_FILES: &str = "/dev/fd";

/// The addresses that one server has had.
#[derive(Debug, Clone, Default)]
pub(crate) struct Peer {
    addresses: BTreeSet<(IpAddr, u16)>,
    /// Of a server on this machine. Which folder it is in is left out: the server may have named it
    /// otherwise.
    socket: Option<String>,
}

impl Peer {
    /// Notes where `options` lead now. A name may lead elsewhere later, and connections to where it led
    /// before remain.
    pub(crate) async fn learn(&mut self, options: &PgConnectOptions) {
        let (host, port) = (options.get_host(), options.get_port());
        if options.get_socket().is_some() || host.starts_with('/') {
            self.socket = Some(format!(".s.PGSQL.{port}"));
        } else if let Ok(found) = tokio::net::lookup_host((host, port)).await {
            self.addresses.extend(found.map(|address| (address.ip(), address.port())));
        }
    }

    fn is(&self, other: &SockaddrStorage) -> bool {
        let address = match (other.as_sockaddr_in(), other.as_sockaddr_in6()) {
            (Some(address), _) => Some((IpAddr::V4(address.ip()), address.port())),
            (_, Some(address)) => Some((IpAddr::V6(address.ip()), address.port())),
            _ => None,
        };
        let file = other.as_unix_addr().and_then(|address| address.path()).and_then(Path::file_name);
        address.is_some_and(|address| self.addresses.contains(&address))
            || file.is_some_and(|file| self.socket.as_deref().is_some_and(|socket| file == socket))
    }

    /// Shuts all connections to the server down, and returns how many there were. Reads the table of open
    /// files, which takes about a millisecond for each thousand of them.
    ///
    /// A file that is closed and opened anew between the two looks at it would be shut down in the place of
    /// the old one. That takes microseconds of an outage, and costs a connection that its owner makes again.
    pub(crate) fn hang_up(&self) -> usize {
        let Ok(files) = std::fs::read_dir(OPEN_FILES) else { return 0 };
        files
            .filter_map(|file| file.ok()?.file_name().to_str()?.parse::<RawFd>().ok())
            .filter(|&file| getpeername::<SockaddrStorage>(file).is_ok_and(|other| self.is(&other)))
            .filter(|&file| shutdown(file, Shutdown::Both).is_ok())
            .count()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Read as _,
        net::{TcpListener, TcpStream},
        os::unix::net::{UnixListener, UnixStream},
        time::Duration,
    };

    use super::*;

    /// A read ends at once where it would have waited.
    fn has_ended(mut stream: impl std::io::Read) -> bool {
        matches!(stream.read(&mut [0]), Ok(0))
    }

    #[tokio::test]
    async fn connections_to_the_server_end_and_others_stay() {
        let [server, other] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let port = |listener: &TcpListener| listener.local_addr().unwrap().port();
        let [one, two] = [&server, &server].map(|to| TcpStream::connect(to.local_addr().unwrap()).unwrap());
        let mut away = TcpStream::connect(other.local_addr().unwrap()).unwrap();
        away.set_read_timeout(Some(Duration::from_millis(50))).unwrap();

        let mut peer = Peer::default();
        assert_eq!(peer.hang_up(), 0);
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(port(&server));
        peer.learn(&options).await;
        assert_eq!(peer.hang_up(), 2);
        assert!(has_ended(one) && has_ended(two));
        assert!(away.read(&mut [0]).is_err(), "it waits");
    }

    #[tokio::test]
    async fn a_server_behind_a_file_of_this_machine_is_hung_up_on_too() {
        let folder = tempfile::tempdir().unwrap();
        let [server, other] =
            [1, 2].map(|port| UnixListener::bind(folder.path().join(format!(".s.PGSQL.{port}"))).unwrap());
        let to = |listener: &UnixListener| {
            UnixStream::connect(listener.local_addr().unwrap().as_pathname().unwrap()).unwrap()
        };
        let (one, mut away) = (to(&server), to(&other));
        away.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let mut peer = Peer::default();
        peer.learn(&PgConnectOptions::new_without_pgpass().socket(folder.path()).port(1)).await;
        assert_eq!(peer.hang_up(), 1);
        assert!(has_ended(one));
        assert!(away.read(&mut [0]).is_err(), "it waits");
    }
}
