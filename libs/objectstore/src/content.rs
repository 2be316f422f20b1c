//! The bytes of an object, as they are read: from one file, or from those of its parts, one after the other.

use std::{
    collections::VecDeque,
    io,
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, stream};
use tokio::{
    fs::File,
    io::{AsyncReadExt as _, AsyncSeekExt as _, Take},
};
use tokio_util::io::ReaderStream;

use crate::{disk::Found, readers::Hold, record::Record};

/// Objects are read in pieces of this size.
const PIECE: usize = 256 * 1024;

/// Bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// What the file must have in all.
    pub(crate) size: u64,
    pub(crate) bytes: Range<u64>,
}

/// The files with the bytes `wanted` of an object whose data is at `data`.
pub(crate) fn segments(record: &Record, data: PathBuf, wanted: &Range<u64>) -> VecDeque<Segment> {
    let Some(parts) = &record.parts else {
        return [Segment { path: data, size: record.size, bytes: wanted.clone() }].into();
    };
    let mut segments = VecDeque::new();
    let mut begin = 0;
    for part in parts {
        let end = begin + part.size;
        let (from, to) = (wanted.start.max(begin), wanted.end.min(end));
        if from < to {
            let bytes = from - begin..to - begin;
            segments.push_back(Segment { path: data.join(&part.file), size: part.size, bytes });
        }
        begin = end;
    }
    segments
}

struct Reading {
    segments: VecDeque<Segment>,
    current: Option<ReaderStream<Take<File>>>,
    left: u64,
    data: PathBuf,
    hold: Hold,
}

/// Reads `wanted` of an object. What cannot be read at all is found before the first byte is given.
///
/// # Errors
/// When its first file is not there, or not as its record says.
pub(crate) async fn read(
    found: Found,
    wanted: Range<u64>,
) -> io::Result<impl Stream<Item = io::Result<Bytes>> + Send + Sync> {
    let Found { record, place, hold } = found;
    let data = place.data(record.data);
    let mut segments = segments(&record, data.clone(), &wanted);
    let current = match segments.pop_front() {
        Some(first) => Some(open(first, &data, &hold).await?),
        None => None,
    };
    let reading = Reading { segments, current, left: wanted.end - wanted.start, data, hold };
    Ok(stream::try_unfold(reading, next))
}

async fn next(mut reading: Reading) -> io::Result<Option<(Bytes, Reading)>> {
    loop {
        if let Some(current) = &mut reading.current {
            if let Some(piece) = current.next().await {
                let piece = piece?;
                reading.left = reading.left.saturating_sub(piece.len() as u64);
                return Ok(Some((piece, reading)));
            }
            reading.current = None;
        }
        match reading.segments.pop_front() {
            Some(segment) => reading.current = Some(open(segment, &reading.data, &reading.hold).await?),
            None if reading.left > 0 => return Err(damaged()),
            None => return Ok(None),
        }
    }
}

async fn open(segment: Segment, data: &Path, hold: &Hold) -> io::Result<ReaderStream<Take<File>>> {
    let mut file = match File::open(&segment.path).await {
        // Its object was replaced or deleted while it is read.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let aside = hold.aside().ok_or(error)?;
            let file = segment.path.strip_prefix(data).map_err(io::Error::other)?;
            File::open(if file.as_os_str().is_empty() { aside } else { aside.join(file) }).await?
        }
        opened => opened?,
    };
    if file.metadata().await?.len() != segment.size {
        tracing::error!(path = %segment.path.display(), "an object has not as many bytes as it had");
        return Err(damaged());
    }
    file.set_max_buf_size(PIECE);
    if segment.bytes.start > 0 {
        file.seek(io::SeekFrom::Start(segment.bytes.start)).await?;
    }
    let length = segment.bytes.end - segment.bytes.start;
    Ok(ReaderStream::with_capacity(file.take(length), PIECE))
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "an object is damaged")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{checksums::Checksums, record::StoredPart};

    #[test]
    fn a_range_is_read_from_the_parts_that_it_touches() {
        let part = |number: i32, size| StoredPart {
            number,
            size,
            file: format!("p{number}"),
            md5: String::new(),
            checksums: Checksums::default(),
        };
        let mut record = Record::of_file("k", 12, String::new());
        record.parts = Some(vec![part(1, 5), part(4, 0), part(7, 5), part(9, 2)]);
        let found = |range: Range<u64>| -> Vec<(String, Range<u64>)> {
            let segments = segments(&record, PathBuf::from("/d"), &range);
            segments.into_iter().map(|segment| (segment.path.display().to_string(), segment.bytes)).collect()
        };
        assert_eq!(found(0..12), [("/d/p1".into(), 0..5), ("/d/p7".into(), 0..5), ("/d/p9".into(), 0..2)]);
        assert_eq!(found(4..6), [("/d/p1".into(), 4..5), ("/d/p7".into(), 0..1)]);
        assert_eq!(found(10..11), [("/d/p9".into(), 0..1)]);
        assert_eq!(found(5..5), []);
    }
}
