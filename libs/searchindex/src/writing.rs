//! Writes documents of one index.

use std::{
    collections::hash_map::DefaultHasher,
    hash::{Hash, Hasher},
    io,
    sync::Arc,
    time::{Duration, Instant},
};

use search::{Operation, Rejected, SearchError, Written};
use tantivy::{
    IndexWriter, TantivyError, Term,
    index::SegmentId,
    indexer::{IndexWriterOptions, LogMergePolicy, UserOperation},
};
use uuid::Uuid;

use crate::{column::broken, document::objects, layout::Layout, snapshot::Snapshot};

/// What a writer gathers before it makes a segment, in bytes.
const GATHERED: usize = 30_000_000;
/// So many operations at once are worth knowing which ids there are.
const MANY: usize = 1_000;
/// So many segments of about one size become one.
const MERGED: usize = 8;
/// More documents are not merged into one segment when writing ends.
const LARGEST: u32 = 20_000_000;

/// Writes documents of one index. It has threads and memory, so there is one only while something is written.
pub(crate) struct Writer {
    tantivy: IndexWriter,
    layout: Arc<Layout>,
    /// The number of the next document.
    next: u64,
    /// Which ids there may be; `None`: any.
    ids: Option<Ids>,
    used: Instant,
}

impl Writer {
    pub(crate) fn open(
        index: &tantivy::Index,
        layout: &Arc<Layout>,
        snapshot: &Arc<Snapshot>,
    ) -> Result<Self, SearchError> {
        let options = IndexWriterOptions::builder()
            .memory_budget_per_thread(GATHERED)
            .num_worker_threads(1)
            .num_merge_threads(1)
            .build();
        let tantivy = index.writer_with_options(options).map_err(failure)?;
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(MERGED);
        policy.set_del_docs_ratio_before_merge(0.3);
        tantivy.set_merge_policy(Box::new(policy));
        let mut next = 0;
        for segment in &snapshot.segments {
            if segment.len() > 0 {
                next = next.max(segment.written()?.max_value() + 1);
            }
        }
        let ids = (snapshot.len()? == 0).then(Ids::new);
        Ok(Self { tantivy, layout: Arc::clone(layout), next, ids, used: Instant::now() })
    }

    /// For how long nothing was written.
    pub(crate) fn idle(&self) -> Duration {
        self.used.elapsed()
    }

    /// Writes; everything is on the disk when it returns. After a failure the writer must not be used any
    /// more.
    pub(crate) fn write(&mut self, operations: Vec<Operation>) -> Result<Written, SearchError> {
        let mut outcome = Written::default();
        for (place, operation) in operations.into_iter().enumerate() {
            match operation {
                Operation::Delete { id } => {
                    self.tantivy.delete_term(self.term(&id));
                    outcome.done += 1;
                }
                Operation::Put { id, body } => match self.put(id, &body)? {
                    Ok(()) => outcome.done += 1,
                    Err(reason) => outcome.rejected.push(Rejected { place, reason }),
                },
            }
        }
        if outcome.done > 0 {
            self.tantivy.commit().map_err(failure)?;
        }
        self.used = Instant::now();
        Ok(outcome)
    }

    fn term(&self, id: &str) -> Term {
        Term::from_field_bytes(self.layout.id, id.as_bytes())
    }

    fn put(&mut self, id: Option<String>, body: &str) -> Result<Result<(), String>, SearchError> {
        let given = id.is_some();
        let id = id.unwrap_or_else(|| Uuid::new_v4().simple().to_string());
        let objects = match objects(&self.layout, &id, body, self.next) {
            Ok(objects) => objects,
            Err(reason) => return Ok(Err(reason)),
        };
        self.next += 1;
        let known = self.ids.as_mut().is_none_or(|ids| ids.add(&id));
        let mut changes = Vec::with_capacity(objects.len() + 1);
        if given && known {
            changes.push(UserOperation::Delete(self.term(&id)));
        }
        changes.extend(objects.into_iter().map(UserOperation::Add));
        self.tantivy.run(changes).map_err(failure)?;
        Ok(Ok(()))
    }

    /// Whether it would be quicker with [`learn_ids`](Writer::learn_ids): to look for many ids in each
    /// segment takes longer.
    pub(crate) fn wants_ids(&self, operations: usize) -> bool {
        self.ids.is_none() && operations >= MANY
    }

    /// Reads which ids there are. The snapshot has everything that was written.
    pub(crate) fn learn_ids(&mut self, snapshot: &Snapshot) -> Result<(), SearchError> {
        let mut ids = Ids::new();
        for segment in &snapshot.segments {
            let index = segment.reader.inverted_index(self.layout.id).map_err(broken)?;
            let mut terms = index.terms().stream().map_err(broken)?;
            while terms.advance() {
                ids.add_bytes(terms.key());
            }
        }
        self.ids = Some(ids);
        Ok(())
    }

    /// Waits for merges, and merges what is left in small pieces.
    pub(crate) fn close(mut self) -> Result<(), SearchError> {
        let segments = self.tantivy.index().searchable_segment_metas().map_err(failure)?;
        let sizes: Vec<_> = segments.iter().map(|meta| (meta.id(), meta.num_docs())).collect();
        let few = worth_merging(sizes);
        if few.len() > 1 {
            // Segments that are being merged already cannot be merged again: then those are few soon.
            let merged = self.tantivy.merge(&few).wait();
            if let Err(error) = merged {
                tracing::debug!(
                    error = &error as &dyn std::error::Error,
                    "segments are merged elsewhere already"
                );
            }
        }
        self.tantivy.wait_merging_threads().map_err(failure)
    }
}

/// The segments that are merged when writing ends: all small ones, and larger ones as long as they are not
/// much larger than those together. So a large index is not written anew for a few changes.
fn worth_merging(mut sizes: Vec<(SegmentId, u32)>) -> Vec<SegmentId> {
    sizes.sort_unstable_by_key(|(_, size)| *size);
    let mut together = 0u32;
    let mut few = Vec::new();
    for (id, size) in sizes {
        if !few.is_empty() && size / 3 > together.max(1_000) || together.saturating_add(size) > LARGEST {
            break;
        }
        together += size;
        few.push(id);
    }
    few
}

/// What a failure means for the caller.
pub(crate) fn failure(error: TantivyError) -> SearchError {
    let full = match &error {
        TantivyError::IoError(error) => {
            matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
        }
        _ => false,
    };
    if full { SearchError::Unavailable(Box::new(error)) } else { SearchError::Failed(Box::new(error)) }
}

/// Which ids there may be (a Bloom filter): never wrong about one that is there, and of a million others
/// about one in two thousand is taken for one.
struct Ids(Vec<u64>);

/// Bits of the filter: 4 MB.
const ID_BITS: u64 = 1 << 25;

impl Ids {
    fn new() -> Self {
        Self(vec![0; (ID_BITS / 64) as usize])
    }

    /// Adds an id, and tells whether it may have been there.
    fn add(&mut self, id: &str) -> bool {
        self.add_bytes(id.as_bytes())
    }

    fn add_bytes(&mut self, id: &[u8]) -> bool {
        let mut hasher = DefaultHasher::new();
        id.hash(&mut hasher);
        let hash = hasher.finish();
        let mut known = true;
        for turn in [0, 20, 39] {
            let bit = (hash >> turn) % ID_BITS;
            let word = &mut self.0[(bit / 64) as usize];
            known &= *word >> (bit % 64) & 1 == 1;
            *word |= 1 << (bit % 64);
        }
        known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_never_forgotten() {
        let mut ids = Ids::new();
        let strange = (0..100_000).filter(|number| ids.add(&format!("id-{number}"))).count();
        assert!(strange < 100, "{strange}");
        assert!((0..100_000).all(|number| ids.add(&format!("id-{number}"))));
    }

    #[test]
    fn large_segments_are_left_alone() {
        let sizes =
            |sizes: &[u32]| worth_merging(sizes.iter().map(|n| (SegmentId::generate_random(), *n)).collect());
        assert_eq!(sizes(&[1_000_000, 10, 20]).len(), 2);
        assert_eq!(sizes(&[100_000, 90_000, 80_000, 5_000]).len(), 1);
        assert_eq!(sizes(&[100_000, 90_000, 80_000, 30_000]).len(), 4);
    }
}
