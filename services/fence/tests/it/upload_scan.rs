//! A bucket is looked through for objects without filled records.

use std::ops::ControlFlow;

use fence::upload_indexing::{Counts, Doing, Indexer, Scan, Seen};
use indexclient::Record;
use storage::{Bucket, Location, ObjectStore as _};

use crate::world::{BUCKET, World};

const BLANK: &str = "0714aee0-0c5e-45c0-845d-8c073174242c";
const FILLED: &str = "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354";
const DELETED: &str = "3f2504e0-4f89-41d3-9a0c-0305e82c3301";

async fn world() -> World {
    let world = World::new().await;
    for key in [format!("{BLANK}/f"), format!("{FILLED}/f"), format!("{DELETED}/d.csv"), "other/o.csv".into()]
    {
        let location = Location::new(BUCKET, key).unwrap();
        world.store.write(&location, bytes::Bytes::from_static(b"content")).await.unwrap();
    }
    world.index.put(Record { did: BLANK.into(), rev: "1".into(), ..Record::default() });
    let urls = vec![format!("s3://{BUCKET}/{FILLED}/f")];
    world.index.put(Record { did: FILLED.into(), size: Some(7), urls, ..Record::default() });
    world
}

async fn scan(world: &World, prefix: &str, doing: Doing) -> (Counts, Vec<Seen>) {
    let scan = Scan {
        indexer: Indexer::new(world.index.clone(), world.store.clone()),
        index: world.index.clone(),
        store: world.store.clone(),
        bucket: Bucket::s3(BUCKET),
        prefix: prefix.into(),
        at_once: 2,
        doing,
    };
    let mut seen = Vec::new();
    let counts = scan.run(|one| {
        seen.push(one.clone());
        ControlFlow::Continue(())
    });
    (counts.await.unwrap(), seen)
}

#[tokio::test]
async fn what_lacks_something_is_told_and_left_alone() {
    let world = world().await;
    let (counts, mut seen) = scan(&world, "", Doing::Report).await;
    assert!(!counts.is_in_order());
    let expected = Counts { objects: 4, in_order: 1, blank: 1, without_record: 2, ..Counts::default() };
    assert_eq!(counts, expected);
    assert_eq!(seen.pop(), Some(Seen::Page { objects: 4 }));
    assert!(seen.contains(&Seen::Blank { url: format!("s3://{BUCKET}/{BLANK}/f"), guid: BLANK.into() }));
    assert!(seen.contains(&Seen::WithoutRecord { url: format!("s3://{BUCKET}/other/o.csv") }));
    assert!(world.index.record(BLANK).unwrap().size.is_none());
    let (counts, _) = scan(&world, "other/", Doing::Report).await;
    assert_eq!((counts.objects, counts.without_record), (1, 1));
}

#[tokio::test]
async fn blank_records_are_filled_and_records_are_made_where_that_is_asked_for_once() {
    let world = world().await;
    let (counts, _) = scan(&world, "", Doing::Fill).await;
    assert_eq!((counts.filled, counts.bytes, counts.without_record, counts.created), (1, 7, 2, 0));
    assert_eq!(world.index.record(BLANK).unwrap().hashes["md5"], "9a0364b9e99bb480dd25e1f0284c8555");

    let create = || Doing::Create(vec!["/programs/a".into()]);
    let (counts, seen) = scan(&world, "", create()).await;
    assert_eq!((counts.in_order, counts.created, counts.bytes), (2, 2, 14), "{seen:?}");
    assert!(counts.is_in_order());
    let named = world.index.record(DELETED).unwrap();
    assert_eq!((named.file_name.as_deref(), named.size), (Some("d.csv"), Some(7)));
    assert_eq!(named.authz, ["/programs/a"]);
    let other =
        world.index.all().into_iter().find(|record| record.urls == [format!("s3://{BUCKET}/other/o.csv")]);
    assert_eq!(other.unwrap().file_name.as_deref(), Some("o.csv"));

    let (counts, _) = scan(&world, "", create()).await;
    assert_eq!((counts.in_order, counts.created), (4, 0), "what was done is found to be done");
}

#[tokio::test]
async fn only_a_filled_record_that_names_the_object_puts_it_in_order() {
    let world = World::new().await;
    let at = |key: &str| Location::new(BUCKET, key).unwrap();
    let (second, named) = (format!("{FILLED}/second"), "other/o.csv");
    for key in [&second, named] {
        world.store.write(&at(key), bytes::Bytes::from_static(b"content")).await.unwrap();
    }
    let urls = vec![format!("s3://{BUCKET}/{FILLED}/first")];
    world.index.put(Record { did: FILLED.into(), size: Some(9), urls, ..Record::default() });
    world.index.put(Record { did: "holder".into(), urls: vec![at(named).s3_url()], ..Record::default() });
    let blank = Seen::Blank { url: at(named).s3_url(), guid: "holder".into() };
    let (counts, seen) = scan(&world, "", Doing::Fill).await;
    let expected = Counts { objects: 2, blank: 1, without_record: 1, ..Counts::default() };
    assert_eq!(counts, expected);
    assert!(seen.contains(&blank) && seen.contains(&Seen::WithoutRecord { url: at(&second).s3_url() }));

    // Its GUID is that of another object.
    let (counts, seen) = scan(&world, "", Doing::Create(vec!["/programs/a".into()])).await;
    assert_eq!((counts.created, counts.blank, counts.failed), (1, 1, 0), "{seen:?}");
    let made = world.index.all().into_iter().find(|record| record.urls == [at(&second).s3_url()]).unwrap();
    assert_eq!((made.size, made.file_name.as_deref()), (Some(7), Some("second")));
    assert_ne!(made.did, FILLED);
    assert_eq!(world.index.record(FILLED).unwrap().size, Some(9));
    let (counts, _) = scan(&world, "", Doing::Create(Vec::new())).await;
    assert_eq!((counts.in_order, counts.blank), (1, 1));
    // A filled record that names it in another spelling, beside the blank one.
    let urls = vec![format!("s3://{BUCKET}//other/o%2Ecsv")];
    world.index.put(Record { did: "filled".into(), size: Some(7), urls, ..Record::default() });
    assert!(scan(&world, "", Doing::Report).await.0.is_in_order());
}
