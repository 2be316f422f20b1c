use std::collections::BTreeMap;

use super::*;
use crate::{
    draft,
    index::{Index, VersionEntry, Wanted},
    layout::Layout,
};

const KEYS: [&str; 4] = ["a", "a/b", "a\0", "b"];

/// A version as the oracle knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Known {
    version: Version,
    /// `None` for a delete marker.
    content: Option<String>,
}

/// What a bucket has, said in the simplest way: of each key its versions, the newest first.
#[derive(Debug, Default)]
struct Oracle {
    versioning: Versioning,
    keys: BTreeMap<&'static str, Vec<Known>>,
}

impl Oracle {
    fn add(&mut self, key: &'static str, known: Known) {
        let versions = self.keys.entry(key).or_default();
        if known.version == Version::Null {
            versions.retain(|other| other.version != Version::Null);
        }
        versions.insert(0, known);
    }

    fn current(&self, key: &str) -> Option<&Known> {
        self.keys.get(key)?.first().filter(|known| known.content.is_some())
    }
}

struct Store {
    root: tempfile::TempDir,
    disk: Disk,
}

fn open(root: &std::path::Path) -> Disk {
    draft::prepare(root).unwrap();
    let layout = Layout::new(root);
    layout.prepare().unwrap();
    let index = Index::open(&layout).unwrap();
    Disk::new(layout, index)
}

fn store() -> Store {
    let root = tempfile::tempdir().unwrap();
    draft::prepare(root.path()).unwrap();
    let layout = Layout::new(root.path());
    layout.prepare().unwrap();
    layout.make_bucket("b").unwrap();
    drop(layout);
    Store { disk: open(root.path()), root }
}

impl Store {
    /// Opens it anew: in good order, or as after a crash that lost the index.
    fn again(self, is_lost: bool) -> Self {
        let Self { root, disk } = self;
        disk.index().close();
        drop(disk);
        if is_lost {
            fs::remove_dir_all(root.path().join(".index")).unwrap();
        }
        Self { disk: open(root.path()), root }
    }

    fn put(&self, key: &str, content: &str) -> Version {
        let record = Record::of_file(key, content.len() as u64, "aa".into());
        let draft = Draft::with(self.root.path(), content.as_bytes()).unwrap();
        let version = self.disk.put("b", &record, Some(draft), &Conditions::default()).unwrap();
        version.unwrap_or(Version::Null)
    }

    fn delete(&self, key: &str, meant: Meant) -> Deleted {
        self.disk.delete("b", key, meant, &Conditions::default()).unwrap()
    }

    fn read(&self, key: &str, meant: Meant) -> Result<String, String> {
        let found = self.disk.find("b", key, meant).map_err(|error| error.code().as_str().to_owned())?;
        Ok(fs::read_to_string(found.place.data(found.record.data)).unwrap())
    }

    fn place(&self, key: &str) -> Place {
        self.disk.layout().place("b", key)
    }

    /// All versions, page by page.
    fn listed(&self, most: usize) -> Vec<(String, Version, bool, bool)> {
        let mut wanted = WantedVersions { prefix: String::new(), delimiter: None, after: None, most };
        let mut listed = Vec::new();
        loop {
            let page = self.disk.versions("b", &wanted, None).unwrap();
            for entry in page.entries {
                let VersionEntry::Version(version) = entry else { panic!("there is no delimiter") };
                listed.push((version.key, version.version, version.is_latest, version.is_marker));
            }
            let Some((key, version)) = page.next else { return listed };
            let meant = version.map_or(Meant::Current, Meant::This);
            wanted.after = self.disk.after("b", &key, meant).unwrap();
        }
    }

    /// Files of bytes.
    fn data(&self) -> usize {
        let shards = (0..=u8::MAX).map(|first| self.disk.layout().shard("b", first));
        let names = shards.flat_map(|shard| fs::read_dir(shard).unwrap());
        let names = names.filter_map(|entry| read_name(entry.unwrap().file_name().to_str().unwrap()));
        names.filter(|(_, kind)| matches!(kind, Kind::Data(_))).count()
    }

    fn is_as(&self, oracle: &Oracle) {
        let wanted = Wanted { prefix: String::new(), delimiter: None, after: None, most: 100 };
        let page = self.disk.list("b", &wanted).unwrap();
        let current = KEYS.iter().filter(|key| oracle.current(key).is_some()).count();
        assert_eq!(page.entries.len(), current);
        let mut all = Vec::new();
        for key in KEYS {
            let wanted = oracle.current(key).and_then(|known| known.content.clone());
            assert_eq!(self.read(key, Meant::Current).ok(), wanted, "{key:?}");
            let versions = oracle.keys.get(key).map(Vec::as_slice).unwrap_or_default();
            for (place, known) in versions.iter().enumerate() {
                let read = self.read(key, Meant::This(known.version));
                let wanted = known.content.clone().ok_or_else(|| "MethodNotAllowed".to_owned());
                assert_eq!(read, wanted, "{key:?} {known:?}");
                all.push((key.to_owned(), known.version, place == 0, known.content.is_none()));
            }
        }
        all.sort_by(|one, other| one.0.cmp(&other.0));
        for most in [1, 2, 100] {
            assert_eq!(self.listed(most), all, "{most} on a page");
        }
        assert_eq!(self.data(), all.iter().filter(|(.., is_marker)| !is_marker).count());
    }
}

#[test]
fn versions_are_what_a_simple_list_of_them_says_through_any_history() {
    for seed in 1..=6_u64 {
        let (mut store, mut oracle) = (store(), Oracle::default());
        let mut state = seed;
        let mut random = |below: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % below
        };
        for step in 0..60 {
            let key = KEYS[random(4) as usize];
            match random(12) {
                0 => {
                    oracle.versioning =
                        if random(3) == 0 { Versioning::Suspended } else { Versioning::Enabled };
                    store.disk.set_versioning("b", oracle.versioning).unwrap();
                }
                1..=5 => {
                    let content = format!("{seed} {step}");
                    let version = store.put(key, &content);
                    let is_kept = oracle.versioning == Versioning::Enabled;
                    assert_eq!(version != Version::Null, is_kept);
                    oracle.add(key, Known { version, content: Some(content) });
                }
                6..=7 => {
                    let deleted = store.delete(key, Meant::Current);
                    match deleted.version {
                        None => drop(oracle.keys.remove(key)),
                        Some(shown) => {
                            let Ok(Meant::This(version)) = Meant::read(Some(&shown)) else {
                                panic!("{shown}")
                            };
                            oracle.add(key, Known { version, content: None });
                        }
                    }
                }
                8..=9 => {
                    let versions = oracle.keys.entry(key).or_default();
                    if !versions.is_empty() {
                        let known = versions.remove(random(versions.len() as u64) as usize);
                        let deleted = store.delete(key, Meant::This(known.version));
                        assert_eq!(deleted.is_marker, known.content.is_none());
                    }
                }
                10 => store = store.again(random(2) == 0),
                _ => {
                    // The index is being mended: the records are the truth.
                    store.disk.index().doubt();
                    let content = format!("{seed} {step} meanwhile");
                    let version = store.put(key, &content);
                    oracle.add(key, Known { version, content: Some(content) });
                    let deleted = store.delete(key, Meant::This(version));
                    assert!(!deleted.is_marker);
                    oracle.keys.entry(key).or_default().remove(0);
                    store.disk.index().maintain(store.disk.layout()).unwrap();
                }
            }
            store.is_as(&oracle);
        }
    }
}

#[test]
fn whoever_was_cut_off_leaves_the_old_state_or_the_new_one() {
    let cut_off = |damage: &dyn Fn(&Store)| {
        let store = store();
        store.disk.set_versioning("b", Versioning::Enabled).unwrap();
        let (first, second) = (store.put("k", "first"), store.put("k", "second"));
        damage(&store);
        let store = store.again(true);
        let contents = [first, second].map(|version| store.read("k", Meant::This(version)).unwrap());
        assert_eq!(contents, ["first", "second"]);
        store
    };
    // The current one was written aside, and its successor is not there yet.
    let store = cut_off(&|store| {
        let place = store.place("k");
        let current = Record::read(&place.record()).unwrap().unwrap();
        fs::copy(place.record(), place.version(current.version())).unwrap();
    });
    assert_eq!(store.listed(9).len(), 2);
    assert_eq!(store.read("k", Meant::Current).unwrap(), "second");
    // The delete marker is there, and the record of what it hides still is.
    let store = cut_off(&|store| {
        let place = store.place("k");
        let current = fs::read(place.record()).unwrap();
        store.delete("k", Meant::Current);
        fs::write(place.record(), current).unwrap();
    });
    assert_eq!(store.read("k", Meant::Current).unwrap_err(), "NoSuchKey");
    assert_eq!(store.listed(9).len(), 3);
    // The delete marker is deleted, and what it hid is not current yet.
    let store = cut_off(&|store| {
        store.delete("k", Meant::Current);
        let marker = store.listed(1)[0].1;
        fs::remove_file(store.place("k").version(marker)).unwrap();
    });
    assert_eq!(store.read("k", Meant::Current).unwrap(), "second");
}

#[test]
fn a_damaged_record_keeps_its_bytes_and_the_other_versions() {
    let store = store();
    store.disk.set_versioning("b", Versioning::Enabled).unwrap();
    let (first, second, third) = (store.put("k", "first"), store.put("k", "second"), store.put("k", "third"));
    fs::write(store.place("k").version(second), "damaged").unwrap();
    let store = store.again(true);
    assert_eq!(store.read("k", Meant::This(first)).unwrap(), "first");
    assert_eq!(store.read("k", Meant::Current).unwrap(), "third");
    assert_eq!(store.read("k", Meant::This(second)).unwrap_err(), "InternalError");
    assert_eq!(store.data(), 3);
    store.delete("k", Meant::This(second));
    store.disk.index().maintain(store.disk.layout()).unwrap();
    assert_eq!(store.listed(9).len(), 2);
    // Nothing takes the place of a damaged current one by itself.
    fs::write(store.place("k").record(), "damaged").unwrap();
    store.delete("k", Meant::This(first));
    assert_eq!(store.read("k", Meant::Current).unwrap_err(), "InternalError");
    assert_ne!(store.put("k", "fourth"), third);
    assert_eq!(store.read("k", Meant::Current).unwrap(), "fourth");
}

#[test]
fn the_parts_of_a_version_are_its_own_though_another_one_is_current() {
    let store = store();
    store.disk.set_versioning("b", Versioning::Enabled).unwrap();
    let old = store.put("k", "old");
    store.put("k", "new");
    let record = store.disk.record_of("b", "k", old.id()).unwrap().unwrap();
    assert_eq!(record.version(), old);
    assert!(store.disk.record_of("b", "k", uuid::Uuid::new_v4()).unwrap().is_none());
}
