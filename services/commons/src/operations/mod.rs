//! What this program can do as operations, with the parts of a commons that it has; and what operations need
//! to know of it.

mod aggregate;
mod archiving;
mod aside;
mod backup;
mod etl;
mod expired;
mod export;
mod exports;
mod health;
mod index_gc;
mod index_scan;
mod manifest_export;
mod manifest_ingest;
mod manifest_report;
mod params;
mod scrub;
mod storage;
mod usersync;
mod visas;

use std::{collections::BTreeMap, sync::Arc};

use ::operations::manifest;
use anyhow::{Context as _, bail};
use workqueue::{Kind, Schedule};

pub(crate) use aggregate::AggregateSync;
pub(crate) use archiving::{limits, tiers};
pub(crate) use backup::BackupArgs;
pub(crate) use backup::Whole;
pub(crate) use etl::Etl;
pub(crate) use expired::{ExpiredAccess, ExpiredClients};
pub(crate) use export::{Graph, PfbExport, Source};
pub(crate) use exports::{Exports, NoExports};
pub(crate) use health::{Elsewhere, Services};
pub(crate) use index_gc::IndexGc;
pub(crate) use index_scan::IndexScan;
pub(crate) use manifest_export::ManifestExport;
pub(crate) use manifest_ingest::{Ingest, Uploads};
pub(crate) use scrub::ObjectScrub;
pub(crate) use storage::{IndexAt, Place, Stores, of_fence, of_tiers};
pub(crate) use usersync::Usersync;
pub(crate) use visas::VisaUpdate;

/// As a time table: not by itself.
const NEVER: &str = "never";

/// The actions of sower's jobs, and the kinds that do them.
const ACTIONS: [(&str, &str); 4] = [
    ("export", export::NAME),
    ("export-files", export::NAME),
    ("index-object-manifest", manifest::INGEST),
    ("download-indexd-manifest", manifest_export::NAME),
];

/// What sower's clients may ask for, of what there is.
pub(crate) fn actions(kinds: &[Arc<dyn Kind>]) -> BTreeMap<String, String> {
    let is_there = |name: &str| kinds.iter().any(|kind| kind.name() == name);
    let there = ACTIONS.into_iter().filter(|(_, kind)| is_there(kind));
    there.map(|(action, kind)| (action.to_owned(), kind.to_owned())).collect()
}

/// What is done without anybody asking for it: the cadence is the original's, unless one of `set`, as in
/// `KIND=CRON`, says another one; `KIND=never` says that it is not done by itself.
///
/// # Errors
/// For what is no time table, and for a kind that there is not.
pub(crate) fn schedules(kinds: &[Arc<dyn Kind>], set: &[String]) -> anyhow::Result<Vec<Schedule>> {
    let usual =
        [(expired::ACCESS, "17 * * * *"), (expired::CLIENTS, "*/5 * * * *"), (archive::DUE, "41 * * * *")];
    let is_there = |name: &str| kinds.iter().any(|kind| kind.name() == name);
    let mut patterns: BTreeMap<&str, &str> = usual.into_iter().filter(|(name, _)| is_there(name)).collect();
    for text in set {
        let (name, pattern) =
            text.split_once('=').with_context(|| format!("--schedule {text}: it is like KIND=CRON"))?;
        if !is_there(name) {
            let names: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            bail!("--schedule {text}: there is no kind {name:?} here; there are: {}", names.join(", "));
        }
        if pattern == NEVER {
            patterns.remove(name)
        } else {
            patterns.insert(name, pattern)
        };
    }
    let schedule = |(name, pattern): (&str, &str)| {
        let made = Schedule::new(name, name, serde_json::json!({}), pattern, "UTC");
        made.with_context(|| format!("--schedule {name}={pattern}"))
    };
    patterns.into_iter().map(schedule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schedules_are_the_usual_ones_unless_others_are_set() {
        let kinds: Vec<Arc<dyn Kind>> = vec![Arc::new(ObjectScrub::of("/nowhere".into()))];
        let times = |set: &[&str]| {
            let set: Vec<String> = set.iter().map(|text| (*text).to_owned()).collect();
            let schedules = schedules(&kinds, &set).map_err(|error| format!("{error:#}"))?;
            Ok::<_, String>(schedules.iter().map(Schedule::time_table).collect::<Vec<_>>())
        };
        assert_eq!(times(&[]).unwrap(), [""; 0]);
        assert_eq!(times(&["object-scrub=0 3 * * 0"]).unwrap(), ["0 3 * * 0 UTC"]);
        assert_eq!(times(&["object-scrub=0 3 * * 0", "object-scrub=never"]).unwrap(), [""; 0]);
        assert!(times(&["object-scrub=at night"]).unwrap_err().contains("time table of cron"));
        assert!(times(&["object-scrub"]).unwrap_err().contains("KIND=CRON"));
        assert!(times(&["fly=* * * * *"]).unwrap_err().contains("no kind \"fly\""));
    }
}
