//! New connections: a seat for each, or a short answer.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    sync::Semaphore,
};
use tokio_rustls::TlsAcceptor;

use super::{
    limits::Limits,
    seats::{Full, Seat, Seats},
    stopping::Stops,
    stream::{Connection, Guarded, Transport},
    tls,
};

/// A client must finish its TLS handshake within this time.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// A connection that was refused stays open so long, for its client to read why.
const PARTING: Duration = Duration::from_secs(1);
/// At most this many refused connections of a thread are open that long.
const PARTINGS: usize = 32;
/// The others.
const HURRIED: Duration = Duration::from_millis(20);

/// The door of a server: each of its threads has one.
#[derive(Clone)]
pub(super) struct Door {
    seats: Arc<Seats>,
    reserve: Arc<Seats>,
    limits: Arc<Limits>,
    tls: Option<TlsAcceptor>,
    stops: Stops,
    partings: Arc<Semaphore>,
}

impl Door {
    /// With its seats, and those that are kept for probes.
    pub(super) fn new(
        (seats, reserve): (Arc<Seats>, Arc<Seats>),
        limits: Arc<Limits>,
        tls: Option<TlsAcceptor>,
        stops: Stops,
    ) -> Self {
        Self { seats, reserve, limits, tls, stops, partings: Arc::new(Semaphore::new(PARTINGS)) }
    }

    /// Lets a connection in.
    ///
    /// # Errors
    /// When there is no seat for it, or its TLS handshake fails.
    pub(super) async fn enter(self, stream: TcpStream) -> io::Result<(Connection, Option<SocketAddr>)> {
        let peer = stream.peer_addr().ok();
        // The end of an answer is short: the system would hold it back until the client has acknowledged
        // what came before, which may take it 40 ms (RFC 896 with RFC 1122 §4.2.3.2). Without the option the
        // answer is late and nothing else, and a connection that has gone is found when it is read.
        let _ = stream.set_nodelay(true);
        let address = peer.map(|peer| peer.ip());
        let (seat, reserved) = match self.seat(address) {
            Ok(seat) => (seat, None),
            Err(full) => match self.reserve.take(address) {
                Ok(seat) if self.tls.is_some() || asks_a_probe(&stream).await => (seat, Some(full)),
                _ => {
                    self.part(stream, Refused::Full(full));
                    return Err(io::Error::other("no seat"));
                }
            },
        };
        let is_plain = self.tls.is_some() && !begins_tls(&stream).await?;
        if is_plain && !peer.is_some_and(|peer| peer.ip().to_canonical().is_loopback()) {
            self.part(stream, Refused::NotTls);
            return Err(io::Error::other("no TLS"));
        }
        let stream = match reserved {
            Some(full) => Guarded::new(stream, seat, PARTING, self.limits.pace, &self.stops).reserved(full),
            None => Guarded::new(stream, seat, self.limits.head, self.limits.pace, &self.stops),
        };
        // Nobody listens in on this machine, and its programs need not trust the certificate.
        let Some(tls) = self.tls.filter(|_| !is_plain) else {
            return Ok((Transport::Plain(stream).into(), peer));
        };
        let handshake = tokio::time::timeout(HANDSHAKE, tls.accept(stream)).await;
        let stream = handshake.unwrap_or_else(|_| Err(tls::no_handshake()))?;
        Ok((Transport::Tls(Box::new(stream)).into(), peer))
    }

    fn seat(&self, peer: Option<IpAddr>) -> Result<Seat, Full> {
        self.seats.take(peer.filter(|peer| !self.limits.trusts(*peer)))
    }

    /// Says why, as far as that is possible: nothing can be said before a TLS handshake.
    fn part(&self, mut stream: TcpStream, refused: Refused) {
        tracing::debug!(reason = ?refused, "a connection was turned away");
        if self.tls.is_some() && refused != Refused::NotTls {
            return;
        }
        let Ok(parting) = self.partings.clone().try_acquire_owned() else {
            actix_web::rt::spawn(hurried(stream, refused));
            return;
        };
        actix_web::rt::spawn(async move {
            let said = async {
                stream.write_all(answer(refused).as_bytes()).await?;
                stream.shutdown().await?;
                // Closing with unread bytes would reset the connection, and the answer with it.
                let mut dropped = [0; 1024];
                while stream.read(&mut dropped).await? > 0 {}
                Ok::<_, io::Error>(())
            };
            // What goes wrong here concerns nobody any more.
            let _ = tokio::time::timeout(PARTING, said).await;
            drop(parting);
        });
    }
}

/// Says why as far as nobody has to be waited for.
async fn hurried(stream: TcpStream, refused: Refused) {
    let ready = async {
        stream.writable().await?;
        stream.readable().await
    };
    let _ = tokio::time::timeout(HURRIED, ready).await;
    // What was read does not reset the connection.
    let _ = stream.try_read(&mut [0; 1024]);
    let _ = stream.try_write(answer(refused).as_bytes());
}

/// Whether what comes first may be a request of a supervisor. Behind TLS that is not to be seen from here.
async fn asks_a_probe(stream: &TcpStream) -> bool {
    const PROBES: [&[u8]; 3] = [b"GET /livez", b"GET /readyz", b"GET /startupz"];
    let mut first = [0; 16];
    let peeked = tokio::time::timeout(PARTING, stream.peek(&mut first)).await;
    let length = peeked.map_or(0, |peeked| peeked.unwrap_or(0));
    PROBES.iter().any(|probe| first[..length].starts_with(probe))
}

/// Why a connection does not come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Refused {
    Full(Full),
    NotTls,
}

/// Whether what comes first is a TLS record of a handshake (RFC 8446 §5.1).
async fn begins_tls(stream: &TcpStream) -> io::Result<bool> {
    let mut first = [0];
    let length =
        tokio::time::timeout(HANDSHAKE, stream.peek(&mut first)).await.map_err(io::Error::other)??;
    Ok(length == 0 || first == [22])
}

/// A whole answer.
fn answer(refused: Refused) -> String {
    let (status, again, text) = match refused {
        Refused::Full(full) => {
            let (status, text) = full.answer();
            (
                if status == 429 { "429 Too Many Requests" } else { "503 Service Unavailable" },
                "Retry-After: 5\r\n",
                text,
            )
        }
        Refused::NotTls => ("400 Bad Request", "", "this port is for https\n"),
    };
    format!(
        "HTTP/1.1 {status}\r\n{again}Connection: close\r\nContent-Type: text/plain\r\n\
         Content-Length: {}\r\n\r\n{text}",
        text.len()
    )
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::{super::stopping::Stop, *};

    #[tokio::test]
    async fn nothing_of_an_answer_is_held_back() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let accepted = listener.accept().await.unwrap().0.into_std().unwrap();
        let same = accepted.try_clone().unwrap();
        assert!(!same.nodelay().unwrap(), "it is not the system's default");
        let limits = Arc::new(Limits::of_front());
        let (_stop, stops) = Stop::new();
        let seats = (Seats::new(&limits), Seats::new(&limits));
        let door = Door::new(seats, limits, None, stops);
        let entered = door.enter(TcpStream::from_std(accepted).unwrap()).await.unwrap();
        assert!(same.nodelay().unwrap());
        drop(entered);
    }
}
