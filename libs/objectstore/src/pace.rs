//! Transfers that stand still are cut, in both directions: a connection and a file are occupied all the time.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, Sleep, sleep},
};

/// While the other side is waited for this long altogether, [`PROGRESS`] bytes must come or go.
const LIMIT: Duration = Duration::from_secs(45);
/// About 1 KiB/s.
const PROGRESS: usize = 48 * 1024;

/// The other side stands still.
#[derive(Debug, thiserror::Error)]
#[error("{}", Self::TEXT)]
pub(crate) struct Stalled;

impl Stalled {
    /// What it says.
    pub(crate) const TEXT: &'static str = "the transfer makes no progress";
}

/// How long the other side has been waited for, and what it did in that time.
#[derive(Debug)]
struct Pace {
    limit: Duration,
    waited: Duration,
    bytes: usize,
    waiting: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Pace {
    fn new(limit: Duration) -> Self {
        Self { limit, waited: Duration::ZERO, bytes: 0, waiting: None }
    }

    /// The other side lets us wait. Ready when it has done so for too long.
    fn poll_waiting(&mut self, context: &mut Context<'_>) -> Poll<Stalled> {
        let left = self.limit.saturating_sub(self.waited);
        let (_, end) = self.waiting.get_or_insert_with(|| (Instant::now(), Box::pin(sleep(left))));
        end.as_mut().poll(context).map(|()| Stalled)
    }

    /// Bytes have come or gone.
    fn moved(&mut self, bytes: usize) {
        if let Some((since, _)) = self.waiting.take() {
            self.waited += since.elapsed();
        }
        self.bytes += bytes;
        if self.bytes >= PROGRESS {
            self.restart();
        }
    }

    /// All that there was has come or gone: what follows is counted anew.
    fn restart(&mut self) {
        (self.waited, self.bytes, self.waiting) = (Duration::ZERO, 0, None);
    }
}

/// A body that fails with [`Stalled`] when its client stands still.
#[derive(Debug)]
pub(crate) struct PacedBody<B> {
    body: B,
    pace: Pace,
}

impl<B> PacedBody<B> {
    pub(crate) fn new(body: B) -> Self {
        Self { body, pace: Pace::new(LIMIT) }
    }
}

impl<B> Body for PacedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                let bytes =
                    frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()).map_or(0, Bytes::len);
                self.pace.moved(bytes);
                Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)))
            }
            Poll::Pending => {
                let stalled = ready!(self.pace.poll_waiting(context));
                Poll::Ready(Some(Err(io::Error::other(stalled))))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A body that can be read on after somebody else has stopped reading it.
#[derive(Debug)]
pub(crate) struct SharedBody<B>(Arc<Mutex<B>>);

impl<B> Clone for SharedBody<B> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> SharedBody<B> {
    pub(crate) fn new(body: B) -> Self {
        Self(Arc::new(Mutex::new(body)))
    }

    fn body(&self) -> MutexGuard<'_, B> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What can be said of the body by now.
    pub(crate) fn get<T>(&self, of: impl FnOnce(&B) -> T) -> T {
        of(&self.body())
    }

    /// Reads what is left, until it ends, breaks, or nothing comes for so long.
    pub(crate) async fn discard(mut self, silence: Duration) {
        let mut next = |context: &mut Context<'_>| Pin::new(&mut self).poll_frame(context);
        while let Ok(Some(Ok(_))) = tokio::time::timeout(silence, std::future::poll_fn(&mut next)).await {}
    }
}

impl<B: Body<Data = Bytes, Error = io::Error> + Unpin> Body for SharedBody<B> {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        Pin::new(&mut *self.body()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body().size_hint()
    }
}

/// A connection whose writes fail when nobody reads what is written.
#[derive(Debug)]
pub(crate) struct PacedWrites<S> {
    stream: S,
    pace: Pace,
}

impl<S> PacedWrites<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, pace: Pace::new(LIMIT) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PacedWrites<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> PacedWrites<S> {
    fn written(
        &mut self,
        context: &mut Context<'_>,
        outcome: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match outcome {
            Poll::Ready(Ok(bytes)) => {
                self.pace.moved(bytes);
                Poll::Ready(Ok(bytes))
            }
            Poll::Ready(failed) => Poll::Ready(failed),
            Poll::Pending => {
                let stalled = ready!(self.pace.poll_waiting(context));
                Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, stalled)))
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for PacedWrites<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.written(context, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(context, bytes);
        self.written(context, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Called when all that there was has been written.
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(context))?;
        self.pace.restart();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::{StreamExt as _, stream};
    use http_body_util::{BodyExt as _, StreamBody};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    /// What a second of the limits takes here, so that nobody waits for them. (With the stopped clock of
    /// tokio, for which tokio is built otherwise, everything would be compiled once for tests and once for
    /// the program.)
    const SECOND: Duration = Duration::from_millis(25);

    fn pace() -> Pace {
        Pace::new(SECOND * u32::try_from(LIMIT.as_secs()).expect("small"))
    }

    /// A body of which `piece` comes `times` times, after a pause of so many seconds.
    async fn read(piece: usize, seconds: u32, times: usize) -> Result<usize, io::Error> {
        let pieces = stream::repeat(Bytes::from(vec![0; piece])).take(times).then(move |piece| async move {
            sleep(SECOND * seconds).await;
            Ok::<_, io::Error>(Frame::data(piece))
        });
        let body = PacedBody { body: StreamBody::new(Box::pin(pieces)), pace: pace() };
        Ok(body.collect().await?.to_bytes().len())
    }

    #[tokio::test]
    async fn a_body_may_be_slow_but_not_stand_still() {
        // Far from the limits, since a busy machine sleeps longer than it is told to.
        assert_eq!(read(PROGRESS, 10, 6).await.expect("long pauses between much"), 6 * PROGRESS);
        assert_eq!(read(PROGRESS / 4, 1, 60).await.expect("a slow line"), 15 * PROGRESS);
        assert!(read(10, 1, 80).await.is_err(), "next to no progress");
        let error = read(1, 500, 1).await.unwrap_err();
        assert_eq!(error.to_string(), Stalled::TEXT);
    }

    #[tokio::test]
    async fn a_reader_may_be_slow_but_not_stand_still() {
        let sent = async |pause: Option<u32>| {
            let (ours, mut theirs) = tokio::io::duplex(1024);
            let reader = tokio::spawn(async move {
                let mut buffer = vec![0; 64 * 1024];
                loop {
                    match pause {
                        Some(seconds) => sleep(SECOND * seconds).await,
                        None => std::future::pending().await,
                    }
                    if theirs.read(&mut buffer).await.unwrap_or(0) == 0 {
                        return;
                    }
                }
            });
            let mut ours = PacedWrites { pace: pace(), ..PacedWrites::new(ours) };
            let sent = ours.write_all(&vec![0; 1024 * 100]).await;
            reader.abort();
            sent.map_err(|error| error.kind())
        };
        assert_eq!(sent(Some(0)).await, Ok(()));
        assert_eq!(sent(None).await, Err(io::ErrorKind::TimedOut));
        assert_eq!(sent(Some(30)).await, Err(io::ErrorKind::TimedOut), "1 KiB in 30 s");
    }
}
