use std::{fs, num::NonZeroU64, path::Path, time::Duration};

use serde_json::json;
use transfer::{
    DownloadOptions, Ended, Existing, NameFormat, Pace, Plan, Resolver, Verify, download, manifest::Entry,
};

use crate::{
    commons::{Stand, TOKEN, noise, retries},
    watched::Watched,
};

const KIB: usize = 1024;

fn options(folder: &Path) -> DownloadOptions {
    DownloadOptions {
        folder: folder.to_owned(),
        format: NameFormat::Original,
        existing: Existing::Keep,
        verify: Verify::Strongest,
        parallel: 4,
        part_size: 64 * KIB as u64,
        protocol: None,
        pace: Pace::new(None),
    }
}

fn entries(ids: &[&str]) -> Vec<Entry> {
    ids.iter().map(|id| Entry::of(transfer::Identifier::parse(id).unwrap())).collect()
}

async fn run_with(stand: &Stand, options: &DownloadOptions, ids: &[&str]) -> Watched {
    let resolver = Resolver::new(Some(stand.commons()), Vec::new(), None, retries());
    let resolved = resolver.all(entries(ids), 2, |_| ()).await;
    let watched = Watched::default();
    download(Plan::new(resolved, options), options, &watched).await.unwrap();
    watched
}

async fn run(stand: &Stand, folder: &Path, ids: &[&str]) -> Watched {
    run_with(stand, &options(folder), ids).await
}

/// Everything in a folder, so that nothing is overlooked that should not be there.
fn all_in(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for entry in fs::read_dir(next).unwrap().map(Result::unwrap) {
            match entry.path() {
                path if path.is_dir() => open.push(path),
                path => found.push(path.strip_prefix(folder).unwrap().display().to_string()),
            }
        }
    }
    found.sort();
    found
}

#[tokio::test]
async fn files_come_whole_and_are_compared_with_their_records() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    for number in 0..20 {
        stand.put(&format!("dg.1/g{number}"), &format!("d/{number}.bin"), noise(number * KIB));
    }
    let ids: Vec<String> = (0..20).map(|number| format!("dg.1/g{number}")).collect();
    let watched = run(&stand, folder.path(), &ids.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert!(watched.told().iter().all(|told| told.end == Ok(Ended::Moved) && told.checksums == ["md5"]));
    assert_eq!(watched.moved(), (0..20).map(|number| (number * KIB) as i64).sum::<i64>());
    assert_eq!(all_in(folder.path()).len(), 20);
    assert_eq!(fs::read(folder.path().join("d/7.bin")).unwrap(), noise(7 * KIB));
}

#[tokio::test]
async fn the_token_goes_to_the_commons_and_never_with_a_signed_url() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(10));
    run(&stand, folder.path(), &["a"]).await;
    let asked = |path: &str| {
        stand.with(|state| state.log.iter().find(|one| one.path.starts_with(path)).cloned().unwrap())
    };
    assert_eq!(asked("/user/data/download/").headers["authorization"], format!("Bearer {TOKEN}"));
    assert!(!asked("/store/").headers.contains_key("authorization"));
}

#[tokio::test]
async fn what_breaks_goes_on_where_it_broke() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(100 * KIB);
    stand.put("a", "a", bytes.clone());
    // Each try gets further, so that more of them may fail than are tried in vain.
    stand.with(|state| state.faults.breaks = [10 * KIB; 8].into());
    let watched = run(&stand, folder.path(), &["a"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), bytes);
    let ranges: Vec<_> = stand.of_store("GET").iter().map(|one| one.headers.get("range").cloned()).collect();
    assert_eq!(ranges[..3], [None, Some("bytes=10240-".to_owned()), Some("bytes=20480-".to_owned())]);
    assert_eq!(watched.moved(), bytes.len() as i64);
}

#[tokio::test]
async fn what_always_breaks_at_the_same_byte_is_given_up() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(100 * KIB));
    stand.with(|state| state.faults.breaks = [0; 50].into());
    let watched = run(&stand, folder.path(), &["a"]).await;
    assert_eq!(watched.ends(), [Err("unreachable")]);
    assert_eq!(stand.of_store("GET").len(), 4, "one try and three more");
    assert!(all_in(folder.path()).is_empty());
    assert!(!watched.told()[0].message.contains("secret"), "{}", watched.told()[0].message);
}

#[tokio::test]
async fn large_files_come_in_parts_whatever_breaks() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(1000 * KIB + 7);
    stand.put("a", "a", bytes.clone());
    stand.with(|state| state.faults.breaks = (0..30).map(|number| number * 3 * KIB).collect());
    let watched = run(&stand, folder.path(), &["a"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), bytes);
    assert_eq!(watched.moved(), bytes.len() as i64);
    assert_eq!(all_in(folder.path()), ["a"]);
}

#[tokio::test]
async fn a_url_that_has_ended_is_replaced_in_the_middle_of_a_file() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let (large, small) = (noise(700 * KIB), noise(90 * KIB));
    stand.put("large", "large", large.clone());
    stand.put("small", "small", small.clone());
    stand.with(|state| {
        state.faults.uses_of_url = Some(2);
        state.faults.breaks = [20 * KIB; 6].into();
    });
    let watched = run(&stand, folder.path(), &["large", "small"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved), Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("large")).unwrap(), large);
    assert_eq!(fs::read(folder.path().join("small")).unwrap(), small);
}

#[tokio::test]
async fn a_url_that_is_refused_however_new_is_a_refusal_without_the_url_in_it() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(10));
    stand.with(|state| state.faults.uses_of_url = Some(0));
    let watched = run(&stand, folder.path(), &["a"]).await;
    assert_eq!(watched.ends(), [Err("denied")]);
    assert_eq!(watched.told()[0].message, "downloading a: not permitted (the answer was 403)");
}

#[tokio::test]
async fn bytes_that_are_not_those_of_the_record_are_not_kept() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    for (guid, length) in [("large", 500 * KIB), ("small", KIB)] {
        stand.put(guid, guid, noise(length));
        stand.with(|state| state.objects.get_mut(guid).unwrap().bytes[100] ^= 1);
    }
    stand.put("size", "size", noise(KIB));
    stand.with(|state| state.objects.get_mut("size").unwrap().size = Some(KIB as u64 + 1));
    stand.put("more", "more", noise(KIB));
    stand.with(|state| {
        state.objects.get_mut("more").unwrap().size = Some(KIB as u64 - 1);
        state.faults.hides_length = true;
    });
    let watched = run(&stand, folder.path(), &["large", "small", "size", "more"]).await;
    assert_eq!(watched.ends(), [Err("checksum"), Err("size"), Err("size"), Err("checksum")]);
    assert!(all_in(folder.path()).is_empty(), "{:?}", all_in(folder.path()));
}

#[tokio::test]
async fn a_run_that_was_stopped_goes_on_and_reads_nothing_twice_that_was_noted() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(8000 * KIB);
    stand.put("a", "a", bytes.clone());
    stand.with(|state| state.faults.rate = Some(KIB / 2));
    let slow = DownloadOptions { part_size: 2000 * KIB as u64, ..options(folder.path()) };
    let is_noted = async {
        while !all_in(folder.path()).iter().any(|name| name.ends_with(".json")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        _ = run_with(&stand, &slow, &["a"]) => panic!("it was to be stopped in the middle"),
        () = is_noted => {}
    }
    assert_eq!(all_in(folder.path()).len(), 3, "bytes, note and lock: {:?}", all_in(folder.path()));
    stand.with(|state| {
        state.faults.rate = None;
        state.log.clear();
    });
    let watched = run_with(&stand, &slow, &["a"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), bytes);
    let begins: Vec<u64> = stand
        .of_store("GET")
        .iter()
        .skip(1)
        .map(|one| one.headers["range"]["bytes=".len()..].split_once('-').unwrap().0.parse().unwrap())
        .collect();
    assert_eq!(begins.len(), 4);
    assert!(begins.iter().all(|begin| begin % (2000 * KIB as u64) != 0), "{begins:?}");
    assert_eq!(all_in(folder.path()), ["a"]);
}

#[tokio::test]
async fn bytes_that_a_crash_has_lost_are_found_by_the_checksum_and_read_again() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(600 * KIB);
    stand.put("a", "a", bytes.clone());
    stand.with(|state| state.faults.breaks = [40 * KIB; 4].into_iter().chain([0; 200]).collect());
    assert_eq!(run(&stand, folder.path(), &["a"]).await.ends(), [Err("unreachable")]);
    let unfinished = fs::read_dir(folder.path().join(".commons-unfinished")).unwrap().map(Result::unwrap);
    let part =
        unfinished.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|end| end == "part"));
    fs::write(part.unwrap(), vec![0; 600 * KIB]).unwrap();
    stand.with(|state| state.faults.breaks.clear());
    assert_eq!(run(&stand, folder.path(), &["a"]).await.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), bytes);
}

#[tokio::test]
async fn an_object_that_was_replaced_between_two_runs_is_read_anew() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(600 * KIB));
    stand.with(|state| state.faults.breaks = [KIB; 1].into_iter().chain([0; 200]).collect());
    assert_eq!(run(&stand, folder.path(), &["a"]).await.ends(), [Err("unreachable")]);
    let mut other = noise(600 * KIB);
    other.reverse();
    stand.put("a", "a", other.clone());
    stand.with(|state| state.faults.breaks.clear());
    assert_eq!(run(&stand, folder.path(), &["a"]).await.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), other);
}

#[tokio::test]
async fn an_object_that_is_replaced_during_a_download_is_not_mixed_with_the_old_one() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(100 * KIB));
    stand.with(|state| {
        state.faults.breaks = [50 * KIB].into();
        state.objects.get_mut("a").unwrap().hashes = json!({});
        state.faults.rate = Some(KIB);
    });
    let change = async {
        while stand.of_store("GET").is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        stand.with(|state| state.objects.get_mut("a").unwrap().etag = "\"other\"".to_owned());
    };
    let (watched, ()) = tokio::join!(run(&stand, folder.path(), &["a"]), change);
    assert_eq!(watched.ends(), [Err("changed")]);
    assert!(all_in(folder.path()).is_empty());
}

#[tokio::test]
async fn servers_that_give_no_parts_are_read_from_the_first_byte() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let bytes = noise(500 * KIB);
    stand.put("a", "a", bytes.clone());
    stand.with(|state| {
        state.faults.ignores_ranges = true;
        state.faults.breaks = [300 * KIB, 400 * KIB].into();
    });
    let watched = run(&stand, folder.path(), &["a"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("a")).unwrap(), bytes);
    assert_eq!(watched.moved(), bytes.len() as i64);
}

#[tokio::test]
async fn a_busy_server_is_asked_again() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(10));
    stand.with(|state| {
        state.faults.refusals = [503, 500].into();
        state.faults.api_refusals = [502, 429].into();
    });
    assert_eq!(run(&stand, folder.path(), &["a"]).await.ends(), [Ok(Ended::Moved)]);
}

#[tokio::test]
async fn files_that_are_there_stay_and_others_of_their_name_are_not_replaced_unasked() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("same", "same", noise(KIB));
    stand.put("other", "other", noise(KIB));
    fs::write(folder.path().join("same"), noise(KIB)).unwrap();
    fs::write(folder.path().join("other"), vec![0; KIB]).unwrap();
    let watched = run(&stand, folder.path(), &["other", "same"]).await;
    assert_eq!(watched.ends(), [Err("occupied"), Ok(Ended::Present)]);
    assert!(stand.of_store("GET").is_empty());
    assert_eq!(fs::read(folder.path().join("other")).unwrap(), vec![0; KIB]);
    let replacing = DownloadOptions { existing: Existing::Replace, ..options(folder.path()) };
    assert_eq!(run_with(&stand, &replacing, &["other"]).await.ends(), [Ok(Ended::Moved)]);
    assert_eq!(fs::read(folder.path().join("other")).unwrap(), noise(KIB));
}

#[tokio::test]
async fn names_of_records_cannot_leave_the_folder() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let inside = folder.path().join("in");
    fs::create_dir(&inside).unwrap();
    stand.put("a", "../../escaped", noise(1));
    stand.put("b", "/tmp/escaped", noise(2));
    stand.put("c", "../x", noise(3));
    stand.put("d", "x", noise(4));
    let watched = run(&stand, &inside, &["a", "b", "c", "d"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved); 4]);
    assert_eq!(all_in(folder.path()), ["in/escaped", "in/tmp/escaped", "in/x", "in/x_d"]);
}

#[tokio::test]
async fn bundles_come_as_folders_and_unknown_ids_are_told() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("one", "ignored", noise(10));
    stand.put("two", "ignored", noise(20));
    let file = |name: &str, size: usize| {
        json!({"id": name, "name": name, "size": size, "checksums": [],
               "access_methods": [{"type": "s3", "access_id": "s3"}]})
    };
    stand.with(|state| {
        state
            .drs
            .insert("bundle".to_owned(), json!({"name": "b", "contents": [{"id": "one"}, {"id": "inner"}]}));
        state.drs.insert("inner".to_owned(), json!({"name": "i", "contents": [{"id": "two"}]}));
        state.drs.insert("one".to_owned(), file("1.txt", 10));
        state.drs.insert("two".to_owned(), file("2.txt", 20));
    });
    let host = stand.server.url.strip_prefix("http://").unwrap().to_owned();
    let at_host = format!("drs://{host}/two");
    let watched = run(&stand, folder.path(), &["bundle", "missing", &at_host]).await;
    let told: Vec<_> = watched.told().into_iter().map(|told| (told.id, told.end)).collect();
    assert_eq!(
        told,
        [
            ("bundle".to_owned(), Ok(Ended::Moved)),
            ("bundle".to_owned(), Ok(Ended::Moved)),
            (at_host.clone(), Ok(Ended::Moved)),
            ("missing".to_owned(), Err("not_found")),
        ]
    );
    assert_eq!(all_in(folder.path()), ["2.txt", "b/1.txt", "b/i/2.txt"]);
}

#[tokio::test]
async fn members_of_a_bundle_may_be_at_another_host() {
    let (stand, other, folder) = (Stand::start().await, Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("one", "ignored", noise(10));
    other.put("two", "ignored", noise(20));
    let file =
        |name: &str| json!({"id": name, "name": name, "access_methods": [{"type": "s3", "access_id": "s3"}]});
    let host = other.server.url.strip_prefix("http://").unwrap();
    let contents = json!([{"id": "one"}, {"name": "x", "drs_uri": [format!("drs://{host}/two")]}]);
    stand.with(|state| {
        state.drs.insert("bundle".to_owned(), json!({"name": "b", "contents": contents}));
        state.drs.insert("one".to_owned(), file("1.txt"));
    });
    other.with(|state| state.drs.insert("two".to_owned(), file("2.txt")));
    let watched = run(&stand, folder.path(), &["bundle"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved); 2], "{:?}", watched.told());
    assert_eq!(fs::read(folder.path().join("b/2.txt")).unwrap(), noise(20));
}

#[tokio::test]
async fn a_bundle_with_too_many_members_is_refused_before_they_are_asked_for() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    let contents: Vec<_> = (0..1_000_001).map(|number| json!({"id": number.to_string()})).collect();
    stand.with(|state| state.drs.insert("b".to_owned(), json!({"name": "b", "contents": contents})));
    let watched = run(&stand, folder.path(), &["b"]).await;
    assert_eq!(watched.ends(), [Err("unusable")]);
    let asked = stand.with(|state| state.log.iter().filter(|one| one.path.contains("/objects/")).count());
    assert_eq!(asked, 1);
}

#[tokio::test]
async fn a_prefix_is_not_taken_for_one_that_it_begins() {
    let (stand, right, wrong) = (Stand::start().await, Stand::start().await, Stand::start().await);
    let folder = tempfile::tempdir().unwrap();
    for (stand, bytes) in [(&right, 20), (&wrong, 30)] {
        stand.put("dg.4503/abc", "ignored", noise(bytes));
        let object = json!({"name": "x", "access_methods": [{"type": "s3", "access_id": "s3"}]});
        stand.with(|state| state.drs.insert("dg.4503/abc".to_owned(), object));
    }
    let others = json!([
        {"host": wrong.server.url, "hints": [".*dg\\.45031.*"], "type": "indexd"},
        {"host": right.server.url, "hints": [".*dg\\.4503.*"], "type": "indexd"},
    ]);
    stand.with(|state| state.further.insert("/index/_dist".to_owned(), others));
    let watched = run(&stand, folder.path(), &["drs://dg.4503:abc"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)], "{:?}", watched.told());
    assert_eq!(fs::read(folder.path().join("x")).unwrap(), noise(20));
}

#[tokio::test]
async fn headers_of_a_url_and_the_url_itself_are_not_told_to_where_it_redirects() {
    let (stand, other, folder) = (Stand::start().await, Stand::start().await, tempfile::tempdir().unwrap());
    other.put("x", "x", noise(10));
    let url = json!({"url": format!("{}/store/x?sig=secret", stand.server.url), "headers": ["X-Key: k"]});
    let object = json!({"name": "x", "access_methods": [{"type": "https", "access_url": url}]});
    stand.with(|state| {
        state.drs.insert("x".to_owned(), object);
        state.faults.elsewhere = Some(other.server.url.clone());
    });
    let watched = run(&stand, folder.path(), &["x"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved)], "{:?}", watched.told());
    assert!(stand.of_store("GET").iter().all(|asked| asked.headers["x-key"] == "k"));
    let there = other.of_store("GET");
    assert!(!there.is_empty());
    for asked in there {
        assert!(!asked.headers.contains_key("x-key") && !asked.headers.contains_key("referer"), "{asked:?}");
    }
    // One that goes round in a circle comes to an end.
    stand.with(|state| state.faults.elsewhere = Some(stand.server.url.clone()));
    fs::remove_file(folder.path().join("x")).unwrap();
    assert_eq!(run(&stand, folder.path(), &["x"]).await.ends(), [Err("refused")]);
}

#[tokio::test]
async fn sizes_that_no_file_can_have_are_refused_and_no_sum_overflows() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    for (guid, size) in [("a", u64::MAX), ("b", u64::MAX), ("c", 1 << 63)] {
        stand.put(guid, guid, noise(10));
        stand.with(|state| state.objects.get_mut(guid).unwrap().size = Some(size));
    }
    assert_eq!(run(&stand, folder.path(), &["a", "b", "c"]).await.ends(), [Err("unexpected"); 3]);
    for guid in ["a", "b", "c"] {
        stand.with(|state| state.objects.get_mut(guid).unwrap().size = Some((1 << 63) - 1));
    }
    let resolver = Resolver::new(Some(stand.commons()), Vec::new(), None, retries());
    let resolved = resolver.all(entries(&["a", "b", "c"]), 2, |_| ()).await;
    let options = options(folder.path());
    let plan = Plan::new(resolved, &options);
    assert_eq!(plan.bytes(), u64::MAX);
    let refused = download(plan, &options, &Watched::default()).await.unwrap_err();
    assert!(refused.to_string().contains("has room for"), "{refused}");
}

#[tokio::test]
async fn a_rate_is_kept_by_all_connections_together() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(300 * KIB));
    stand.put("b", "b", noise(300 * KIB));
    let pace = Pace::new(NonZeroU64::new(600 * KIB as u64));
    let begun = std::time::Instant::now();
    let watched = run_with(&stand, &DownloadOptions { pace, ..options(folder.path()) }, &["a", "b"]).await;
    assert_eq!(watched.ends(), [Ok(Ended::Moved), Ok(Ended::Moved)]);
    let took = begun.elapsed().as_secs_f64();
    assert!((0.75..3.0).contains(&took), "600 KiB at 600 KiB/s: {took}");
}

#[tokio::test]
async fn two_downloads_do_not_write_to_the_same_folder() {
    let (stand, folder) = (Stand::start().await, tempfile::tempdir().unwrap());
    stand.put("a", "a", noise(400 * KIB));
    stand.with(|state| state.faults.rate = Some(KIB));
    let options = options(folder.path());
    let second = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let watched = Watched::default();
        download(Plan::new(Vec::new(), &options), &options, &watched).await.unwrap_err().to_string()
    };
    let (first, second) = tokio::join!(run_with(&stand, &options, &["a"]), second);
    assert_eq!(first.ends(), [Ok(Ended::Moved)]);
    assert!(second.starts_with("another download writes to "), "{second}");
}
