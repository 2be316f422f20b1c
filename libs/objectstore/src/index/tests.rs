use std::time::{Duration, SystemTime};

use super::{summary::Summary, *};

struct Fixture {
    root: tempfile::TempDir,
    layout: Layout,
}

fn fixture() -> Fixture {
    let root = tempfile::tempdir().unwrap();
    crate::draft::prepare(root.path()).unwrap();
    let layout = Layout::new(root.path());
    layout.prepare().unwrap();
    layout.make_bucket("bucket").unwrap();
    Fixture { root, layout }
}

impl Fixture {
    fn open(&self) -> Index {
        Index::open(&self.layout).unwrap()
    }

    /// Writes a record and its data, without the index.
    fn write(&self, key: &str) -> Record {
        let record = Record::of_file(key, 1, "aa".into());
        let place = self.layout.place("bucket", key);
        fs::write(place.data(record.data), "x").unwrap();
        fs::write(place.record(), record.encode()).unwrap();
        record
    }

    fn put(&self, index: &Index, key: &str) {
        let place = self.layout.place("bucket", key);
        let record = Record::of_file(key, 1, "aa".into());
        index.put("bucket", &place.digest, &record, || Ok(self.write(key))).unwrap();
    }

    fn remove(&self, index: &Index, key: &str) {
        let place = self.layout.place("bucket", key);
        index.remove("bucket", &place.digest, || fs::remove_file(place.record())).unwrap();
    }
}

fn wanted(prefix: &str, delimiter: Option<&str>, most: usize) -> Wanted {
    Wanted { prefix: prefix.into(), delimiter: delimiter.map(str::to_owned), after: None, most }
}

fn name(entry: &Entry) -> &str {
    match entry {
        Entry::Object { key, .. } => key,
        Entry::Prefix(prefix) => prefix,
    }
}

fn names(page: &Page) -> Vec<&str> {
    page.entries.iter().map(name).collect()
}

fn keys(index: &Index) -> Vec<String> {
    let page = index.page("bucket", &wanted("", None, 1000)).unwrap();
    names(&page).into_iter().map(str::to_owned).collect()
}

#[test]
fn pages_follow_each_other_without_gaps_and_repetitions() {
    let fixture = fixture();
    let index = fixture.open();
    for key in ["c", "b/2", "a/b", "é/x", "a", "b/1", "a/", "b0"] {
        fixture.put(&index, key);
    }
    assert_eq!(keys(&index), ["a", "a/", "a/b", "b/1", "b/2", "b0", "c", "é/x"]);
    let by_folder = index.page("bucket", &wanted("", Some("/"), 9)).unwrap();
    assert_eq!(names(&by_folder), ["a", "a/", "b/", "b0", "c", "é/"]);
    for (prefix, delimiter) in [("", None), ("", Some("/")), ("b", Some("/")), ("b/", None)] {
        let whole = index.page("bucket", &wanted(prefix, delimiter, 100)).unwrap();
        assert_eq!(whole.next, None);
        for most in 1..4 {
            let mut pieces = Vec::new();
            let mut query = wanted(prefix, delimiter, most);
            loop {
                let piece = index.page("bucket", &query).unwrap();
                assert!(piece.entries.len() == most || piece.next.is_none());
                pieces.extend(piece.entries);
                match piece.next {
                    Some(next) => query.after = Some(next),
                    None => break,
                }
            }
            assert_eq!(pieces, whole.entries, "{prefix:?} {delimiter:?} {most}");
        }
    }
    assert!(index.page("bucket", &wanted("", None, 0)).unwrap().entries.is_empty());
    assert!(index.page("other", &wanted("", None, 9)).unwrap().entries.is_empty());
}

#[test]
fn prefixes_and_delimiters_of_any_kind_are_texts() {
    let fixture = fixture();
    let index = fixture.open();
    for key in ["g/a", "g/bäc", "g/bäd", "h"] {
        fixture.put(&index, key);
    }
    let found = |prefix: &str, delimiter| {
        let page = index.page("bucket", &wanted(prefix, delimiter, 9)).unwrap();
        names(&page).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("g/", None), ["g/a", "g/bäc", "g/bäd"]);
    assert_eq!(found("g/", Some("ä")), ["g/a", "g/bä"]);
    assert_eq!(found("", Some("/")), ["g/", "h"]);
    assert_eq!(found("x", None), [""; 0]);
}

#[test]
fn an_index_that_is_missing_torn_or_behind_is_made_what_the_records_say() {
    let fixture = fixture();
    let file = fixture.root.path().join(FOLDER).join(FILE);
    let index = fixture.open();
    for key in ["kept", "deleted", "changed"] {
        fixture.put(&index, key);
    }
    index.close();
    assert!(fixture.root.path().join(FOLDER).join(CLEAN).exists());
    // Killed: what was written since is not in the index, and what was begun lies about.
    let index = fixture.open();
    fs::remove_file(fixture.layout.place("bucket", "deleted").record()).unwrap();
    fixture.write("new");
    let stray = fixture.layout.place("bucket", "kept").data(uuid::Uuid::new_v4());
    fs::write(&stray, "replaced").unwrap();
    drop(index);
    assert_eq!(keys(&fixture.open()), ["changed", "kept", "new"]);
    assert!(!stray.exists());
    for damage in ["missing", "cut", "garbage", "hole"] {
        match damage {
            "missing" => fs::remove_file(&file).unwrap(),
            "cut" => {
                let length = fs::metadata(&file).unwrap().len();
                fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(length / 2).unwrap();
            }
            "garbage" => fs::write(&file, vec![7; 100_000]).unwrap(),
            _ => {
                let mut content = fs::read(&file).unwrap();
                for byte in content.iter_mut().skip(4096).step_by(64) {
                    *byte = !*byte;
                }
                fs::write(&file, content).unwrap();
            }
        }
        assert_eq!(keys(&fixture.open()), ["changed", "kept", "new"], "{damage}");
    }
}

/// Damages each page of an index, but for its head. It is found when a page is used.
fn damage(file: &Path) {
    let mut content = fs::read(file).unwrap();
    for byte in content.iter_mut().skip(4096).step_by(4096) {
        *byte = !*byte;
    }
    fs::write(file, content).unwrap();
}

#[test]
fn an_index_that_is_damaged_after_a_stop_in_good_order_is_made_anew() {
    let fixture = fixture();
    let index = fixture.open();
    fixture.put(&index, "a");
    index.close();
    damage(&fixture.root.path().join(FOLDER).join(FILE));
    assert_eq!(keys(&fixture.open()), ["a"]);
}

#[test]
fn an_index_that_is_damaged_while_the_store_runs_is_mended() {
    for found_by in ["a list", "a write", "a deletion", "the end"] {
        let fixture = fixture();
        let index = fixture.open();
        // More than a page of them.
        let mut wanted: Vec<String> = (10..40).map(|key| format!("{key}{}", "x".repeat(900))).collect();
        for key in &wanted {
            fixture.put(&index, key);
        }
        index.close();
        let folder = fixture.root.path().join(FOLDER);
        // Nothing of it is kept in memory.
        let database = Builder::new().set_cache_size(0).create(folder.join(FILE)).unwrap();
        fs::remove_file(folder.join(CLEAN)).unwrap();
        damage(&folder.join(FILE));
        let (database, is_dirty, is_broken) = (RwLock::new(Some(database)), false.into(), false.into());
        let index = Index { folder, database, is_dirty, is_broken };
        match found_by {
            "a list" => assert!(index.page("bucket", &wanted_page()).is_err()),
            "a write" => {
                wanted.push("new".to_owned());
                fixture.put(&index, "new");
            }
            "a deletion" => fixture.remove(&index, &wanted.remove(0)),
            _ => index.close(),
        }
        let index = if found_by == "the end" {
            fixture.open()
        } else {
            assert!(index.is_broken.load(Ordering::Acquire), "{found_by}");
            index.maintain(&fixture.layout).unwrap();
            index
        };
        assert_eq!(keys(&index), wanted, "{found_by}");
        fixture.put(&index, "newer");
        index.close();
        assert_eq!(keys(&fixture.open()).len(), wanted.len() + 1, "{found_by}");
    }
}

fn wanted_page() -> Wanted {
    wanted("", None, 9)
}

#[test]
fn parts_of_an_upload_that_cannot_be_read_are_kept() {
    let fixture = fixture();
    let id = uuid::Uuid::new_v4();
    let parts = fixture.layout.place("bucket", "k").data(id);
    fs::create_dir(&parts).unwrap();
    let upload = fixture.root.path().join(".uploads").join(id.simple().to_string());
    // A folder in the place of a file cannot be read as one.
    fs::create_dir_all(upload.join("upload.json")).unwrap();
    drop(fixture.open());
    assert!(parts.exists());
    fs::remove_dir_all(&upload).unwrap();
    drop(fixture.open());
    assert!(!parts.exists());
}

#[test]
fn what_is_old_and_known_is_not_read_again() {
    let fixture = fixture();
    let index = fixture.open();
    for key in ["a", "b"] {
        fixture.put(&index, key);
    }
    index.maintain(&fixture.layout).unwrap();
    drop(index);
    // Damaged, as nobody sees who does not read it.
    let record = fixture.layout.place("bucket", "a").record();
    fs::write(&record, "damaged").unwrap();
    let long_ago = SystemTime::now() - Duration::from_secs(24 * 3600);
    fs::File::open(&record).unwrap().set_modified(long_ago).unwrap();
    assert_eq!(keys(&fixture.open()), ["a", "b"]);
}

#[test]
fn a_deleted_object_is_not_listed_and_a_failure_changes_nothing() {
    let fixture = fixture();
    let index = fixture.open();
    fixture.put(&index, "a");
    fixture.put(&index, "b");
    fixture.remove(&index, "a");
    let place = fixture.layout.place("bucket", "b");
    let failed: io::Result<()> =
        index.remove("bucket", &place.digest, || Err(io::Error::from(io::ErrorKind::StorageFull)));
    assert!(failed.is_err());
    assert_eq!(keys(&index), ["b"]);
}

#[test]
fn a_page_of_a_million_keys_costs_a_page() {
    const KEYS: usize = 1_000_000;
    let fixture = fixture();
    let index = fixture.open();
    let written = index.with(|database| {
        let mut transaction = database.begin_write().map_err(failure)?;
        transaction.set_durability(Durability::None).map_err(failure)?;
        {
            let name = tables("bucket").0;
            let mut keys = transaction.open_table(Table::new(&name)).map_err(failure)?;
            let summary = Summary::of(&Record::of_file("k", 1, "9a0364b9e99bb480dd25e1f0284c8555".into()));
            let summary = summary.encode();
            for number in 0..KEYS {
                let key = format!("study/{:03}/{:05}.bam", number / 10_000, number % 10_000);
                keys.insert(key.as_bytes(), summary.as_slice()).map_err(failure)?;
            }
        }
        transaction.commit().map_err(failure)
    });
    written.unwrap();
    // What is asked, and how many entries it has.
    for (prefix, delimiter, after, has) in [
        ("", None, None, 1000),
        ("", None, Some("study/050/05000.bam"), 1000),
        ("", None, Some("study/099/08999.bam"), 1000),
        ("", None, Some("study/099/09989.bam"), 10),
        ("study/077/", None, None, 1000),
        ("study/077/0000", None, None, 10),
        ("study/", Some("/"), None, 100),
        ("study/", Some("/"), Some("study/042/"), 57),
        ("study/", Some("/"), Some("study/042/05000.bam"), 57),
        ("study/0", Some("0.bam"), None, 1000),
        ("", Some("/"), None, 1),
        ("nothing", Some("/"), None, 0),
    ] {
        let after = after.map(str::to_owned);
        let page = index.page("bucket", &Wanted { after: after.clone(), ..wanted(prefix, delimiter, 1000) });
        let page = page.unwrap();
        assert_eq!(page.entries.len(), has, "{prefix} {delimiter:?} {after:?}");
        // One more says that there are more, and one is jumped over because it was told of before.
        assert!(page.looked_at <= has + 2, "{} entries for {prefix} {delimiter:?} {after:?}", page.looked_at);
        let query = WantedVersions {
            prefix: prefix.into(),
            delimiter: delimiter.map(str::to_owned),
            after: after.map(After::Key),
            most: 1000,
        };
        let page = index.versions("bucket", &query).unwrap();
        assert_eq!(page.entries.len(), has, "versions of {prefix}");
        // Whoever looks at one version has the next one at hand.
        assert!(page.looked_at <= 2 * (has + 2), "{} entries for versions of {prefix}", page.looked_at);
    }
}

#[test]
fn an_index_that_could_not_be_written_is_mended_while_the_store_runs() {
    let fixture = fixture();
    let index = fixture.open();
    fixture.put(&index, "a");
    index.break_off(&io::Error::from(io::ErrorKind::StorageFull));
    fixture.put(&index, "b");
    assert!(index.page("bucket", &wanted("", None, 9)).is_err(), "a list that may be wrong is none");
    index.maintain(&fixture.layout).unwrap();
    fixture.put(&index, "c");
    assert_eq!(keys(&index), ["a", "b", "c"]);
    index.close();
    assert_eq!(keys(&fixture.open()), ["a", "b", "c"]);
}
