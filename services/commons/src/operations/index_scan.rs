//! The operation `index-scan`.

use std::{ops::ControlFlow, sync::Arc};

use async_trait::async_trait;
use fence::{
    files::target::upload_buckets,
    upload_indexing::{Doing, Indexer, Scan, Seen},
};
use indexclient::IndexClient;
use serde_json::{Map, Value, json};
use storage::{Bucket, Buckets, Kind as StoreKind, ObjectStore};
use workqueue::{Failed, Form, Kind, Parameter, Work};

use super::params::{flag, number, only, text};
use crate::commands::index::scan::in_words;

/// Objects that are read at the same time, unless it is said.
const AT_ONCE: u32 = 4;
const MOST_AT_ONCE: u32 = 64;
/// The highest rate in MiB a second.
const FASTEST: u32 = 1 << 20;
const MIB: u64 = 1 << 20;
/// The longest name of a bucket, and of the beginning of a key: S3 has keys of at most 1,024 bytes.
const LONGEST: usize = 1_024;

/// Looks through buckets for uploads whose records are still blank, because nobody heard of their end, and
/// fills these. It makes no records: those would be made in the name of the service.
pub(crate) struct IndexScan {
    index: Arc<dyn IndexClient>,
    store: Arc<dyn ObjectStore>,
    known: Buckets,
    /// Those that are looked through unless one is named.
    uploads: Vec<Bucket>,
}

impl IndexScan {
    /// Over the buckets of fence's configuration. `store` reaches them.
    ///
    /// # Errors
    /// When a bucket cannot be used.
    pub(crate) fn of(
        config: &fence::Config,
        store: Arc<dyn ObjectStore>,
        index: Arc<dyn IndexClient>,
    ) -> anyhow::Result<Self> {
        let (known, mut uploads) = (config.buckets()?, Vec::<Bucket>::new());
        for bucket in upload_buckets(config) {
            // fence says at its start which buckets cannot be reached.
            let is_reached = bucket.kind() != StoreKind::S3 || known.contains(bucket.name());
            if is_reached && !uploads.contains(&bucket) {
                uploads.push(bucket);
            }
        }
        Ok(Self { index, store, known, uploads })
    }

    /// The buckets that are meant, and the beginning of the keys in them.
    fn places(&self, params: &Map<String, Value>) -> Result<(Vec<Bucket>, String), String> {
        let prefix = text(params, "prefix", LONGEST)?.unwrap_or_default().to_owned();
        let Some(named) = text(params, "bucket", LONGEST)? else {
            let told = || "bucket: there is no bucket of uploads; name another one".to_owned();
            return if self.uploads.is_empty() { Err(told()) } else { Ok((self.uploads.clone(), prefix)) };
        };
        let url = if named.contains("://") { named.to_owned() } else { format!("s3://{named}") };
        let bucket = match Bucket::split(&url) {
            Some((bucket, "")) if bucket.kind() != StoreKind::Folder => bucket,
            _ => {
                return Err("bucket: it is like NAME, s3://NAME, gs://NAME or az://HOST/CONTAINER".to_owned());
            }
        };
        let is_known = bucket.kind() == StoreKind::S3 && self.known.contains(bucket.name());
        if is_known || self.uploads.contains(&bucket) {
            return Ok((vec![bucket], prefix));
        }
        Err(format!("bucket: {bucket} is none of this commons"))
    }
}

#[async_trait]
impl Kind for IndexScan {
    fn name(&self) -> &'static str {
        "index-scan"
    }

    fn purpose(&self) -> &'static str {
        "Look through buckets for uploads that nobody was told of, and fill their records"
    }

    fn parameters(&self) -> &'static [Parameter] {
        const {
            &[
                Parameter::optional("bucket", Form::Text, "The bucket; all buckets of uploads without it"),
                Parameter::optional("prefix", Form::Text, "With what the keys begin"),
                Parameter::optional("dry_run", Form::Flag, "Say what would change, and change nothing"),
                Parameter::optional("rate", Form::Number, "MiB a second at most"),
                Parameter::optional("at_once", Form::Number, "Objects that are read at the same time"),
            ]
        }
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &["bucket", "prefix", "dry_run", "rate", "at_once"])?;
        self.places(params)?;
        flag(params, "dry_run")?;
        number(params, "rate", "MiB a second", FASTEST)?;
        number(params, "at_once", "objects", MOST_AT_ONCE).map(drop)
    }

    /// A run that is begun again finds what is done already.
    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let params = work.params();
        let (buckets, prefix) = self.places(params).map_err(Failed::ForGood)?;
        let dry_run = flag(params, "dry_run").unwrap_or(false);
        let rate = number(params, "rate", "", FASTEST).ok().flatten().map_or(0, u64::from) * MIB;
        let at_once = number(params, "at_once", "", MOST_AT_ONCE).ok().flatten().unwrap_or(AT_ONCE);
        let indexer = Indexer::new(self.index.clone(), self.store.clone()).reading_at_most(rate);
        let (mut before, mut failed, mut result) = (0, 0, Map::new());
        for bucket in buckets {
            let scan = Scan {
                indexer: indexer.clone(),
                index: self.index.clone(),
                store: self.store.clone(),
                bucket: bucket.clone(),
                prefix: prefix.clone(),
                at_once: usize::try_from(at_once).unwrap_or(1),
                doing: if dry_run { Doing::Report } else { Doing::Fill },
            };
            let what = format!("looking through {bucket}");
            let counts = scan.run(|seen| {
                if let Seen::Page { objects } = seen {
                    work.progress(before + objects, None, &what);
                }
                if let Some(line) = in_words(seen) {
                    work.log(line);
                }
                ControlFlow::Continue(())
            });
            let counts = counts.await.map_err(Failed::passing)?;
            (before, failed) = (before + counts.objects, failed + counts.failed);
            result.insert(bucket.to_string(), json!(counts));
        }
        if failed > 0 {
            return Err(Failed::Passing(format!("{failed} objects could not be dealt with")));
        }
        Ok(json!({ "dry_run": dry_run, "buckets": result }))
    }
}
