//! What follows a status.

use std::{
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
    thread,
};

use serde_json::json;

use crate::support::World;

/// A system that takes calls, and answers each with the next of `statuses`; and what it was told.
fn system(statuses: &'static [u16]) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/approve", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(Vec::new()));
    let taken = told.clone();
    thread::spawn(move || {
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = vec![0; 4096];
            let length = stream.read(&mut request).unwrap();
            taken.lock().unwrap().push(String::from_utf8_lossy(&request[..length]).into_owned());
            let answer = format!("HTTP/1.1 {status} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).unwrap();
        }
    });
    (url, told)
}

#[actix_web::test]
async fn people_are_sent_on_and_another_system_is_told_until_it_answers() {
    let (url, told) = system(&[500, 204]);
    let form = json!([{"name": "dataset", "param": "resource_id"}, {"name": "who", "param": "username"}]);
    let params = json!(["request_id", "resource_id", "resource_display_name"]);
    let world = World::with(&json!({
        "REDIRECT_CONFIGS": {"form": {"redirect_url": "https://form.example/?a=b", "params": params}},
        "EXTERNAL_CALL_CONFIGS": {"tell": {"method": "POST", "url": url, "form": form}},
        "ACTION_ON_UPDATE": {
            "/a": {"DRAFT": {"redirect_configs": ["form"], "external_call_configs": ["tell"]}},
            "/b": {"DRAFT": {"redirect_configs": ["form"]}},
        },
    }))
    .await;
    let made = world.request("ann", json!({"policy_id": "p1", "resource_id": "x y"})).await;
    let id = made["request_id"].as_str().unwrap();
    assert_eq!(made["redirect_url"], format!("https://form.example/?a=b&request_id={id}&resource_id=x+y"));
    let told = told.lock().unwrap().clone();
    assert_eq!(told.len(), 2);
    assert!(told[1].ends_with("dataset=x+y&who=ann"), "{}", told[1]);
    assert_eq!(world.set_status("boss", &made, "SUBMITTED").await.1.get("redirect_url"), None);
}

#[actix_web::test]
async fn a_call_that_fails_takes_everything_back() {
    let (url, _) = system(&[500, 500]);
    let world = World::with(&json!({
        "DEFAULT_MAX_RETRIES": 1,
        "EXTERNAL_CALL_CONFIGS": {"tell": {"method": "post", "url": url}},
        "ACTION_ON_UPDATE": {"/a": {"SIGNED": {"external_call_configs": ["tell"]}}},
    }))
    .await;
    let body = json!({"policy_id": "p1", "status": "SIGNED", "username": "ann"});
    let (status, refusal) = world.send("POST", "/request", "boss", &body).await;
    assert_eq!(
        (status, refusal),
        (500, json!({"detail": "Something went wrong during post-status-update actions"}))
    );
    assert_eq!((world.policies.held(), world.get("/request", "boss").await.1), (vec![], json!([])));
    let made = world.request("ann", json!({"policy_id": "p1"})).await;
    assert_eq!(world.set_status("boss", &made, "SIGNED").await.0, 500);
    assert_eq!(
        (world.policies.held(), world.get("/request", "boss").await.1[0]["status"].as_str()),
        (vec![], Some("DRAFT"))
    );
}
