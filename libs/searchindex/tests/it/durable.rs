//! What was taken is there, whatever happens.

use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use futures_util::StreamExt;
use search::{AliasChange, Definition, Engine, Mapping, Operation, Query, Search, SearchError, Source};
use searchindex::{Embedded, OpenError};
use serde_json::{Map, json};

fn definition() -> Definition {
    let mapping = json!({"properties": {
        "number": {"type": "long"},
        "parts": {"type": "nested", "properties": {"of": {"type": "long"}}},
    }});
    Definition { mapping: Mapping::read(&mapping).unwrap(), settings: Map::new() }
}

fn put(number: u64) -> Operation {
    let body = json!({"number": number, "parts": [{"of": number}, {"of": number}]}).to_string();
    Operation::Put { id: Some(number.to_string()), body }
}

fn add(alias: &str, index: &str) -> AliasChange {
    AliasChange::Add { alias: alias.into(), index: index.into() }
}

async fn total(engine: &Embedded, name: &str) -> u64 {
    engine.search(name, &Search::new(Query::All)).await.unwrap().total
}

#[tokio::test]
async fn everything_is_there_after_the_folder_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    {
        let engine = Embedded::open(folder.path()).unwrap();
        engine.create("n_0", &definition()).await.unwrap();
        engine.create("n_1", &definition()).await.unwrap();
        engine.write("n_0", (0..100).map(put).collect()).await.unwrap();
        engine.write("n_0", vec![Operation::Delete { id: "7".into() }, put(8)]).await.unwrap();
        engine.change_aliases(&[add("n", "n_0")]).await.unwrap();
        engine.change_aliases(&[AliasChange::DeleteIndex { index: "n_1".into() }]).await.unwrap();
    }
    let engine = Embedded::open(folder.path()).unwrap();
    assert_eq!(total(&engine, "n").await, 99);
    assert_eq!(engine.mapping("n").await.unwrap(), definition().mapping);
    assert!(matches!(engine.document("n_1", "1").await, Err(SearchError::NoIndex(_))));
    assert_eq!(engine.document("n", "7").await.unwrap(), None);
    // What was written last comes last, also when that was before.
    engine.write("n_0", vec![put(3)]).await.unwrap();
    let hits = engine.search("n", &Search { size: 200, ..Search::new(Query::All) }).await.unwrap().hits;
    let ids: Vec<_> = hits.iter().map(|hit| hit.id.as_str()).collect();
    assert_eq!((ids[0], ids[97], ids[98]), ("0", "8", "3"));
}

#[tokio::test]
async fn one_process_at_a_time_has_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path()).unwrap();
    assert!(matches!(Embedded::open(folder.path()), Err(OpenError::InUse(_))));
    drop(engine);
    Embedded::open(folder.path()).unwrap();
}

#[tokio::test]
async fn what_a_cut_change_left_goes_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(Embedded::open(folder.path()).unwrap());
    fs::create_dir_all(folder.path().join("indices/half/segments")).unwrap();
    fs::write(folder.path().join("catalog.json.new"), "{\"ver").unwrap();
    let engine = Embedded::open(folder.path()).unwrap();
    assert!(engine.aliases("*").await.unwrap().is_empty());
    assert!(!folder.path().join("indices/half").exists());
    drop(engine);
    fs::write(folder.path().join("catalog.json"), "{\"version\": 99, \"indices\": {}, \"aliases\": {}}")
        .unwrap();
    assert!(matches!(Embedded::open(folder.path()), Err(OpenError::Format(..))));
}

#[tokio::test]
async fn pages_are_as_they_were_at_the_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path()).unwrap();
    engine.create("n", &definition()).await.unwrap();
    engine.write("n", (0..2_500).map(put).collect()).await.unwrap();
    let mut pages = engine.pages("n", &Query::All, &[], &Source::None, 1_000).await.unwrap();
    let mut seen = pages.next().await.unwrap().unwrap();
    engine
        .write("n", (1_000..2_500).map(|n| Operation::Delete { id: n.to_string() }).collect())
        .await
        .unwrap();
    engine.write("n", vec![put(5_000)]).await.unwrap();
    engine.refresh("n").await.unwrap();
    assert_eq!(total(&engine, "n").await, 1_001);
    while let Some(page) = pages.next().await {
        seen.extend(page.unwrap());
    }
    let ids: Vec<_> = seen.iter().map(|hit| hit.id.clone()).collect();
    assert_eq!(ids, (0..2_500).map(|n: u64| n.to_string()).collect::<Vec<_>>());
}

fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    // The file that says what there is first, as a machine that stops would have it: files that it does not
    // name yet may be there or not.
    let mut entries: Vec<_> = fs::read_dir(from)?.collect::<Result<_, _>>()?;
    entries.sort_by_key(|entry| {
        (entry.file_type().is_ok_and(|kind| kind.is_dir()), entry.file_name() != "meta.json")
    });
    for entry in entries {
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            match fs::copy(entry.path(), &target) {
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                copied => drop(copied?),
            }
        }
    }
    Ok(())
}

/// How many documents are written at once.
const BATCH: u64 = 20;

/// The folder is copied while batches are written, as a killed process would leave it. Copying takes time, in
/// which merges may delete files that the copied list names: such a copy is no moment of the folder, and is
/// not judged.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_at_any_moment_has_whole_batches_only() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path()).unwrap();
    engine.create("n", &definition()).await.unwrap();
    let taken = Arc::new(AtomicU64::new(0));
    let writing = tokio::spawn({
        let (engine, taken) = (engine.clone(), Arc::clone(&taken));
        async move {
            for batch in 0..60 {
                engine.write("n", (batch * BATCH..(batch + 1) * BATCH).map(put).collect()).await.unwrap();
                taken.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
    for turn in 0..20 {
        tokio::time::sleep(Duration::from_millis(turn * 3)).await;
        judge(folder.path(), &taken).await;
    }
    writing.await.unwrap();
    assert!(judge(folder.path(), &taken).await);
    assert_eq!(total(&engine, "n").await, 60 * BATCH);
}

/// Whether a copy of the folder could be opened. If so, it has what was taken before, and whole batches only.
async fn judge(folder: &Path, taken: &AtomicU64) -> bool {
    let copied = tempfile::tempdir().unwrap();
    let before = taken.load(Ordering::SeqCst);
    copy(folder, copied.path()).unwrap();
    let after = taken.load(Ordering::SeqCst);
    let Ok(found) = Embedded::open(copied.path()) else { return false };
    let documents = total(&found, "n").await;
    assert_eq!(documents % BATCH, 0);
    let batches = documents / BATCH;
    assert!((before..=after + 1).contains(&batches), "{before} to {after}, but {batches}");
    for number in (0..documents).step_by(7) {
        let document = found.document("n", &number.to_string()).await.unwrap().unwrap();
        assert_eq!(document["number"], number);
    }
    let parts = Query::Nested { path: "parts".into(), query: Box::new(Query::Exists("parts.of".into())) };
    assert_eq!(found.search("n", &Search::new(parts)).await.unwrap().total, documents);
    true
}
