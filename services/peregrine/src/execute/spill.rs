//! Between an answer and a client that reads it slowly: what the client has not taken yet waits in memory,
//! and in a file when it is more. The work that makes the answer goes on meanwhile and gives its database
//! connection back.
//!
//! There is only so much room for all answers together. Without room, or where no file can be made, the work
//! waits for its client as if nothing were in between.

use std::{
    collections::VecDeque,
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use actix_web::web::Bytes;
use tokio::{
    sync::mpsc,
    task::spawn_blocking,
    time::{Instant, timeout_at},
};

use super::sink::{AnswerPart, Sent};
use crate::error::Error;

/// Bytes of an answer that wait in memory.
const MEMORY: usize = 1 << 20;
/// Bytes that are read from a file at once.
const CHUNK: u64 = 256 << 10;

/// Room in files for all answers of the service.
#[derive(Debug)]
pub(crate) struct FileRoom {
    left: AtomicU64,
}

impl FileRoom {
    pub(crate) fn new(bytes: u64) -> Self {
        Self { left: AtomicU64::new(bytes) }
    }

    fn has(&self, bytes: u64) -> bool {
        self.left.load(Ordering::Relaxed) >= bytes
    }

    fn take(&self, bytes: u64) -> bool {
        let less = |left: u64| left.checked_sub(bytes);
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    fn give_back(&self, bytes: u64) {
        self.left.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// What arrives, for a reader who need not keep up with it.
pub(super) fn spilled(
    arriving: mpsc::Receiver<Sent>,
    room: Arc<FileRoom>,
    patience: Duration,
) -> mpsc::Receiver<Sent> {
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        if let Err(error) = pass(arriving, &sender, Queue::new(room), patience).await {
            // The reader finds it when it comes back, or has gone.
            let _ = sender.send(Err(error)).await;
        }
    });
    receiver
}

/// Passes on what arrives until its end. An error is given when the reader takes nothing any more, or when
/// what waits for it is lost.
async fn pass(
    mut arriving: mpsc::Receiver<Sent>,
    sender: &mpsc::Sender<Sent>,
    mut queue: Queue,
    patience: Duration,
) -> Result<(), Error> {
    let (mut end, mut taken) = (None, Instant::now());
    loop {
        if queue.is_empty()
            && let Some(end) = end.take()
        {
            // Who does not take it any more has gone.
            let _ = sender.send(end).await;
            return Ok(());
        }
        tokio::select! {
            part = arriving.recv(), if end.is_none() && queue.has_room() => match part {
                Some(Ok(AnswerPart::More(bytes))) => queue.push(bytes).await,
                Some(last) => end = Some(last),
                None => return Ok(()),
            },
            permit = timeout_at(taken + patience, sender.reserve()), if !queue.is_empty() => {
                let Ok(Ok(permit)) = permit else { return Err(Error::ClientGone) };
                let lost = |error| Error::internal("reading what waits for a client", error);
                permit.send(Ok(AnswerPart::More(queue.pop().await.map_err(lost)?)));
                taken = Instant::now();
            },
            () = sender.closed() => return Ok(()),
        }
    }
}

/// What waits: first that in the file, then that in memory.
struct Queue {
    room: Arc<FileRoom>,
    memory: VecDeque<Bytes>,
    in_memory: usize,
    file: Option<Arc<File>>,
    /// No file can be written.
    is_fileless: bool,
    /// Bytes in the file, for which room was taken, and how many of them were read.
    written: u64,
    read: u64,
}

impl Queue {
    fn new(room: Arc<FileRoom>) -> Self {
        let (memory, file) = (VecDeque::new(), None);
        Self { room, memory, in_memory: 0, file, is_fileless: false, written: 0, read: 0 }
    }

    fn is_empty(&self) -> bool {
        self.memory.is_empty() && self.read == self.written
    }

    fn has_room(&self) -> bool {
        self.in_memory < MEMORY || !self.is_fileless && self.room.has(self.in_memory as u64)
    }

    async fn push(&mut self, bytes: Bytes) {
        self.in_memory += bytes.len();
        self.memory.push_back(bytes);
        if self.in_memory < MEMORY || self.is_fileless || !self.room.take(self.in_memory as u64) {
            return;
        }
        let (pieces, file, mut at) = (self.memory.clone(), self.file.clone(), self.written);
        let write = move || {
            let file = file.map_or_else(|| tempfile::tempfile().map(Arc::new), Ok)?;
            for piece in &pieces {
                file.write_all_at(piece, at)?;
                at += piece.len() as u64;
            }
            Ok(file)
        };
        match apart(write).await {
            Ok(file) => {
                self.file = Some(file);
                self.written += self.in_memory as u64;
                self.memory.clear();
                self.in_memory = 0;
            }
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "no file for a slow reader: its query waits for it");
                self.room.give_back(self.in_memory as u64);
                self.is_fileless = true;
            }
        }
    }

    async fn pop(&mut self) -> io::Result<Bytes> {
        if self.read == self.written {
            let bytes = self.memory.pop_front().unwrap_or_default();
            self.in_memory -= bytes.len();
            return Ok(bytes);
        }
        let Some(file) = self.file.clone() else { return Err(io::ErrorKind::NotFound.into()) };
        let (at, count) = (self.read, (self.written - self.read).min(CHUNK));
        let mut bytes = vec![0; usize::try_from(count).map_err(io::Error::other)?];
        let bytes = apart(move || file.read_exact_at(&mut bytes, at).map(|()| bytes)).await?;
        self.read += count;
        if self.read == self.written {
            // All of it is read: the next use begins at the start.
            self.room.give_back(self.written);
            (self.file, self.written, self.read) = (None, 0, 0);
        }
        Ok(bytes.into())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.room.give_back(self.written);
    }
}

/// Runs what blocks on a thread of its own.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_millis(200);

    fn piece(number: usize) -> Bytes {
        let text = format!("{number:07}|").repeat(8_192);
        text.into()
    }

    /// Sends so many pieces of 64 KiB. Gives whether all of them were taken soon.
    async fn send(sender: mpsc::Sender<Sent>, pieces: usize) -> bool {
        for number in 0..pieces {
            let sent = sender.send(Ok(AnswerPart::More(piece(number))));
            if tokio::time::timeout(Duration::from_secs(2), sent).await.is_err() {
                return false;
            }
        }
        sender.send(Ok(AnswerPart::End)).await.is_ok()
    }

    async fn receive(mut receiver: mpsc::Receiver<Sent>) -> Vec<u8> {
        let mut all = Vec::new();
        while let Ok(AnswerPart::More(bytes)) = receiver.recv().await.unwrap() {
            all.extend_from_slice(&bytes);
        }
        all
    }

    #[tokio::test]
    async fn work_does_not_wait_for_its_reader_and_nothing_is_lost() {
        let room = Arc::new(FileRoom::new(100 << 20));
        let (sender, arriving) = mpsc::channel(1);
        let receiver = spilled(arriving, room.clone(), PATIENCE);
        assert!(send(sender, 200).await);
        assert!(room.left.load(Ordering::Relaxed) < 100 << 20);
        assert!(receive(receiver).await == (0..200).map(piece).collect::<Vec<_>>().concat());
        assert_eq!(room.left.load(Ordering::Relaxed), 100 << 20);
    }

    #[tokio::test]
    async fn without_room_the_work_waits() {
        let (sender, arriving) = mpsc::channel(1);
        let receiver = spilled(arriving, Arc::new(FileRoom::new(0)), PATIENCE);
        let sending = tokio::spawn(send(sender, 40));
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!sending.is_finished());
        assert!(receive(receiver).await == (0..40).map(piece).collect::<Vec<_>>().concat());
        assert!(sending.await.unwrap());
    }

    #[tokio::test]
    async fn when_the_reader_goes_the_work_is_told_and_the_room_is_free() {
        let room = Arc::new(FileRoom::new(100 << 20));
        let (sender, arriving) = mpsc::channel(1);
        let receiver = spilled(arriving, room.clone(), PATIENCE);
        let watched = sender.clone();
        assert!(send(sender, 100).await);
        drop(receiver);
        watched.closed().await;
        for _ in 0..100 {
            if room.left.load(Ordering::Relaxed) == 100 << 20 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the room is not given back");
    }

    #[tokio::test]
    async fn a_reader_that_takes_nothing_loses_its_answer() {
        let (sender, arriving) = mpsc::channel(1);
        let mut receiver = spilled(arriving, Arc::new(FileRoom::new(0)), PATIENCE);
        for number in 0..4 {
            sender.send(Ok(AnswerPart::More(piece(number)))).await.unwrap();
        }
        tokio::time::sleep(PATIENCE * 2).await;
        assert!(sender.is_closed());
        assert!(matches!(receiver.recv().await, Some(Ok(AnswerPart::More(_)))));
        assert!(matches!(receiver.recv().await, Some(Err(Error::ClientGone))));
    }
}
