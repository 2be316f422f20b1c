//! Verifying and exporting a folder.

use std::fs;

use objectstore::{
    export::{self, Versions},
    verify,
};

use super::*;

/// The files with bytes of objects, of the largest first.
fn data(folder: &Path) -> Vec<std::path::PathBuf> {
    let (mut folders, mut files) = (vec![folder.join(".objects")], Vec::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_none_or(|kind| kind != "json") {
                files.push(path);
            }
        }
    }
    files.sort_by_key(|path| std::cmp::Reverse(fs::metadata(path).unwrap().len()));
    files
}

fn verified(folder: &Path) -> (verify::Report, Vec<verify::Damage>) {
    let mut damaged = Vec::new();
    let report = verify::run(folder, verify::Options::default(), |event| {
        if let verify::Event::Damaged(damage) = event {
            damaged.push(damage.clone());
        }
    });
    (report.unwrap(), damaged)
}

async fn filled(folder: &Path) -> EmbeddedS3 {
    let endpoint = start(folder);
    let store = store(&endpoint);
    for (key, content) in [("a", "the longest of all"), ("a/b", "content"), ("x//y", "")] {
        store.write(key, content).await.unwrap();
    }
    let upload = store.create_multipart("parts").await.unwrap();
    let url = store.presign("parts", Access::Part { upload_id: &upload, number: 4 }, HOUR, &[]);
    let answer = http().put(url).body("a part").send().await.unwrap();
    let etag = answer.headers()["etag"].to_str().unwrap().to_owned();
    store.complete_multipart("parts", &upload, &[Part { number: 4, etag }]).await.unwrap();
    endpoint
}

#[tokio::test]
async fn every_kind_of_damage_is_found_while_the_store_runs() {
    let folder = tempfile::tempdir().unwrap();
    let _endpoint = filled(folder.path()).await;
    let (report, damaged) = verified(folder.path());
    assert_eq!((report.objects, report.bytes, damaged.len()), (4, 31, 0));
    let file = data(folder.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let mut rotten = whole.clone();
    rotten[3] ^= 1;
    for (content, what) in [
        (Some(&rotten[..]), "its bytes do not have their digest"),
        (Some(&whole[1..]), "its bytes are not as many as they were"),
        (None, "its bytes are missing"),
    ] {
        match content {
            Some(content) => fs::write(&file, content).unwrap(),
            None => fs::remove_file(&file).unwrap(),
        }
        let (report, damaged) = verified(folder.path());
        assert_eq!((report.objects, report.damaged), (4, 1), "{what}");
        assert_eq!((damaged[0].key.as_deref(), damaged[0].what), (Some("a"), what));
        assert!(damaged[0].file.starts_with(".objects"));
    }
    fs::write(&file, &whole).unwrap();
    let record = file.with_extension("json");
    let text = fs::read_to_string(&record).unwrap();
    fs::write(&record, text.replace("the", "teh").replacen("\"size\":18", "\"size\":19", 1)).unwrap();
    let (_, damaged) = verified(folder.path());
    assert_eq!((damaged[0].key.as_deref(), damaged[0].what), (None, "its record is damaged"));
}

#[tokio::test]
async fn verifying_goes_on_where_it_was_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let _endpoint = filled(folder.path()).await;
    let note = folder.path().join(".verify.json");
    let middle = format!("80{}", "0".repeat(62));
    let report = r#"{"objects":100,"bytes":1000,"without_digest":0,"damaged":3}"#;
    fs::write(&note, format!(r#"{{"bucket":"uploads","digest":"{middle}","report":{report}}}"#)).unwrap();
    let (report, _) = verified(folder.path());
    assert!((100..104).contains(&report.objects) && report.damaged == 3, "{report:?}");
    assert!(!note.exists(), "it is at its end");
    fs::write(&note, "torn").unwrap();
    assert_eq!(verified(folder.path()).0.objects, 4);
}

#[tokio::test]
async fn an_export_is_plain_files_and_a_second_one_writes_only_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = filled(folder.path()).await;
    let target = tempfile::tempdir().unwrap();
    let export = || export::run(folder.path(), target.path(), Versions::Current, |_| {}).unwrap();
    let report = export();
    assert_eq!((report.objects, report.bytes, report.unchanged, report.damaged), (4, 31, 0, 0));
    for (file, content) in
        [("a", "the longest of all"), ("a%/b", "content"), ("x/%/y", ""), ("parts", "a part")]
    {
        assert_eq!(fs::read_to_string(target.path().join("uploads").join(file)).unwrap(), content, "{file}");
    }
    let list = fs::read_to_string(target.path().join("objects.tsv")).unwrap();
    assert_eq!(list.lines().count(), 5);
    assert!(list.contains("uploads\tx//y\tuploads/x/%25/y\t0\td41d8cd98f00b204e9800998ecf8427e\n"), "{list}");
    assert_eq!(export().unchanged, 4);
    store(&endpoint).write("a", "new").await.unwrap();
    let report = export();
    assert_eq!((report.objects, report.unchanged), (4, 3));
    assert_eq!(fs::read_to_string(target.path().join("uploads/a")).unwrap(), "new");
    let file = data(folder.path()).into_iter().find(|file| fs::read(file).unwrap() == b"content").unwrap();
    fs::write(file, "rotten!").unwrap();
    fs::remove_file(target.path().join("uploads/a%/b")).unwrap();
    let report = export();
    assert_eq!((report.objects, report.damaged), (3, 1));
    assert!(!target.path().join("uploads/a%/b").exists());
}

#[tokio::test]
async fn a_second_export_goes_around_what_the_first_one_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = store(&endpoint);
    let target = tempfile::tempdir().unwrap();
    let export = || export::run(folder.path(), target.path(), Versions::Current, |_| {}).unwrap();
    let exported = |files: &[(&str, &str)]| {
        let list = fs::read_to_string(target.path().join("objects.tsv")).unwrap();
        for (file, content) in files {
            let path = format!("uploads/{file}");
            assert_eq!(fs::read_to_string(target.path().join(&path)).unwrap(), *content, "{file}");
            assert!(list.contains(&path.replace('%', "%25")), "{file}: {list}");
        }
        assert_eq!(list.lines().count(), files.len() + 1, "{list}");
    };
    store.write("a/b", "below").await.unwrap();
    store.write("f", "a file").await.unwrap();
    export();
    exported(&[("a/b", "below"), ("f", "a file")]);
    // A file where a folder is, and a folder where a file is.
    store.write("a", "above").await.unwrap();
    store.delete("f").await.unwrap();
    store.write("f/g", "now below").await.unwrap();
    assert_eq!(export().unchanged, 1);
    exported(&[("a/b", "below"), ("a%%", "above"), ("f%/g", "now below")]);
    assert_eq!(export().unchanged, 3, "the names stay as they are");
}

#[tokio::test]
async fn the_store_is_not_exported_into_itself() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("uploads");
    fs::create_dir(&store).unwrap();
    let _endpoint = filled(&store).await;
    std::os::unix::fs::symlink(&store, folder.path().join("link")).unwrap();
    // The last one has a bucket where the store is.
    for target in ["uploads", "uploads/new/folder", "link", "link/new", ""] {
        let refused =
            export::run(&store, &folder.path().join(target), Versions::Current, |_| {}).unwrap_err();
        assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput, "{target}");
    }
    assert!(!store.join("new").exists());
    assert_eq!(
        export::run(&store, &folder.path().join("beside/it"), Versions::Current, |_| {}).unwrap().objects,
        4
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_replaced_while_it_is_read_is_not_taken_for_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let endpoint = start(folder.path());
    let store = std::sync::Arc::new(store(&endpoint));
    let stop = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers = (0..4).map(|writer| {
        let (store, stop) = (store.clone(), stop.clone());
        tokio::spawn(async move {
            let key = format!("k{writer}");
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                store.write(&key, vec![b'a'; 300_000]).await.unwrap();
                store.delete(&key).await.unwrap();
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    for _ in 0..60 {
        let folder = folder.path().to_owned();
        let damaged = tokio::task::spawn_blocking(move || {
            let target = tempfile::tempdir().unwrap();
            let (report, damaged) = verified(&folder);
            let exported = export::run(&folder, target.path(), Versions::Current, |_| {}).unwrap();
            (report.damaged, damaged, exported.damaged)
        });
        assert_eq!(damaged.await.unwrap(), (0, Vec::new(), 0));
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
}

/// What cannot be read, as on a disk with lost sectors: here a folder in the place of a file, and a file in
/// the place of a folder.
#[tokio::test]
async fn what_cannot_be_read_is_told_and_does_not_hide_the_rest() {
    let folder = tempfile::tempdir().unwrap();
    let _endpoint = filled(folder.path()).await;
    let bytes = data(folder.path()).remove(0);
    fs::remove_file(&bytes).unwrap();
    fs::create_dir(&bytes).unwrap();
    let record = data(folder.path()).remove(0).with_extension("json");
    fs::remove_file(&record).unwrap();
    fs::create_dir(&record).unwrap();
    let shards = fs::read_dir(folder.path().join(".objects/uploads")).unwrap();
    let empty =
        shards.map(|shard| shard.unwrap().path()).find(|shard| fs::remove_dir(shard).is_ok()).unwrap();
    fs::write(&empty, "in the place of a folder").unwrap();
    let (report, damaged) = verified(folder.path());
    assert_eq!((report.objects, report.damaged), (4, 3), "{damaged:?}");
    let mut what: Vec<&str> = damaged.iter().map(|damage| damage.what).collect();
    what.sort_unstable();
    let wanted =
        ["its bytes cannot be read", "its record cannot be read", "the names in the folder cannot be read"];
    assert_eq!(what, wanted);
    let target = tempfile::tempdir().unwrap();
    let report = export::run(folder.path(), target.path(), Versions::Current, |_| {}).unwrap();
    assert_eq!((report.objects, report.damaged), (2, 3));
}
