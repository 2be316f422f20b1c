//! Memory for submissions. Those that need more than is left wait, and are asked to come again when it takes
//! too long.

use std::{io::Read as _, sync::Arc, time::Duration};

use documents::Format;
use resources::{Budget, Exhausted, Held};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{spool::Spool, task::compute};
use crate::Error;

/// What large ones may have of the budget, in percent. The rest is for small ones, which do not wait behind
/// them.
const LARGE: u64 = 75;
/// What needs at most this much is small.
const SMALL: u64 = 8 << 20;
/// So long a submission waits for memory.
const PATIENCE: Duration = Duration::from_secs(30);
const KIBIBYTE: u64 = 1024;

/// The memory that is left for submissions.
pub(crate) struct Memory {
    budget: Budget,
    large: Arc<Semaphore>,
    /// KiB.
    most_large: u32,
    patience: Duration,
}

/// Memory for one submission, until it is dropped.
#[derive(Debug)]
pub(crate) struct Taken {
    _held: Held,
    _large: Option<OwnedSemaphorePermit>,
}

impl Memory {
    pub(crate) fn of(budget: Budget) -> Self {
        let most_large = u32::try_from(budget.total() / 100 * LARGE / KIBIBYTE).unwrap_or(u32::MAX).max(1);
        let large = Arc::new(Semaphore::new(most_large as usize));
        Self { budget, large, most_large, patience: PATIENCE }
    }

    /// Waits until there is memory for `need`.
    ///
    /// # Errors
    /// When it takes too long.
    pub(crate) async fn take(&self, need: Need) -> Result<Taken, Exhausted> {
        let Need(bytes) = need;
        if bytes <= SMALL {
            return Ok(Taken { _held: self.budget.take(bytes, self.patience).await?, _large: None });
        }
        let units = u32::try_from(bytes.div_ceil(KIBIBYTE)).unwrap_or(u32::MAX).min(self.most_large);
        let place = timeout(self.patience, self.large.clone().acquire_many_owned(units)).await;
        let Ok(Ok(place)) = place else { return Err(Exhausted) };
        let held = self.budget.take(u64::from(units) * KIBIBYTE, self.patience).await?;
        Ok(Taken { _held: held, _large: Some(place) })
    }
}

impl Memory {
    /// The same for work in the background, which waits as long as it takes.
    pub(crate) async fn take_sometime(&self, need: Need) -> Taken {
        loop {
            if let Ok(taken) = self.take(need).await {
                return taken;
            }
        }
    }
}

/// Bytes that a submission needs in memory while it is worked on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Need(u64);

/// The text of a body is there this many times: as it came, as documents, for the log, and on its way there.
const TIMES: u64 = 5;
/// A value of a document, with its name.
const VALUE: u64 = 100;
/// A record on its way through the steps, with its answer.
const RECORD: u64 = 2_000;
/// What a submission needs at most that goes through the steps in batches.
const BATCHED: u64 = 192 << 20;
/// Bodies of more bytes always do.
const LARGEST_WHOLE: u64 = 32 << 20;

impl Need {
    /// The need of a body, from what is counted in it: separators tell the values, and lines or braces the
    /// records. `most` records are worked on at once.
    ///
    /// # Errors
    /// When the body cannot be read.
    pub(crate) async fn of(body: &Spool, format: Format, most: usize) -> Result<Self, Error> {
        if body.len() > LARGEST_WHOLE {
            return Ok(Self(BATCHED));
        }
        Ok(Self(Counts::of(body).await?.need(format, most).min(BATCHED)))
    }

    /// The need of a bulk transfer, all of whose documents, at most `most`, are there at once.
    ///
    /// # Errors
    /// When the body cannot be read.
    pub(crate) async fn of_bulk(body: &Spool, most: usize) -> Result<Self, Error> {
        Ok(Self(Counts::of(body).await?.need(Format::Json, most)))
    }
}

/// What is counted in a body.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    bytes: u64,
    /// In the first line.
    header: Option<u64>,
    lines: u64,
    tabs: u64,
    commas: u64,
    braces: u64,
}

impl Counts {
    async fn of(body: &Spool) -> Result<Self, Error> {
        let body = body.clone();
        let count = move || {
            let mut counts = Self::default();
            let (mut reader, mut buffer) = (body.reader(0), vec![0; 64 << 10]);
            loop {
                let count = reader.read(&mut buffer)?;
                if count == 0 {
                    return Ok::<Self, std::io::Error>(counts);
                }
                counts.add(&buffer[..count]);
            }
        };
        Ok(compute(count).await??)
    }

    fn add(&mut self, bytes: &[u8]) {
        let before = self.bytes;
        self.bytes += bytes.len() as u64;
        for (at, byte) in bytes.iter().enumerate() {
            match byte {
                b'\n' => {
                    self.lines += 1;
                    self.header = self.header.or(Some(before + at as u64));
                }
                b'\t' => self.tabs += 1,
                b',' => self.commas += 1,
                b'{' => self.braces += 1,
                _ => {}
            }
        }
    }

    fn need(&self, format: Format, most: usize) -> u64 {
        let most = most as u64;
        let (values, records, names) = match format {
            Format::Json => (self.commas + self.braces, self.braces, 0),
            // Every record has the names of its columns.
            Format::Tsv => (self.tabs + self.lines, self.lines, self.header.unwrap_or(0)),
            Format::Csv => (self.commas + self.lines, self.lines, self.header.unwrap_or(0)),
        };
        let records = records.min(most);
        (self.bytes * TIMES)
            .saturating_add(values * VALUE)
            .saturating_add(records.saturating_mul(RECORD + names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn memory(mebibytes: u64) -> Memory {
        Memory { patience: Duration::from_millis(20), ..Memory::of(Budget::of(mebibytes * MIB)) }
    }

    async fn need(text: &str, format: Format) -> u64 {
        Need::of(&text.to_owned().into(), format, 20_000).await.unwrap().0
    }

    #[tokio::test]
    async fn large_ones_wait_for_each_other_and_small_ones_do_not() {
        let memory = memory(400);
        let large = Need(BATCHED);
        let taken = memory.take(large).await.unwrap();
        assert!(memory.take(large).await.is_err());
        assert!(memory.take(Need(MIB)).await.is_ok());
        drop(taken);
        assert!(memory.take(large).await.is_ok());
    }

    #[tokio::test]
    async fn with_little_memory_one_large_submission_has_all_that_large_ones_may_have() {
        let memory = memory(50);
        let taken = memory.take(Need(BATCHED)).await.unwrap();
        assert!(memory.take(Need(9 * MIB)).await.is_err());
        assert!(memory.take(Need(MIB)).await.is_ok());
        drop(taken);
    }

    #[tokio::test]
    async fn what_is_small_as_text_and_large_as_documents_needs_much() {
        let (record, row) = (r#"{"type":"case"},"#.repeat(1000), "case\tx\ty\n".repeat(1000));
        assert!(need(&record, Format::Json).await > 2 * MIB);
        assert!(need(&row, Format::Tsv).await > 2 * MIB);
        assert!(need(&"0,".repeat(500_000), Format::Json).await > 50 * MIB);
        assert!(need(&"x".repeat(1_000_000), Format::Json).await < 6 * MIB);
    }
}
