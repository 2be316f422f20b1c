use std::time::Duration;

use actix_web::{
    body::to_bytes,
    http::Method,
    test::{self, TestRequest},
};
use database::Work;
use serde_json::{Value, json};

use crate::{
    reading::Reading,
    support::{TestSheepdog, sample, study, uri},
};

fn lines(text: &str) -> Vec<&str> {
    text.split_terminator('\n').collect()
}

#[actix_web::test]
async fn a_node_type_is_exported_as_tsv() {
    let reading = Reading::new().await;
    let answer = reading.get("/P/Q/export?node_label=case&without_id=true").await;
    assert_eq!(answer.content_type, "application/octet-stream");
    assert_eq!(answer.disposition.as_deref(), Some("attachment; filename=case.tsv"));
    let expected = [
        "type\tproject_id\tsubmitter_id\tage\tconsented\tsex\ttags\tweight\tstudies.submitter_id",
        "case\tP-Q\tc1\t47\tTrue\t\ta,b\t81.5\tst",
        "case\tP-Q\tc2\t\t\t\t\t\tst",
    ];
    assert_eq!(lines(answer.text()), expected);
}

#[actix_web::test]
async fn a_node_type_is_exported_as_json() {
    let reading = Reading::new().await;
    let answer = reading.get("/P/Q/export?node_label=aliquot&format=json&without_id=true").await;
    assert_eq!(answer.content_type, "application/json");
    let expected = json!({"data": [{
        "project_id": "P-Q", "submitter_id": "a1", "type": "aliquot",
        "samples": [{"submitter_id": "s1"}, {"submitter_id": "s2"}],
    }]});
    assert_eq!(answer.json(), expected);
}

#[actix_web::test]
async fn ids_are_there_unless_one_does_without() {
    let reading = Reading::new().await;
    let case = reading.id("case", "c1").await;
    let with = reading.get("/P/Q/export?node_label=sample&format=json").await.json();
    let first =
        with["data"].as_array().unwrap().iter().find(|sample| sample["submitter_id"] == "s1").unwrap();
    assert_eq!(first["cases"], json!([{"node_id": case, "submitter_id": "c1"}]));
    assert!(first["id"].is_string());
}

#[actix_web::test]
async fn what_is_exported_can_be_submitted_again() {
    let reading = Reading::new().await;
    for (format, content_type) in [("tsv", "text/tab-separated-values"), ("csv", "text/csv")] {
        for label in ["case", "sample", "aliquot"] {
            let path = format!("/P/Q/export?node_label={label}&format={format}");
            let exported = reading.get(&path).await;
            let body = exported.text().to_owned();
            let answer = reading.send(Method::PUT, "/P/Q", Some("admin"), content_type, body).await;
            assert_eq!(answer.status, 200, "{label} as {format}: {}", answer.text());
            assert_eq!(reading.get(&path).await, exported, "{label} as {format}");
        }
    }
}

#[actix_web::test]
async fn a_project_without_records_gives_a_header() {
    let reading = Reading::new().await;
    let answer = reading.get("/P/R/export?node_label=case").await;
    assert_eq!(lines(answer.text()).len(), 1);
    let answer = reading.get("/P/nowhere/export?node_label=case&format=json").await;
    assert_eq!(answer.json(), json!({"data": []}));
}

#[actix_web::test]
async fn many_records_come_in_pieces_and_complete() {
    let reading = Reading::new().await;
    let cases: Vec<Value> = (0..3000)
        .map(|n| {
            json!({"type": "case", "submitter_id": format!("m{n:04}"),
        "studies": {"submitter_id": "st"}})
        })
        .collect();
    reading.put("/P/Q", Value::Array(cases)).await;
    let tsv = reading.get("/P/Q/export?node_label=case").await;
    assert_eq!(lines(tsv.text()).len(), 3003);
    let all = reading.get("/P/Q/export?node_label=case&format=json").await.json();
    assert_eq!(all["data"].as_array().unwrap().len(), 3002);
}

#[actix_web::test]
async fn records_by_id_are_exported_with_nulls() {
    let reading = Reading::new().await;
    let id = reading.id("case", "c2").await;
    let study = reading.id("study", "st").await;
    let answer = reading.get(&format!("/P/Q/export?ids={id}&format=json")).await;
    assert_eq!(answer.disposition.as_deref(), Some("attachment; filename=case.json"));
    let expected = json!([{
        "id": id, "type": "case", "project_id": "P-Q", "submitter_id": "c2", "age": null, "consented": null,
        "sex": null, "tags": null, "weight": null, "studies": [{"node_id": study, "submitter_id": "st"}],
    }]);
    assert_eq!(answer.json(), expected);
    let answer = reading.get(&format!("/P/Q/export?ids={id}")).await;
    let row = format!("case\t{id}\tP-Q\tc2\t\t\t\t\t\t{study}\tst");
    assert_eq!(answer.text().split("\r\n").nth(1), Some(row.as_str()));
}

#[actix_web::test]
async fn several_types_come_in_an_archive_or_in_one_list() {
    let reading = Reading::new().await;
    let case = reading.id("case", "c1").await;
    let path = format!("/P/Q/export?ids={case}&with_children=true");
    let answer = reading.get(&path).await;
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(answer.bytes.as_slice()));
    let name =
        |entry: std::io::Result<tar::Entry<'_, _>>| entry.unwrap().path().unwrap().display().to_string();
    let names: Vec<String> = archive.entries().unwrap().map(name).collect();
    assert_eq!(names, ["case.tsv", "sample.tsv", "aliquot.tsv", "reading.tsv"]);

    let all = reading.get(&format!("{path}&format=json&category=biospecimen")).await.json();
    let ids: Vec<&str> =
        all.as_array().unwrap().iter().map(|record| record["submitter_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["c1", "s1", "a1"]);
}

#[actix_web::test]
async fn records_of_another_project_are_not_found() {
    let reading = Reading::new().await;
    let id = reading.id("case", "c1").await;
    let answer = reading.get(&format!("/P/R/export?ids={id},0")).await;
    assert_eq!(answer.refusal(), (404, format!("Unable to find {id}, 0")));
}

#[actix_web::test]
async fn an_export_can_be_asked_for_by_post() {
    let reading = Reading::new().await;
    let id = reading.id("case", "c1").await;
    let by_get = reading.get(&format!("/P/Q/export?ids={id}&format=json")).await;
    for ids in [json!([id]), json!(id)] {
        let body = json!({"ids": ids, "format": "json"}).to_string();
        let answer = reading.send(Method::POST, "/P/Q/export", Some("admin"), "application/json", body).await;
        assert_eq!(answer, by_get);
    }
}

#[actix_web::test]
async fn what_cannot_be_exported_is_refused() {
    let reading = Reading::new().await;
    let cases = [
        ("", "expected either `ids` or `node_label` parameter"),
        ("node_label=", "expected either `ids` or `node_label` parameter"),
        ("node_label=nope", "dictionary does not have node with type nope"),
        ("node_label=root", "cannot export node with category `internal`"),
        ("node_label=program", "cannot export node type program: its records are in no project"),
        ("node_label=case&format=xml", "Format xml not supported"),
    ];
    for (query, message) in cases {
        let answer = reading.get(&format!("/P/Q/export?{query}")).await;
        assert_eq!(answer.refusal(), (400, message.to_owned()), "{query}");
    }
    for body in ["", "[]", "{"] {
        let body = body.to_owned();
        let answer = reading.send(Method::POST, "/P/Q/export", Some("admin"), "application/json", body).await;
        assert_eq!(answer.status, 400);
    }
}

#[actix_web::test]
async fn only_readers_of_the_project_may_export() {
    let reading = Reading::new().await;
    let path = "/export?node_label=case";
    let denied = (403, "You don't have access to this resource: user is unauthorized".to_owned());
    assert_eq!(reading.get_as(Some("reader"), &format!("/P/Q{path}")).await.status, 200);
    assert_eq!(reading.get_as(Some("reader"), &format!("/P/R{path}")).await.refusal(), denied);
    assert_eq!(reading.get_as(Some("stranger"), &format!("/P/Q{path}")).await.refusal(), denied);
    assert_eq!(reading.get_as(None, &format!("/P/Q{path}")).await.status, 401);
}

#[actix_web::test]
async fn slow_clients_hold_no_database_connection() {
    let sheepdog = TestSheepdog::start().await;
    sheepdog.put("/P/Q", study("S")).await;
    let many = "insert into node_case (node_id, _props) select gen_random_uuid()::text, jsonb_build_object( \
                'project_id', 'P-Q', 'type', 'case', 'submitter_id', 'C' || i, 'sex', repeat('x', 300)) \
                from generate_series(1, 5000) i";
    sqlx::query(many).execute(&sheepdog.pool).await.unwrap();
    let mut slow = Vec::new();
    for _ in 0..20 {
        let request = TestRequest::get().uri(&uri("/P/Q/export?node_label=case"));
        let answer = tokio::time::timeout(Duration::from_secs(60), sheepdog.begin(request, Some("admin")));
        let answer = answer.await.unwrap();
        assert_eq!(answer.status(), 200);
        slow.push(answer);
    }
    let busy = "select count(*) from pg_stat_activity where datname = current_database() \
                and pid <> pg_backend_pid() and xact_start is not null";
    for _ in 0..100 {
        if sheepdog.count(busy).await == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(sheepdog.count(busy).await, 0);
    let last = slow.pop().unwrap();
    let text = test::read_body(last).await;
    assert_eq!(text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count(), 5001);
}

#[actix_web::test]
async fn records_come_in_the_order_of_their_creation() {
    let reading = Reading::new().await;
    // Enough for windows of all sizes. Those of one submission are written in the order of their keys.
    let name = |number: usize| format!("{}-{number:04}", if number < 3000 { "z" } else { "a" });
    for first in [0, 3000] {
        let case =
            |number| json!({"type": "case", "submitter_id": name(number), "studies": {"submitter_id": "st"}});
        reading.put("/P/Q", (first..first + 3000).map(case).collect()).await;
    }
    let names = |text: &str| -> Vec<String> {
        let rows = text.split_terminator('\n').skip(1);
        rows.map(|row| row.split('\t').nth(3).unwrap().to_owned()).filter(|name| name.contains('-')).collect()
    };
    let exported = reading.get("/P/Q/export?node_label=case").await;
    assert_eq!(names(exported.text()), (0..6000).map(name).collect::<Vec<_>>());
    let all = reading.get("/P/Q/export?node_label=case&format=json").await.json();
    let all = all["data"].as_array().unwrap();
    assert_eq!(all.len(), 6002);
    assert!(all.iter().all(|case| case["studies"][0]["submitter_id"] == "st"));
}

#[actix_web::test]
async fn targets_of_a_link_come_in_the_order_of_their_creation() {
    let reading = Reading::new().await;
    for name in ["z", "y"] {
        reading
            .put("/P/Q", json!({"type": "sample", "submitter_id": name, "cases": {"submitter_id": "c1"}}))
            .await;
    }
    let samples = json!([{"submitter_id": "y"}, {"submitter_id": "z"}]);
    // So many that the links of the first ones are read one by one, and those of the others all at once.
    let aliquot =
        |number: usize| json!({"type": "aliquot", "submitter_id": format!("b{number}"), "samples": samples});
    reading.put("/P/Q", (0..500).map(aliquot).collect()).await;
    let answer = reading.get("/P/Q/export?node_label=aliquot&without_id=true").await;
    let rows: Vec<&str> = answer.text().lines().filter(|row| row.contains("\tb")).collect();
    assert_eq!(rows.len(), 500);
    assert!(rows.iter().all(|row| row.ends_with("\tz,y")), "{rows:?}");
}

#[actix_web::test]
async fn a_client_who_goes_away_leaves_no_copy_behind() {
    let sheepdog = TestSheepdog::start().await;
    sheepdog.put("/P/Q", study("S")).await;
    let many = "insert into node_case (node_id, _props) select gen_random_uuid()::text, jsonb_build_object( \
                'project_id', 'P-Q', 'type', 'case', 'submitter_id', 'C' || i, 'sex', repeat('x', 1000)) \
                from generate_series(1, 20000) i";
    sqlx::query(many).execute(&sheepdog.pool).await.unwrap();
    let options = (*sheepdog.pool.connect_options()).clone();
    let shared = sheepdog.through(database::pool(options, Work::Large, 2));
    for round in 0..3 {
        let request = TestRequest::get().uri(&uri("/P/Q/export?node_label=case"));
        drop(shared.begin(request, Some("admin")).await);
        for writer in ["T", "U"] {
            let written = shared.put("/P/Q", study(&format!("{writer}{round}"))).await;
            assert_eq!(written.status, 200, "{}", written.body);
        }
    }
    assert_eq!(shared.get("/P/Q/export?node_label=study").await.status, 200);
}

#[actix_web::test]
async fn an_export_that_the_database_refuses_leaves_a_connection_in_order() {
    let sheepdog = TestSheepdog::start().await;
    let case = json!({"type": "case", "submitter_id": "c", "studies": {"submitter_id": "S"}});
    sheepdog.put("/P/Q", json!([study("S"), case])).await;
    let options = (*sheepdog.pool.connect_options()).clone().options([("lock_timeout", "100ms")]);
    let shared = sheepdog.through(database::pool(options, Work::Large, 2));
    let tables = [
        ("the records", "lock table node_case in access exclusive mode"),
        ("their links", "lock table edge_casememberofstudy in access exclusive mode"),
    ];
    for (name, lock) in tables {
        let mut other = sheepdog.pool.begin().await.unwrap();
        sqlx::query(lock).execute(&mut *other).await.unwrap();
        let refused = shared.get("/P/Q/export?node_label=case").await;
        assert_eq!(refused.status, 503, "{name}");
        other.rollback().await.unwrap();
        for writer in ["T", "U"] {
            let written = shared.put("/P/Q", study(writer)).await;
            assert_eq!(
                (written.status, &written.body["errors"]),
                (200, &Value::Null),
                "{name}: {}",
                written.body
            );
        }
    }
}

#[actix_web::test]
async fn ids_that_end_literals_are_ids() {
    let reading = Reading::new().await;
    let id = r#"'a"b\c{d}"#;
    let node = "insert into node_case (node_id, _props) values ($1, $2)";
    let props = json!({"project_id": "P-Q", "type": "case", "submitter_id": "odd", "sex": "\\t\n\t"});
    sqlx::query(node).bind(id).bind(&props).execute(&reading.graph.pool).await.unwrap();
    let body = json!({"ids": [id], "format": "json"}).to_string();
    let answer = reading.send(Method::POST, "/P/Q/export", Some("admin"), "application/json", body).await;
    let exported = &answer.json()[0];
    assert_eq!((&exported["id"], &exported["sex"]), (&json!(id), &props["sex"]));
}

/// Somebody else is waiting for a connection all the time, and gets one as soon as the export gives one back.
#[actix_web::test]
async fn an_export_of_several_types_keeps_its_connections_until_it_has_read_all() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    assert_eq!(sheepdog.put("/P/Q", sample("A", "C")).await.status, 200);
    for format in ["tsv", "json"] {
        let options = (*sheepdog.pool.connect_options()).clone();
        let pool = database::pool(options, Work::Large, 2);
        let shared = sheepdog.through(pool.clone());
        let mut other = sheepdog.pool.begin().await.unwrap();
        let lock = "lock table edge_casememberofstudy in access exclusive mode";
        sqlx::query(lock).execute(&mut *other).await.unwrap();
        let exporting = async {
            let path = format!("/P/Q/export?ids={id}&with_children=true&format={format}");
            let answer = shared.begin(TestRequest::get().uri(&uri(&path)), Some("admin")).await;
            (answer.status().as_u16(), to_bytes(answer.into_body()).await.map(|bytes| bytes.len()).ok())
        };
        let waiting = async {
            // For the targets of the first type.
            let waits = "select count(*) from pg_stat_activity \
                         where wait_event_type = 'Lock' and datname = current_database()";
            while sheepdog.count(waits).await == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            tokio::join!(pool.acquire(), other.rollback())
        };
        let ((status, length), (waited, _)) = tokio::join!(exporting, waiting);
        assert!(status == 200 && length.is_some_and(|length| length > 100), "{format} {status} {length:?}");
        drop(waited);
    }
}
