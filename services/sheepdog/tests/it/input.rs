//! Input that nobody should send.

use actix_web::test::TestRequest;
use serde_json::json;

use crate::support::TestSheepdog;

#[actix_web::test]
async fn bad_bodies_are_refused_before_anything_is_written() {
    let sheepdog = TestSheepdog::start().await;
    let logs = sheepdog.count("select count(*) from transaction_logs").await;
    let deep = "[".repeat(100_000);
    let bodies: [(&str, &[u8]); 11] = [
        ("application/json", b"{"),
        ("application/json", b"5"),
        ("application/json", br#"{"type": "case", "type": "study"}"#),
        ("application/json", br#"{"type": "case", "submitter_id": "\u0000"}"#),
        ("application/json", br#"{"type": "case", "age": 1e400}"#),
        ("application/json", b"{\"type\": \"\xff\"}"),
        ("application/json", deep.as_bytes()),
        ("text/tsv", b"type\tsubmitter_id\ncase\t\"C\n"),
        ("text/tsv", b"type\tsubmitter_id\ncase\t\0\n"),
        ("text/tsv", b"type\tnope.id\ncase\tC\n"),
        ("text/csv", b"type,submitter_id\ncase,\xff\n"),
    ];
    for (content_type, body) in bodies {
        let answer = sheepdog.put_text("/P/Q", content_type, body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(answer.body["message"].is_string(), "{answer:?}");
    }
    assert_eq!(sheepdog.count("select count(*) from transaction_logs").await, logs);
}

#[actix_web::test]
async fn a_body_beyond_the_limit_is_413_in_the_services_form() {
    let sheepdog = TestSheepdog::start().await;
    let answer = sheepdog.put_text("/P/Q", "application/json", vec![b' '; (1 << 20) + 1]).await;
    assert_eq!(
        (answer.status, answer.body),
        (413, json!({"message": "413 Request Entity Too Large: the body is larger than 1048576 bytes"}))
    );
}

#[actix_web::test]
async fn a_table_of_ten_thousand_columns_is_refused_entity_by_entity() {
    let sheepdog = TestSheepdog::start().await;
    let columns: Vec<String> = (0..10_000).map(|number| format!("c{number}")).collect();
    let body = format!("type\t{}\ncase\t{}\n", columns.join("\t"), vec!["x"; 10_000].join("\t"));
    let answer = sheepdog.put_text("/P/Q", "text/tsv", body).await;
    assert_eq!((answer.status, &answer.body["entity_error_count"]), (400, &json!(1)));
}

#[actix_web::test]
async fn tables_are_read_with_any_newline() {
    let sheepdog = TestSheepdog::start().await;
    for (number, newline) in ["\n", "\r\n", "\r"].into_iter().enumerate() {
        let body = format!("type\tsubmitter_id\tprojects.code{newline}study\tS{number}\tQ{newline}");
        assert_eq!(sheepdog.put_text("/P/Q", "text/tsv", body).await.status, 200);
    }
}

#[actix_web::test]
async fn tokens_are_asked_for_and_checked() {
    let sheepdog = TestSheepdog::start().await;
    let request = || TestRequest::put().uri("/v0/submission/P/Q").set_json(json!([]));
    let none = sheepdog.send(request(), None).await;
    let message = "Authentication Error: Didn't receive JWT correctly";
    assert_eq!((none.status, none.body), (401, json!({ "message": message })));
    let garbage = sheepdog.send(request().insert_header(("Authorization", "Bearer x.y.z")), None).await;
    assert_eq!((garbage.status, &garbage.body["code"]), (401, &json!(401)));
    let stranger = sheepdog.send(request(), Some("stranger")).await;
    assert_eq!(stranger.status, 403);
}

#[actix_web::test]
async fn unknown_paths_and_methods_are_answered_in_the_services_form() {
    let sheepdog = TestSheepdog::start().await;
    for path in ["/nope", "/v0/submission/P/Q/transactions/x/commit"] {
        let answer = sheepdog.send(TestRequest::put().uri(path), Some("admin")).await;
        assert_eq!(answer.status, 404);
        assert!(
            answer.body["message"].as_str().is_some_and(|m| m.starts_with("The requested URL")),
            "{path}"
        );
    }
    let answer = sheepdog.send(TestRequest::get().uri("/v0/submission/P/Q/"), Some("admin")).await;
    let message = "405 Method Not Allowed: The method is not allowed for the requested URL.";
    assert_eq!((answer.status, answer.body), (405, json!({ "message": message })));
}

#[actix_web::test]
async fn a_path_with_nul_names_nothing() {
    let sheepdog = TestSheepdog::start().await;
    for path in ["/P/Q/entities/%00", "/P/Q/manifest?ids=%00", "/P/Q/export?ids=%00"] {
        let request = TestRequest::get().uri(&crate::support::uri(path));
        assert_eq!(sheepdog.send(request, Some("admin")).await.status, 400, "{path}");
    }
    assert_eq!(sheepdog.delete("/P/Q/entities/%00").await.status, 400);
    assert_eq!(sheepdog.put("/P%00/Q", json!([])).await.status, 400);
}
