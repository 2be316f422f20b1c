//! Bytes that may be many: in memory while they are few, else in a file without a name, which goes with its
//! last user.
//!
//! `tempfile::SpooledTempFile` has one cursor; a spool here is shared, and read at several positions by
//! several users.

use std::{
    fs::File,
    io::{self, Read},
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::Arc,
};

use bytes::Bytes;
use futures_util::{Stream, stream};
use tokio::task::spawn_blocking;

/// Where spools keep their bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    /// `None`: the system's folder for temporary files.
    pub folder: Option<PathBuf>,
    /// At most this many bytes stay in memory.
    pub memory: usize,
}

impl Place {
    fn file(&self) -> io::Result<File> {
        match &self.folder {
            Some(folder) => tempfile::tempfile_in(folder),
            None => tempfile::tempfile(),
        }
    }
}

/// A spool that grows.
#[derive(Debug)]
pub(crate) struct Writer {
    place: Place,
    /// Bytes that are not in the file.
    memory: Vec<u8>,
    file: Option<Arc<File>>,
    /// Bytes in the file.
    written: u64,
}

impl Writer {
    pub(crate) fn new(place: Place) -> Self {
        Self { place, memory: Vec::new(), file: None, written: 0 }
    }

    /// Adds bytes, in memory at first: [`Writer::relieve`] has to be called now and then.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.memory.extend_from_slice(bytes);
    }

    /// What [`Writer::push`] fills, for those who write by themselves.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.memory
    }

    /// Moves what is too much for memory into the file.
    pub(crate) async fn relieve(&mut self) -> io::Result<()> {
        if self.memory.len() > self.place.memory { self.flush().await } else { Ok(()) }
    }

    /// Bytes so far.
    pub(crate) fn len(&self) -> u64 {
        self.written + self.memory.len() as u64
    }

    /// Adds the first `length` bytes of a spool.
    pub(crate) async fn append(&mut self, spool: &Spool, length: u64) -> io::Result<()> {
        let mut at = 0;
        while at < length {
            let most = usize::try_from(length - at).unwrap_or(usize::MAX).min(CHUNK);
            let piece = spool.piece(at, most).await?;
            if piece.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            self.push(&piece);
            self.relieve().await?;
            at += piece.len() as u64;
        }
        Ok(())
    }

    async fn flush(&mut self) -> io::Result<()> {
        let (memory, file) = (std::mem::take(&mut self.memory), self.file.take());
        let (place, at) = (self.place.clone(), self.written);
        let write = move || {
            let file = file.map_or_else(|| place.file().map(Arc::new), Ok)?;
            file.write_all_at(&memory, at)?;
            Ok((file, memory))
        };
        let (file, mut memory) = apart(write).await?;
        self.written += memory.len() as u64;
        memory.clear();
        (self.file, self.memory) = (Some(file), memory);
        Ok(())
    }

    /// The bytes so far; more can follow.
    pub(crate) async fn share(&mut self) -> io::Result<Spool> {
        if self.file.is_some() && !self.memory.is_empty() {
            self.flush().await?;
        }
        Ok(match &self.file {
            Some(file) => Spool(Content::File { file: file.clone(), length: self.written }),
            None => Spool(Content::Memory(Bytes::copy_from_slice(&self.memory))),
        })
    }

    /// Ends the writing.
    pub(crate) async fn finish(mut self) -> io::Result<Spool> {
        if self.file.is_some() {
            return self.share().await;
        }
        Ok(Spool(Content::Memory(self.memory.into())))
    }
}

/// Runs what blocks on a thread of its own.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

/// A spool that is complete. Its clones share the bytes.
#[derive(Debug, Clone)]
pub(crate) struct Spool(Content);

#[derive(Debug, Clone)]
enum Content {
    Memory(Bytes),
    File { file: Arc<File>, length: u64 },
}

impl From<String> for Spool {
    fn from(text: String) -> Self {
        Self(Content::Memory(text.into()))
    }
}

/// Bytes of one step through a file.
const CHUNK: usize = 256 << 10;

impl Spool {
    pub(crate) fn len(&self) -> u64 {
        match &self.0 {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File { length, .. } => *length,
        }
    }

    /// The number of bytes that are in memory.
    pub(crate) fn memory(&self) -> u64 {
        match &self.0 {
            Content::Memory(bytes) => bytes.len() as u64,
            Content::File { .. } => 0,
        }
    }

    /// All bytes, if they are in memory.
    pub(crate) fn in_memory(&self) -> Option<Bytes> {
        match &self.0 {
            Content::Memory(bytes) => Some(bytes.clone()),
            Content::File { .. } => None,
        }
    }

    /// Reads from `at` on. Reading blocks.
    pub(crate) fn reader(&self, at: u64) -> Reader {
        Reader { spool: self.clone(), at }
    }

    /// All bytes at once. It blocks.
    pub(crate) fn read_whole(&self) -> io::Result<Bytes> {
        if let Content::Memory(bytes) = &self.0 {
            return Ok(bytes.clone());
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.len()).unwrap_or_default());
        self.reader(0).read_to_end(&mut bytes)?;
        Ok(bytes.into())
    }

    /// All bytes at once.
    pub(crate) async fn whole(&self) -> io::Result<Bytes> {
        if let Content::Memory(bytes) = &self.0 {
            return Ok(bytes.clone());
        }
        let spool = self.clone();
        apart(move || spool.read_whole()).await
    }

    /// At most `count` bytes from `at` on; fewer only at the end.
    pub(crate) async fn piece(&self, at: u64, count: usize) -> io::Result<Bytes> {
        if let Content::Memory(bytes) = &self.0 {
            let start = bytes.len().min(usize::try_from(at).unwrap_or(usize::MAX));
            return Ok(bytes.slice(start..bytes.len().min(start.saturating_add(count))));
        }
        let reader = self.reader(at);
        let read = move || {
            let mut bytes = Vec::with_capacity(count);
            reader.take(count as u64).read_to_end(&mut bytes)?;
            Ok(bytes.into())
        };
        apart(read).await
    }

    /// The bytes, piece by piece.
    pub(crate) fn stream(self) -> impl Stream<Item = io::Result<Bytes>> {
        stream::try_unfold((self, 0_u64), |(spool, at)| async move {
            let piece = spool.piece(at, CHUNK).await?;
            let next = at + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, (spool, next))))
        })
    }
}

/// Reads a spool from beginning to end.
#[derive(Debug)]
pub(crate) struct Reader {
    spool: Spool,
    at: u64,
}

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = match &self.spool.0 {
            Content::Memory(bytes) => {
                let start = bytes.len().min(usize::try_from(self.at).unwrap_or(usize::MAX));
                let count = buffer.len().min(bytes.len() - start);
                buffer[..count].copy_from_slice(&bytes[start..start + count]);
                count
            }
            Content::File { file, length } => {
                let left = usize::try_from(length.saturating_sub(self.at)).unwrap_or(usize::MAX);
                let most = buffer.len().min(left);
                file.read_at(&mut buffer[..most], self.at)?
            }
        };
        self.at += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use futures_util::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn what_was_written_is_read_wherever_it_is() {
        for memory in [0, 3, 100] {
            let mut writer = Writer::new(Place { folder: None, memory });
            for part in ["abc", "", "defg", "h"] {
                writer.push(part.as_bytes());
                writer.relieve().await.unwrap();
            }
            let early = writer.share().await.unwrap();
            writer.push(b"ij");
            let spool = writer.finish().await.unwrap();
            assert_eq!(early.whole().await.unwrap(), "abcdefgh");
            assert_eq!((spool.len(), spool.whole().await.unwrap()), (10, "abcdefghij".into()));
            assert_eq!(spool.piece(8, 10).await.unwrap(), "ij");
            assert_eq!(spool.piece(80, 10).await.unwrap(), "");
            let pieces: Vec<Bytes> = spool.stream().try_collect().await.unwrap();
            assert_eq!(pieces.concat(), b"abcdefghij");
        }
    }
}
