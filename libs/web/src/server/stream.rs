//! A connection that does not wait for ever for its client.

use std::{
    cell::Cell,
    io,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep_until},
};
use tokio_rustls::server::TlsStream;

use super::{
    long_address::LongAddress,
    pace::{Pace, Patience},
    seats::{Full, Seat},
    stopping::Stops,
};

/// What is still on its way of a body that nobody wants is read, so that the client reads the answer and no
/// reset, until nothing of it has come for so long.
const SILENCE: Duration = Duration::from_secs(1);

/// What happens on a connection: the HTTP side notes it, the stream below looks at it.
#[derive(Debug)]
pub(super) struct Activity {
    requests: Cell<usize>,
    idle_since: Cell<Instant>,
    /// How long nothing may come, if what the client sent was not read to its end.
    left_unread: Cell<Option<Duration>>,
    /// When something came of that.
    moved_at: Cell<Instant>,
}

/// A request that is being read, worked on, or answered.
#[derive(Debug)]
pub(super) struct Busy(Rc<Activity>);

impl Activity {
    fn new() -> Rc<Self> {
        let now = || Cell::new(Instant::now());
        Rc::new(Self {
            requests: Cell::new(0),
            idle_since: now(),
            left_unread: Cell::new(None),
            moved_at: now(),
        })
    }

    /// The connection has a request until what this returns is dropped.
    pub(super) fn begin(self: &Rc<Self>) -> Busy {
        self.requests.set(self.requests.get() + 1);
        self.left_unread.set(None);
        Busy(self.clone())
    }

    /// The body of the request will not be read any further.
    pub(super) fn leave_unread(&self) {
        self.left_unread.set(Some(SILENCE));
    }

    /// What comes after the request is of another protocol, whose end is that of the connection.
    pub(super) fn upgrade(&self) {
        self.left_unread.set(Some(Duration::ZERO));
    }

    /// Bytes have come. Whether that is too late: what is left unread has come for `limit`.
    fn moved(&self, limit: Duration) -> bool {
        let is_left = self.left_unread.get().is_some();
        if is_left {
            self.moved_at.set(Instant::now());
        }
        is_left && self.idle() >= limit
    }

    /// How long it may still be without a request, if `limit` is what it may be in all: what is left unread
    /// comes without a break, and not for ever.
    fn left(&self, limit: Duration) -> Duration {
        let whole = limit.saturating_sub(self.idle());
        let silent = self.moved_at.get().max(self.idle_since.get()).elapsed();
        let unread = self.left_unread.get().filter(|_| !self.has_request());
        unread.map_or(whole, |silence| whole.min(silence.saturating_sub(silent)))
    }

    /// Whether it has a request now.
    fn has_request(&self) -> bool {
        self.requests.get() > 0
    }

    /// How long no request has been there.
    fn idle(&self) -> Duration {
        if self.requests.get() > 0 { Duration::ZERO } else { self.idle_since.get().elapsed() }
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.requests.set(self.0.requests.get().saturating_sub(1));
        self.0.idle_since.set(Instant::now());
    }
}

/// A TCP connection that gives up a client which takes no bytes of its answer, and one without a request.
///
/// The HTTP library has a time limit for the first request head of a connection only, and none for answers.
/// What it goes on reading after an answer, it would also read when the server stops.
pub(super) struct Guarded {
    stream: TcpStream,
    activity: Rc<Activity>,
    idle_limit: Duration,
    idle: Option<Pin<Box<Sleep>>>,
    stopping: Pin<Box<dyn Future<Output = ()>>>,
    reader: Patience,
    stalled: Option<Pin<Box<Sleep>>>,
    _seat: Seat,
    reserved: Option<Full>,
}

impl Guarded {
    pub(super) fn new(
        stream: TcpStream,
        seat: Seat,
        idle_limit: Duration,
        pace: Pace,
        stops: &Stops,
    ) -> Self {
        Self {
            stream,
            activity: Activity::new(),
            idle_limit,
            idle: None,
            stopping: Box::pin(stops.clone().come()),
            reader: Patience::new(pace.for_readers()),
            stalled: None,
            _seat: seat,
            reserved: None,
        }
    }

    /// In a seat that is kept for probes, because of this.
    pub(super) fn reserved(self, full: Full) -> Self {
        Self { reserved: Some(full), ..self }
    }

    /// Whether the connection has been without a request for too long, which is any time when the server
    /// stops. Looks again when the time has come.
    fn poll_idle(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.activity.has_request() && self.stopping.as_mut().poll(context).is_ready() {
            return Poll::Ready(());
        }
        let due = (Instant::now() + self.activity.left(self.idle_limit)).into();
        let idle = self.idle.get_or_insert_with(|| Box::pin(sleep_until(due)));
        if due < idle.deadline() {
            idle.as_mut().reset(due);
        }
        while idle.as_mut().poll(context).is_ready() {
            let left = self.activity.left(self.idle_limit);
            if left.is_zero() {
                return Poll::Ready(());
            }
            idle.as_mut().reset((Instant::now() + left).into());
        }
        Poll::Pending
    }
}

impl AsyncRead for Guarded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(done) => {
                if self.activity.moved(self.idle_limit) {
                    return Poll::Ready(Err(too_slow("the client sends on and on")));
                }
                Poll::Ready(done)
            }
            Poll::Pending => self.poll_idle(context).map(|()| Err(too_slow("the client sends nothing"))),
        }
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        match Pin::new(&mut this.stream).poll_write(context, bytes) {
            Poll::Ready(Ok(written)) => {
                this.reader.moved(written);
                Poll::Ready(Ok(written))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                let deadline = this.reader.waits(Instant::now()).into();
                let stalled = this.stalled.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                if stalled.deadline() != deadline {
                    stalled.as_mut().reset(deadline);
                }
                stalled.as_mut().poll(context).map(|()| Err(too_slow("the client takes nothing")))
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

fn too_slow(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, what)
}

/// What carries the bytes of a connection.
pub(super) enum Transport {
    Plain(Guarded),
    Tls(Box<TlsStream<Guarded>>),
}

/// A connection as the HTTP library sees it.
pub(super) struct Connection {
    transport: Transport,
    address: LongAddress,
}

impl From<Transport> for Connection {
    fn from(transport: Transport) -> Self {
        Self { transport, address: LongAddress::default() }
    }
}

impl Connection {
    pub(super) fn activity(&self) -> &Rc<Activity> {
        self.transport.activity()
    }

    /// Why only probes are answered here, if so.
    pub(super) fn reserved(&self) -> Option<Full> {
        self.transport.guarded().reserved
    }
}

impl Transport {
    fn activity(&self) -> &Rc<Activity> {
        &self.guarded().activity
    }

    fn guarded(&self) -> &Guarded {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let done = Pin::new(&mut this.transport).poll_read(context, buffer);
        let is_known = this.transport.activity().has_request();
        this.address.read(&buffer.filled()[before..], is_known);
        done
    }
}

impl AsyncWrite for Connection {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let is_known = this.transport.activity().has_request();
        let stream = Pin::new(&mut this.transport);
        match this.address.poll_write(stream, context, bytes, is_known) {
            Some(done) => done,
            None => Pin::new(&mut this.transport).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(context)
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
