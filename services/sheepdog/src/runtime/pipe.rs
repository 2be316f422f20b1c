//! What is sent to a reader who may be slow: the first chunks wait in memory, later ones in a file, so that
//! the sender does not have to hold what it reads from, such as a database connection, for as long as the
//! reader takes.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::{
    sync::{Notify, mpsc},
    time::timeout,
};

use super::spool::{Place, Spool, Writer};
use crate::Error;

/// Chunks that wait in memory.
const IN_MEMORY: usize = 8;
/// Bytes that wait in a file. Beyond them the sender waits.
const MOST_WAITING: u64 = 4 << 30;
/// A reader who takes nothing for this long, while the sender waits, has gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes that are read from the file at once.
const PIECE: usize = 256 << 10;

/// The reader has gone, or is too slow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gone;

/// Where chunks go in.
pub(crate) struct Sender {
    /// As long as nothing is in the file.
    memory: Option<mpsc::Sender<Bytes>>,
    file: Writer,
    place: Place,
    most_waiting: u64,
    shared: Arc<Shared>,
}

/// Where chunks come out.
pub(crate) struct Receiver {
    memory: mpsc::Receiver<Bytes>,
    shared: Arc<Shared>,
    /// The round, and how far its file was read.
    at: (usize, u64),
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// There is more to read.
    filled: Notify,
    /// Something was read.
    read: Notify,
}

#[derive(Default)]
struct State {
    /// The file is begun anew in each round.
    round: usize,
    file: Option<Spool>,
    taken: u64,
    end: Option<Result<(), Error>>,
    /// Nobody sends any more.
    is_over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pipe, with its file at `place` if it needs one.
pub(crate) fn pipe(place: Place) -> (Sender, Receiver) {
    limited(place, MOST_WAITING)
}

fn limited(place: Place, most_waiting: u64) -> (Sender, Receiver) {
    let (sender, receiver) = mpsc::channel(IN_MEMORY);
    let (shared, place) = (Arc::new(Shared::default()), Place { memory: 0, ..place });
    let file = Writer::new(place.clone());
    let sender = Sender { memory: Some(sender), file, place, most_waiting, shared: shared.clone() };
    (sender, Receiver { memory: receiver, shared, at: (0, 0) })
}

impl Sender {
    /// Sends a chunk; it waits for the reader only when very much waits already.
    ///
    /// # Errors
    /// [`Error`] when the file fails.
    pub(crate) async fn send(&mut self, chunk: Bytes) -> Result<Result<(), Gone>, Error> {
        let chunk = match &self.memory {
            None => chunk,
            Some(memory) => match memory.try_send(chunk) {
                Ok(()) => return Ok(Ok(())),
                Err(mpsc::error::TrySendError::Closed(_)) => return Ok(Err(Gone)),
                Err(mpsc::error::TrySendError::Full(chunk)) => {
                    self.memory = None;
                    chunk
                }
            },
        };
        if self.has_gone() || self.make_room().await.is_err() {
            return Ok(Err(Gone));
        }
        self.file.push(&chunk);
        self.show().await?;
        Ok(Ok(()))
    }

    /// Ends the pipe, with an error if the reader is to get one.
    pub(crate) fn end(self, end: Result<(), Error>) {
        self.shared.state().end = Some(end);
    }

    fn has_gone(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }

    async fn show(&mut self) -> io::Result<()> {
        self.file.relieve().await?;
        let file = self.file.share().await?;
        self.shared.state().file = Some(file);
        self.shared.filled.notify_one();
        Ok(())
    }

    /// Waits until everything was read, when the file is full, and begins it anew.
    async fn make_room(&mut self) -> Result<(), Gone> {
        let waiting = || {
            let state = self.shared.state();
            let length = state.file.as_ref().map_or(0, Spool::len);
            (length, state.taken)
        };
        if waiting().0 < self.most_waiting {
            return Ok(());
        }
        loop {
            let (length, taken) = waiting();
            if taken >= length {
                break;
            }
            timeout(PATIENCE, self.shared.read.notified()).await.map_err(|_| Gone)?;
        }
        let mut state = self.shared.state();
        (state.round, state.file, state.taken) = (state.round + 1, None, 0);
        drop(state);
        self.file = Writer::new(self.place.clone());
        Ok(())
    }
}

impl Receiver {
    /// The next chunk. `None` is the end.
    ///
    /// # Errors
    /// That of the sender, or of the file.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Error> {
        if let Some(chunk) = self.memory.recv().await {
            return Ok(Some(chunk));
        }
        loop {
            if let Some(file) = self.unread() {
                let piece = file.piece(self.at.1, PIECE).await?;
                self.at.1 += piece.len() as u64;
                self.shared.state().taken = self.at.1;
                self.shared.read.notify_one();
                return Ok(Some(piece));
            }
            if let Some(end) = self.end() {
                return end.map(|()| None);
            }
            // A notice that comes before this is kept.
            self.shared.filled.notified().await;
        }
    }

    fn unread(&mut self) -> Option<Spool> {
        let state = self.shared.state();
        if state.round != self.at.0 {
            self.at = (state.round, 0);
        }
        let at = self.at.1;
        state.file.clone().filter(|file| at < file.len())
    }

    /// How the sender ended; one that says nothing has panicked.
    fn end(&self) -> Option<Result<(), Error>> {
        let mut state = self.shared.state();
        let lost = || Err(Error::internal("sending an answer", "the work ended without a word"));
        state.end.take().or_else(|| state.is_over.then(lost))
    }

    /// All chunks; after the end it is not asked again.
    pub(crate) fn stream(self) -> impl Stream<Item = Result<Bytes, Error>> {
        stream::try_unfold(self, |mut receiver| async move {
            Ok(receiver.next().await?.map(|chunk| (chunk, receiver)))
        })
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.shared.state().is_over = true;
        self.shared.filled.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    const CHUNK: usize = 1000;

    fn place() -> Place {
        Place::default()
    }

    fn chunk(number: usize) -> Bytes {
        vec![u8::try_from(number % 251).unwrap(); CHUNK].into()
    }

    async fn fill(mut sender: Sender, count: usize) {
        for number in 0..count {
            assert_eq!(sender.send(chunk(number)).await.unwrap(), Ok(()));
        }
        sender.end(Ok(()));
    }

    fn expected(count: usize) -> Vec<u8> {
        (0..count).flat_map(chunk).collect()
    }

    async fn all(receiver: Receiver) -> Vec<u8> {
        let chunks: Vec<Bytes> = receiver.stream().try_collect().await.unwrap();
        chunks.concat()
    }

    #[tokio::test]
    async fn a_sender_does_not_wait_for_a_reader_who_comes_later() {
        for count in [0, 1, IN_MEMORY, IN_MEMORY + 1, 500] {
            let (sender, receiver) = pipe(place());
            fill(sender, count).await;
            assert_eq!(all(receiver).await, expected(count), "{count}");
        }
    }

    #[tokio::test]
    async fn more_than_may_wait_is_sent_in_rounds() {
        let (sender, receiver) = limited(place(), 10 * CHUNK as u64);
        let sending = tokio::spawn(fill(sender, 300));
        assert_eq!(all(receiver).await, expected(300));
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn the_reader_hears_of_a_failure_after_everything_before_it() {
        let (mut sender, mut receiver) = pipe(place());
        assert_eq!(sender.send(chunk(0)).await.unwrap(), Ok(()));
        sender.end(Err(Error::BadRequest("no".to_owned())));
        assert_eq!(receiver.next().await.unwrap(), Some(chunk(0)));
        assert_eq!(receiver.next().await.unwrap_err().to_string(), "no");
    }

    #[tokio::test]
    async fn each_hears_that_the_other_has_gone() {
        let (mut sender, receiver) = pipe(place());
        drop(receiver);
        assert_eq!(sender.send(chunk(0)).await.unwrap(), Err(Gone));
        let (mut sender, mut receiver) = pipe(place());
        for number in 0..20 {
            assert_eq!(sender.send(chunk(number)).await.unwrap(), Ok(()));
        }
        let reading = tokio::spawn(async move {
            while receiver.next().await?.is_some() {}
            Ok::<(), Error>(())
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(sender);
        let read = timeout(Duration::from_secs(10), reading).await.unwrap().unwrap();
        assert!(read.is_err());
    }
}
