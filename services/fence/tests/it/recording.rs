//! What is written down of downloads and logins.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use auditlog::{AuditError, AuditLog, Event, Recorder};
use fence::AuditLogs;
use indexclient::Record;

use crate::world::{World, answer};

#[derive(Default)]
struct Memory(Mutex<Vec<Event>>);

#[async_trait]
impl AuditLog for Memory {
    async fn record(&self, events: &[Event]) -> Result<(), AuditError> {
        self.0.lock().unwrap().extend_from_slice(events);
        Ok(())
    }
}

/// What is written down while somebody downloads twice and logs in.
async fn written(wanted: AuditLogs) -> Vec<Event> {
    let world = World::with(|config| config.enable_audit_logs = wanted).await;
    let log = Arc::new(Memory::default());
    let (recorder, recording) = Recorder::start(log.clone());
    world.fence.record_to(recorder);
    let urls = vec!["s3://uploads/open".to_owned()];
    let authz = vec!["/open".to_owned()];
    world.index.put(Record { did: "open".into(), size: Some(1), authz, urls, ..Record::default() });
    let reader = world.token("reader").await;
    let path = "/data/download/open?expires_in=5&protocol=s3";
    assert_eq!(answer(world.get(path).bearer_auth(&reader)).await.0, 200);
    assert_eq!(answer(world.get("/data/download/none")).await.0, 404);
    assert_eq!(answer(world.get("/login/google?redirect=/")).await.0, 302);
    recording.stop().await;
    log.0.lock().unwrap().clone()
}

#[tokio::test]
async fn downloads_and_logins_are_written_down_where_the_operator_wants_it() {
    let events = written(AuditLogs { presigned_url: true, login: true }).await;
    let [Event::PresignedUrl(good), Event::PresignedUrl(missing), Event::Login(login)] = &events[..] else {
        panic!("{events:?}");
    };
    assert_eq!(good.request_url, "/data/download/open?expires_in=5&protocol=s3");
    assert_eq!((good.status_code, good.username.as_str(), good.guid.as_str()), (200, "reader", "open"));
    assert_eq!(
        (good.resource_paths.as_deref(), good.protocol.as_deref()),
        (Some(&["/open".to_owned()][..]), Some("s3"))
    );
    assert!(good.sub.is_some());
    assert_eq!((missing.status_code, missing.username.as_str()), (404, "anonymous"));
    assert_eq!((missing.sub, &missing.resource_paths), (None, &None));
    assert_eq!(
        (login.status_code, login.idp.as_str(), login.ip.as_deref()),
        (302, "google", Some("127.0.0.1"))
    );
    assert!(written(AuditLogs::default()).await.is_empty());
}
