//! The pages over HTTP.

#![expect(clippy::unwrap_used, reason = "a failing helper fails its test")]

mod cases;

use std::sync::{Arc, Mutex};

use actix_web::{App, body::to_bytes, http::header::HeaderMap, test as client};
use dictionary::Dictionary;
use portal::{Config, Portal};
use serde_json::{Value, json};
use testing::endpoints::check;
use web::Service as _;

use self::cases::cases;

/// Program, project and a type of records.
fn dictionary(record: &str) -> Arc<Dictionary> {
    let link = |name: &str, target: &str, backref: &str| {
        json!([{
            "name": name, "target_type": target, "backref": backref, "label": "member_of",
            "multiplicity": "many_to_one", "required": true,
        }])
    };
    let node = |id: &str, links: Value, own: &str| {
        json!({
            "id": id, "title": id, "type": "object", "category": "administrative",
            "program": "*", "project": "*",
            "submittable": true, "validators": null, "systemProperties": [], "additionalProperties": false,
            "uniqueKeys": [["id"]], "required": ["type"], "links": links,
            "properties": {
                "type": {"enum": [id]}, "id": {"type": "string"}, own: {"type": "string"},
                "programs": {"type": "object"}, "projects": {"type": "object"},
            },
        })
    };
    let files = json!({
        "program.yaml": node("program", json!([]), "name"),
        "project.yaml": node("project", link("programs", "program", "projects"), "code"),
        format!("{record}.yaml"): node(record, link("projects", "project", "records"), "submitter_id"),
    });
    Arc::new(Dictionary::from_files(serde_json::from_value(files).unwrap()).unwrap())
}

struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

async fn send(portal: &Arc<Portal>, path: &str, headers: &[(&str, &str)]) -> Answer {
    let service = portal.clone();
    let app = client::init_service(App::new().configure(|cfg| service.configure(cfg))).await;
    let mut request = client::TestRequest::get().uri(path);
    for header in headers {
        request = request.insert_header(*header);
    }
    let response = client::call_service(&app, request.to_request()).await;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = to_bytes(response.into_body()).await.unwrap_or_default().to_vec();
    Answer { status, headers, body }
}

fn portal() -> Arc<Portal> {
    let dictionary = dictionary("subject");
    Portal::build(Config::default(), Arc::new(move || dictionary.clone()))
}

const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// A portal with a folder that the test writes.
fn configured() -> (tempfile::TempDir, Arc<Portal>) {
    let folder = tempfile::tempdir().unwrap();
    let dictionary = dictionary("subject");
    let config = Config { folder: Some(folder.path().to_owned()), ..Config::default() };
    (folder, Portal::build(config, Arc::new(move || dictionary.clone())))
}

/// What a page begins with.
fn boot(page: &str) -> Value {
    let text = page.split("id=\"boot\">").nth(1).unwrap().split("</script>").next().unwrap();
    serde_json::from_str(text).unwrap()
}

#[actix_web::test]
async fn pages_are_for_people_who_open_them_and_what_is_none_has_the_status_404() {
    let portal = portal();
    for (path, status) in [("/", 200), ("/DD/subject", 200), ("/files/dg.1/a", 200), ("/nowhere", 404)] {
        let answer = send(&portal, path, &[BROWSER]).await;
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "text/html; charset=utf-8"),
            "{path}"
        );
        assert_eq!(answer.header("cache-control"), "private, no-store");
        let policy = answer.header("content-security-policy");
        assert!(policy.contains("script-src 'self';") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(boot(&answer.text())["title"], "Gen3 Data Commons");
        assert_eq!(send(&portal, path, &[("accept", "application/json")]).await.status, 404, "{path}");
    }
    let moved = send(&portal, "/Profile?a=b", &[BROWSER]).await;
    assert_eq!((moved.status, moved.header("location")), (301, "/identity?a=b"));
}

#[actix_web::test]
async fn what_the_operator_configures_is_shown_as_soon_as_it_is_written() {
    let (folder, portal) = configured();
    let title = async || boot(&send(&portal, "/", &[BROWSER]).await.text())["title"].clone();
    assert_eq!(title().await, "Gen3 Data Commons");
    let gitops = |name: &str| json!({ "components": { "appName": name }, "theme": { "accent": "#ffdd00" } });
    std::fs::write(folder.path().join("gitops.json"), gitops("Airways").to_string()).unwrap();
    assert_eq!(title().await, "Airways");
    std::fs::write(folder.path().join("gitops.json"), gitops("A & </script><b>").to_string()).unwrap();
    assert_eq!(title().await, "A & </script><b>");
    let page = send(&portal, "/dd", &[BROWSER]).await.text();
    assert!(page.contains("<title>Data dictionary · A &amp; &lt;/script&gt;&lt;b&gt;</title>"), "{page}");
    assert!(
        page.contains("--accent-light:#") && !page.contains("#ffdd00;"),
        "unreadable colours are not shown"
    );
    // What cannot be read changes nothing.
    std::fs::write(folder.path().join("gitops.json"), "{").unwrap();
    assert_eq!(title().await, "A & </script><b>");
    assert_eq!(send(&portal, "/data/config/gitops.json", &[]).await.text(), "{");
}

#[actix_web::test]
async fn pictures_and_styles_of_the_operator_are_sent_and_nothing_beside_them() {
    let (folder, portal) = configured();
    for name in ["img", "css"] {
        std::fs::create_dir(folder.path().join(name)).unwrap();
    }
    std::fs::write(folder.path().join("img/logo.svg"), "<svg/>").unwrap();
    std::fs::write(folder.path().join("css/themeoverrides.css"), "h1{}").unwrap();
    std::fs::write(folder.path().join("secret.png"), "x").unwrap();
    let logo = send(&portal, "/src/img/logo.svg", &[]).await;
    assert_eq!((logo.status, logo.header("content-type")), (200, "image/svg+xml"));
    assert!(logo.header("content-security-policy").contains("sandbox"), "scripts in a picture do not run");
    assert_eq!(send(&portal, "/src/css/themeoverrides.css", &[]).await.text(), "h1{}");
    for path in ["/src/img/..%2fsecret.png", "/src/img/secret.png", "/src/secret.png"] {
        assert_eq!(send(&portal, path, &[]).await.status, 404, "{path}");
    }
    let page = send(&portal, "/", &[BROWSER]).await.text();
    assert_eq!(boot(&page)["logo"], "/src/img/logo.svg");
    assert!(page.contains("href=\"/src/css/themeoverrides.css\""));
}

/// The files that a page refers to.
fn files(page: &str) -> Vec<&str> {
    page.split('"').filter(|part| part.starts_with("/query/assets/")).collect()
}

#[actix_web::test]
async fn the_page_admits_nothing_but_files_of_its_own_origin() {
    let (portal, mut policies) = (portal(), Vec::new());
    for path in ["/query", "/query/"] {
        let answer = send(&portal, path, &[]).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, "text/html; charset=utf-8"));
        assert_eq!(answer.header("cache-control"), "no-store");
        let page = answer.text();
        assert!(
            !page.contains("http://") && !page.contains("https://") && !page.contains("<script>"),
            "{page}"
        );
        let nonce = page.split("name=\"style-nonce\" content=\"").nth(1).unwrap().split('"').next().unwrap();
        let policy = answer.header("content-security-policy").to_owned();
        let style = format!("style-src 'self' 'nonce-{nonce}';");
        assert!(
            policy.contains(&style) && policy.contains("script-src 'self';") && !policy.contains("unsafe")
        );
        policies.push(policy);
    }
    assert_ne!(policies[0], policies[1], "a nonce is used once");
}

#[actix_web::test]
async fn files_are_kept_for_good_and_come_compressed_to_those_who_take_that() {
    let portal = portal();
    let page = send(&portal, "/query", &[]).await.text();
    assert_eq!(files(&page).len(), 3);
    for file in files(&page) {
        let plain = send(&portal, file, &[]).await;
        assert_eq!((plain.status, plain.header("content-encoding")), (200, ""), "{file}");
        assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
        let small = send(&portal, file, &[("accept-encoding", "gzip, br")]).await;
        assert_eq!((small.status, small.header("content-encoding")), (200, "gzip"), "{file}");
        assert!(small.body.len() < plain.body.len() / 2);
        let again =
            send(&portal, file, &[("accept-encoding", "gzip"), ("if-none-match", small.header("etag"))])
                .await;
        assert_eq!((again.status, again.body.len()), (304, 0), "{file}");
    }
}

#[actix_web::test]
async fn an_unknown_file_is_not_found() {
    for path in
        ["/query/assets/graphiql.js", "/query/assets/graphiql-0000.js", "/query/assets/..%2fLICENSE", "/quer"]
    {
        assert_eq!(send(&portal(), path, &[]).await.status, 404, "{path}");
    }
}

#[actix_web::test]
async fn examples_are_about_the_named_project_and_the_dictionary_of_that_moment() {
    let served = Arc::new(Mutex::new(dictionary("subject")));
    let source = served.clone();
    let portal = Portal::build(Config::default(), Arc::new(move || source.lock().unwrap().clone()));
    let counts = async |path: &str| {
        let answer = send(&portal, path, &[]).await.json();
        let examples = answer["examples"].as_array().unwrap().clone();
        let counts = examples.into_iter().find(|example| example["name"] == "counts").unwrap();
        counts["query"].as_str().unwrap().lines().nth(2).unwrap().trim().to_owned()
    };
    assert_eq!(counts("/query/examples.json").await, "_subject_count(project_id: \"PROGRAM-PROJECT\")");
    *served.lock().unwrap() = dictionary("patient");
    assert_eq!(counts("/query/examples.json?project=P-%22Q").await, r#"_patient_count(project_id: "P-\"Q")"#);
}

#[actix_web::test]
async fn a_project_of_endless_name_is_refused() {
    let path = format!("/query/examples.json?project={}", "x".repeat(2000));
    assert_eq!(send(&portal(), &path, &[]).await.status, 400);
}

#[actix_web::test]
async fn every_endpoint_answers_every_caller_alike() {
    let portal = portal();
    let page = send(&portal, "/query", &[]).await.text();
    let cases = cases(files(&page)[0]);
    check(Portal::endpoints(), &cases, async |case, _| send(&portal, &case.url, &[]).await.status).await;
}
