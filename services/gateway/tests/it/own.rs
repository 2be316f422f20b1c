//! What the gateway answers by itself.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::web as actix;
use async_trait::async_trait;
use gateway::{Gateway, Table};
use serde_json::{Value, json};
use web::Service;

use crate::{
    edge::cookies,
    front::{FORMS, Form, Front},
};

#[tokio::test]
async fn status_hands_out_the_csrf_token_that_the_cookie_has() {
    let front = Front::start(Form::InProcess).await;
    let answer = front.request("GET", "/_status").send().await.unwrap();
    let cookie = cookies(&answer).remove(0);
    let body: Value = answer.json().await.unwrap();
    let token = body["csrf"].as_str().unwrap();
    assert_eq!(body, json!({ "message": "Feelin good!", "csrf": token }));
    assert!(cookie.starts_with(&format!("csrftoken={token};")));
    front.stop().await;
}

#[tokio::test]
async fn readiness_says_what_is_waited_for() {
    let front = Front::start(Form::InProcess).await;
    let answer = front.request("GET", "/_ready").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["ready"], false);
    assert_eq!(
        (&body["services"]["fence"], &body["services"]["guppy"]),
        (&json!("ready"), &json!("waiting for the search engine"))
    );
    front.stop().await;
}

/// A service whose database does not answer.
struct Stuck;

#[async_trait]
impl Service for Stuck {
    fn name(&self) -> &'static str {
        "stuck"
    }

    fn configure(self: Arc<Self>, _: &mut actix::ServiceConfig) {}

    async fn ready(&self) -> Result<(), String> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn services_that_do_not_answer_do_not_hold_up_readiness() {
    let mut config = None;
    let front = Front::start_with(Form::InProcess, |of_front| config = Some(of_front.clone())).await;
    front.stop().await;
    let gateway = Gateway::build(config.unwrap(), vec![Arc::new(Stuck), Arc::new(Stuck), Arc::new(Stuck)]);
    let started = Instant::now();
    assert_eq!(gateway.ready().await, Err("stuck: does not answer".into()));
    assert!(started.elapsed() < Duration::from_secs(3));
}

const BROWSER: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

#[tokio::test]
async fn people_who_open_what_nobody_answers_come_to_the_portal_and_programs_do_not() {
    let front = Front::start(Form::InProcess).await;
    for path in ["/", "/dd", "/files/dg.1/a", "/nowhere"] {
        let answer = front.request("GET", path).header("Accept", BROWSER).send().await.unwrap();
        let seen: Value = answer.json().await.unwrap();
        assert_eq!((&seen["service"], &seen["path"]), (&json!("portal"), &json!(path)));
    }
    for (method, path) in [("GET", "/dd"), ("POST", "/"), ("POST", "/dd")] {
        let request = front.request(method, path);
        let request = if method == "POST" { request.header("Accept", BROWSER) } else { request };
        assert_eq!(request.send().await.unwrap().status(), 404, "{method} {path}");
    }
    let body: Value = front.request("GET", "/").send().await.unwrap().json().await.unwrap();
    let services = body["services"].as_array().unwrap();
    assert!(services.iter().any(|service| service["path"] == "/user" && service["service"] == "fence"));
    // What another service answers stays its own, whoever asks.
    let answer = front.request("GET", "/guppy/nothing").header("Accept", BROWSER).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap()["service"], "guppy");
    front.stop().await;
}

#[tokio::test]
async fn without_the_portal_people_get_a_list() {
    let change = |config: &mut gateway::Config| {
        config.table = Table::built_in().unwrap();
        config.upstreams.remove("guppy");
    };
    let front = Front::start_with(Form::Elsewhere, change).await;
    let answer = front.request("GET", "/").header("Accept", BROWSER).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let page = answer.text().await.unwrap();
    assert!(page.contains("<code>/api/v0/submission</code>"), "{page}");
    assert!(!page.contains("/query") && !page.contains("/guppy"), "{page}");
    front.stop().await;
}

#[tokio::test]
async fn a_service_that_this_version_does_not_have_says_so() {
    let front = Front::start(Form::InProcess).await;
    for (path, name) in [
        ("/ws-storage/a", "storage service of workspaces"),
        ("/dashboard/", "dashboards"),
        ("/cedar", "CEDAR service"),
    ] {
        let answer = front.request("GET", path).send().await.unwrap();
        assert_eq!(answer.status(), 404, "{path}");
        let body: Value = answer.json().await.unwrap();
        let message = format!("the {name} is not part of this version");
        assert_eq!(body, json!({ "message": message, "service": name }), "{path}");
        let page = front.request("GET", path).header("Accept", BROWSER).send().await.unwrap();
        assert_eq!(page.status(), 404, "{path}");
        assert!(page.text().await.unwrap().contains(&format!("<h1>{message}</h1>")), "{path}");
    }
    let body: Value = front.request("GET", "/nowhere").send().await.unwrap().json().await.unwrap();
    assert_eq!(body, json!({ "message": "nothing is served at this path", "service": null }));
    front.stop().await;
}

#[tokio::test]
async fn probes_are_answered_by_the_gateway_and_no_spelling_of_them_comes_to_a_service() {
    for form in FORMS {
        let front = Front::start(form).await;
        let answer = front.request("GET", "/readyz").send().await.unwrap();
        let status = answer.status().as_u16();
        let body: Value = answer.json().await.unwrap();
        let checks = body["checks"].as_array().unwrap();
        let waiting: Vec<&Value> = checks.iter().filter(|check| check["ready"] == false).collect();
        match form {
            Form::InProcess => {
                assert_eq!((status, waiting.len(), &waiting[0]["name"]), (503, 1, &json!("guppy")), "{body}");
            }
            // What others can is theirs to say.
            Form::Elsewhere => assert_eq!((status, checks.len()), (200, 0), "{body}"),
        }
        assert_eq!(front.request("GET", "/livez").send().await.unwrap().status(), 200);
        for path in ["/livez/", "//readyz", "/%72eadyz", "/startupz/", "/x/../readyz"] {
            let asked = front.request("GET", path).header("Accept", "text/html").send().await.unwrap();
            let url = asked.url().path().to_owned();
            let status = asked.status().as_u16();
            assert!(status == 404 || url == "/readyz", "{path} ({url}): {status}");
        }
        front.stop().await;
    }
}
