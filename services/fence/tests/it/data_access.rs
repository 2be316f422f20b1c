//! What another service does through fence for a caller, in the same process and over HTTP.

use std::sync::Arc;

use dataaccess::{AccessError, Caller, DataAccess, HttpDataAccess, NewUpload};
use indexclient::Record;
use url::Url;

use crate::world::World;

/// A URL without what is different in every signature.
fn place(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    format!("{} {}", url.path().rsplit('/').next().unwrap_or_default(), url.query().is_some())
}

/// Everything that a caller can see of a run of all calls.
async fn run(world: &World, files: Arc<dyn DataAccess>) -> Vec<String> {
    let caller = async |who: &str| Caller(Some(format!("bearer {}", world.token(who).await)));
    let (uploader, everything) = (caller("uploader").await, caller("everything").await);
    let stranger = caller("reader").await;
    let others =
        [Caller::default(), Caller(Some("bearer x".into())), Caller(Some("Basic eDp5".into())), stranger];
    let mut seen = Vec::new();
    let open = Record {
        did: "open".into(),
        authz: vec!["/open".into()],
        urls: vec!["s3://uploads/open/o".into()],
        ..Record::default()
    };
    world.index.put(open);
    let made: NewUpload = files.begin_upload(&uploader, "f.txt", &[]).await.unwrap();
    assert!(world.index.record(&made.guid).is_some_and(|record| record.size.is_none()));
    seen.push(place(&made.url));
    seen.push(place(&files.upload_url(&uploader, &made.guid).await.unwrap()).replace(&made.guid, "<new>"));
    for other in &others {
        seen.push(format!("{:?}", files.begin_upload(other, "f.txt", &[]).await.err()));
        seen.push(format!("{:?}", files.upload_url(other, &made.guid).await.err()));
        seen.push(format!("{:?}", files.download_url(other, &made.guid).await.err()));
        seen.push(format!("{:?}", files.delete(other, &made.guid).await.err()));
    }
    assert!(world.index.record(&made.guid).is_some());
    seen.push(place(&files.download_url(&Caller::default(), "open").await.unwrap()));
    for name in ["", "a/../b"] {
        seen.push(format!("{name} {:?}", files.begin_upload(&uploader, name, &[]).await.err()));
    }
    let unknown = files.download_url(&everything, "none").await.err();
    assert_eq!(unknown, Some(AccessError::Refused { status: 404 }));
    let below = files.begin_upload(&uploader, "f.txt", &["/programs/a".to_owned()]).await.err();
    assert_eq!(below, Some(AccessError::Refused { status: 403 }));
    files.delete(&uploader, &made.guid).await.unwrap();
    assert!(world.index.record(&made.guid).is_none());
    seen.push(format!("{:?}", files.delete(&uploader, &made.guid).await.err()));
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn both_forms_give_and_refuse_the_same() {
    let world = World::new().await;
    let in_process = run(&world, world.fence.clone()).await;
    let over_http = run(&world, Arc::new(HttpDataAccess::new(&world.base, world.http.clone()))).await;
    assert_eq!(in_process, over_http);
}
