use std::{fs, path::Path, sync::Arc, time::Duration};

use transfer::{
    Ended, LocalFile, Naming, Pace, SMALLEST_PART, Sent, UploadOptions, Watch, collect, into_records,
    manifest, merged_table, upload,
};

use crate::{
    commons::{Stand, md5, noise},
    watched::Watched,
};

const PART: usize = SMALLEST_PART as usize;

fn options(folder: &Path) -> UploadOptions {
    UploadOptions {
        authz: Vec::new(),
        bucket: None,
        with_metadata: false,
        again: false,
        parallel: 3,
        largest_whole: SMALLEST_PART,
        part_size: SMALLEST_PART,
        pace: Arc::new(Pace::new(None)),
        wait: None,
        journal: folder.join("journal"),
    }
}

fn file(folder: &Path, name: &str, bytes: &[u8]) -> LocalFile {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    LocalFile { path, name: name.to_owned(), guid: None }
}

async fn run(stand: &Stand, files: &[LocalFile], options: &UploadOptions) -> (Arc<Watched>, Vec<Sent>) {
    let watched = Arc::new(Watched::default());
    let watch: Arc<dyn Watch> = watched.clone();
    let sent = upload(&stand.commons(), files, options, &watch).await.unwrap();
    (watched, sent)
}

#[tokio::test]
async fn small_files_are_sent_by_one_request_that_has_nothing_but_their_length() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let files = [file(folder.path(), "a", b"hello"), file(folder.path(), "empty", b"")];
    let options = UploadOptions { authz: vec!["/programs/x".to_owned()], ..options(folder.path()) };
    let (watched, sent) = run(&stand, &files, &options).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved), Ok(Ended::Moved)]);
    assert_eq!((sent[0].md5.as_str(), sent[0].size), ("5d41402abc4b2a76b9719d911017c592", 5));
    let put = stand.of_store("PUT").into_iter().find(|put| put.body == b"hello").unwrap();
    assert_eq!(put.headers["content-length"], "5");
    for header in ["authorization", "content-type", "transfer-encoding", "expect"] {
        assert!(!put.headers.contains_key(header), "{header}");
    }
    let asked =
        stand.with(|state| state.log.iter().find(|one| one.path == "/user/data/upload").unwrap().json());
    assert_eq!(asked["authz"][0], "/programs/x");
    let table = merged_table("", &sent).unwrap();
    assert!(table.starts_with("guid\tmd5\tsize\tfile_name\tsha256\n"), "{table}");
    assert_eq!(manifest::read(&table).unwrap().len(), 2);
    assert_eq!(merged_table(&table, &sent).unwrap(), table);
    let other = Sent { guid: "other".to_owned(), ..sent[0].clone() };
    assert_eq!(merged_table(&table, &[other]).unwrap().lines().count(), 4, "rows of earlier runs stay");
    assert!(merged_table("my notes\n", &sent).is_err());
}

#[tokio::test]
async fn what_was_sent_is_not_sent_again_until_it_changes() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let files = [file(folder.path(), "a", b"one")];
    run(&stand, &files, &options(folder.path())).await;
    let (watched, sent) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!((watched.ends(), sent.len()), (vec![Ok(Ended::Present)], 1));
    assert_eq!(stand.of_store("PUT").len(), 1);
    let files = [file(folder.path(), "a", b"other")];
    assert_eq!(run(&stand, &files, &options(folder.path())).await.0.ends(), [Ok(Ended::Moved)]);
    let again = UploadOptions { again: true, ..options(folder.path()) };
    assert_eq!(run(&stand, &files, &again).await.0.ends(), [Ok(Ended::Moved)]);
    assert_eq!(stand.of_store("PUT").len(), 3);
}

#[tokio::test]
async fn large_files_are_sent_in_parts_whatever_fails() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(3 * PART + 7);
    let files = [file(folder.path(), "a", &bytes)];
    stand.with(|state| state.faults.refusals = [503, 403, 500].into());
    let waiting = UploadOptions { wait: Some(Duration::from_secs(5)), ..options(folder.path()) };
    let (watched, sent) = run(&stand, &files, &waiting).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(sent[0].md5, md5(&bytes));
    assert!(stand.with(|state| state.objects[&sent[0].guid].bytes == bytes));
    assert_eq!(watched.moved(), bytes.len() as i64);
}

#[tokio::test]
async fn parts_that_are_there_are_not_sent_again_after_a_break() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(4 * PART);
    let files = [file(folder.path(), "a", &bytes)];
    let one = UploadOptions { parallel: 1, ..options(folder.path()) };
    // Two parts arrive; then the store is away for longer than is tried.
    stand.with(|state| state.faults.refusals.clear());
    let stop = async {
        while stand.of_store("PUT").len() < 2 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stand.with(|state| state.faults.refusals = [503; 4].into());
    };
    let ((watched, sent), ()) = tokio::join!(run(&stand, &files, &one), stop);
    assert_eq!((watched.ends(), sent.len()), (vec![Err("refused")], 0));
    let arrived = stand.with(|state| state.uploads.values().next().unwrap().parts.len());
    assert!((2..4).contains(&arrived), "{arrived}");
    stand.with(|state| {
        state.faults.refusals.clear();
        state.log.clear();
    });
    let (watched, sent) = run(&stand, &files, &one).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(stand.of_store("PUT").len(), 4 - arrived);
    assert!(stand.with(|state| state.objects[&sent[0].guid].bytes == bytes));
    assert_eq!(stand.with(|state| state.objects.len()), 1, "no second record");
}

#[tokio::test]
async fn an_upload_that_the_store_has_given_up_begins_again_for_the_same_record() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(2 * PART);
    let files = [file(folder.path(), "a", &bytes)];
    let one = UploadOptions { parallel: 1, ..options(folder.path()) };
    stand.with(|state| state.faults.refusals = [503; 4].into());
    assert_eq!(run(&stand, &files, &one).await.0.ends(), [Err("refused")]);
    stand.with(|state| state.uploads.clear());
    let (watched, sent) = run(&stand, &files, &one).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)], "{:?}", watched.told());
    assert!(stand.with(|state| state.objects[&sent[0].guid].bytes == bytes));
    assert_eq!(stand.with(|state| state.objects.len()), 1);
}

#[tokio::test]
async fn parts_that_were_refused_are_not_there_whatever_size_the_record_had() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(2 * PART);
    stand.put("given", "a", noise(2 * PART + 1)[1..].to_vec());
    let mut files = [file(folder.path(), "a", &bytes)];
    files[0].guid = Some("given".to_owned());
    stand.with(|state| state.faults.complete_refusals = [400].into());
    let (watched, sent) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!((watched.ends(), sent), (vec![Err("refused")], Vec::new()));
    // The store has lost the upload between two tries; the size is that of the bytes before.
    stand.with(|state| state.faults.complete_refusals = [503, 404, 503, 404].into());
    let (watched, sent) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!((watched.ends(), sent), (vec![Err("not_found")], Vec::new()));
    let (watched, _) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert!(stand.with(|state| state.objects["given"].bytes == bytes));
}

#[tokio::test]
async fn parts_are_there_when_only_the_answer_was_lost() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(2 * PART);
    let files = [file(folder.path(), "a", &bytes)];
    stand.with(|state| state.faults.lost_completions = 1);
    let (watched, sent) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)], "{:?}", watched.told());
    assert!(stand.with(|state| state.objects[&sent[0].guid].bytes == bytes));
    assert_eq!(stand.of_store("PUT").len(), 2);
}

#[test]
fn no_two_files_are_for_one_record() {
    let folder = tempfile::tempdir().unwrap();
    let table = Path::new("into.tsv");
    let read = |text: &str| manifest::read(text).unwrap();
    fs::create_dir(folder.path().join("d")).unwrap();
    let one = file(folder.path(), "a", b"1");
    let other = LocalFile { name: "a".to_owned(), ..file(folder.path(), "d/a", b"2") };
    let entries = read("guid\tfile_name\ng1\ta\ng2\tb\n");
    let mut files = [one.clone(), file(folder.path(), "b", b"3")];
    into_records(&mut files, &entries, table).unwrap();
    assert_eq!(files.map(|file| file.guid.unwrap()), ["g1", "g2"]);
    let told = into_records(&mut [one.clone(), other], &entries, table).unwrap_err().to_string();
    assert!(told.contains("the one record g1") && told.contains("d/a"), "{told}");
    let same = read("guid\tfile_name\ng1\ta\ng1\tb\n");
    let told = into_records(&mut [one.clone(), file(folder.path(), "b", b"3")], &same, table);
    assert!(told.unwrap_err().to_string().contains("the one record g1"));
    let twice = read("guid\tfile_name\ng1\ta\ng2\ta\n");
    let told = into_records(&mut [one], &twice, table).unwrap_err().to_string();
    assert!(told.contains("has \"a\" twice"), "{told}");
}

#[tokio::test]
async fn a_record_that_was_made_is_used_when_its_bytes_did_not_arrive() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let files = [file(folder.path(), "a", b"x")];
    stand.with(|state| state.faults.refusals = [500; 4].into());
    assert_eq!(run(&stand, &files, &options(folder.path())).await.0.ends(), [Err("refused")]);
    let (watched, sent) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(stand.with(|state| state.objects.keys().cloned().collect::<Vec<_>>()), [sent[0].guid.clone()]);
}

#[tokio::test]
async fn bytes_for_a_record_that_is_there_go_into_it() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("given", "a", Vec::new());
    let mut files = [file(folder.path(), "a", b"for the record")];
    files[0].guid = Some("given".to_owned());
    let (watched, sent) = run(&stand, &files, &options(folder.path())).await;
    assert_eq!((watched.ends(), sent[0].guid.as_str()), (vec![Ok(Ended::Moved)], "given"));
    assert_eq!(stand.with(|state| state.objects["given"].bytes.clone()), b"for the record");
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_sent_is_told() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let files = [file(folder.path(), "a", &noise(100_000))];
    stand.with(|state| state.faults.refusals = [503].into());
    let path = files[0].path.clone();
    let change = async {
        while stand.of_store("PUT").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        fs::write(path, noise(100_001)).unwrap();
    };
    let options = options(folder.path());
    let ((watched, sent), ()) = tokio::join!(run(&stand, &files, &options), change);
    assert_eq!((watched.ends(), sent), (vec![Err("changed")], Vec::new()));
}

#[test]
fn the_journal_is_no_file_to_send() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["a", "journal"] {
        fs::write(folder.path().join(name), name).unwrap();
    }
    let found = collect(&[folder.path().to_owned()], Naming::Base, &[folder.path().join("journal")]).unwrap();
    assert_eq!(found.len(), 1);
}
