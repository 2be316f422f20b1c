//! Programs and projects.

use actix_web::test::TestRequest;
use futures_util::future::join_all;
use serde_json::json;

use crate::support::{TestSheepdog, study};

#[actix_web::test]
async fn a_program_is_registered_once_and_then_updated() {
    let sheepdog = TestSheepdog::start().await;
    let program = json!({"type": "program", "name": "N", "dbgap_accession_number": "phsN"});
    let id = psqlgraph::ids::program_id("N");
    let first = sheepdog.put("", program.clone()).await;
    assert_eq!(first.body, json!({"id": id, "name": "N", "message": "Program registered."}));
    let second = sheepdog.post("", program).await;
    assert_eq!(second.body, json!({"id": id, "name": "N", "message": "Program is updated!"}));
}

#[actix_web::test]
async fn a_program_and_a_project_that_several_make_at_once_are_made_once() {
    let sheepdog = TestSheepdog::start().await;
    let program = json!({"type": "program", "name": "N", "dbgap_accession_number": "phsN"});
    let programs = join_all((0..4).map(|_| sheepdog.put("", program.clone()))).await;
    let messages = programs.iter().map(|answer| answer.body["message"].as_str());
    assert_eq!(messages.filter(|message| *message == Some("Program registered.")).count(), 1);
    let project = json!({"code": "R", "dbgap_accession_number": "x"});
    let projects = join_all((0..4).map(|_| sheepdog.put("/N", project.clone()))).await;
    assert!(projects.iter().all(|answer| answer.status == 200));
    let created = projects.iter().filter(|answer| answer.body["created_entity_count"] == 1);
    assert_eq!(created.count(), 1);
}

#[actix_web::test]
async fn the_code_of_a_project_is_unique_in_the_commons() {
    let sheepdog = TestSheepdog::start().await;
    sheepdog.put("", json!({"type": "program", "name": "N", "dbgap_accession_number": "phsN"})).await;
    let refused = sheepdog.put("/N", json!({"code": "Q", "name": "Q", "dbgap_accession_number": "x"})).await;
    assert_eq!(
        (refused.status, refused.body),
        (400, json!({"message": "ERROR: Project Q already exists in DB"}))
    );
}

#[actix_web::test]
async fn a_project_is_checked_against_its_schema() {
    let sheepdog = TestSheepdog::start().await;
    let with = |key: &str, value: serde_json::Value| {
        let mut project = json!({"code": "R", "dbgap_accession_number": "x"});
        project[key] = value;
        project
    };
    for (key, value) in [("availability_type", json!("bogus")), ("name", json!(5)), ("bogus", json!(1))] {
        assert_eq!(sheepdog.put("/P", with(key, value)).await.status, 400, "{key}");
    }
    // What a user says about its state does not count.
    assert_eq!(sheepdog.put("/P", with("state", json!("review"))).await.status, 200);
    let state = "select _props -> 'state' from node_project where _props ->> 'code' = 'R'";
    assert_eq!(sheepdog.props(state).await, json!("open"));
}

#[actix_web::test]
async fn only_the_empty_can_be_deleted() {
    let sheepdog = TestSheepdog::start().await;
    sheepdog.put("/P/Q", study("S")).await;
    assert_eq!(sheepdog.delete("/P/Q").await.status, 400);
    assert_eq!(sheepdog.delete("/P").await.status, 400);
    let id: String =
        sqlx::query_scalar("select node_id from node_study").fetch_one(&sheepdog.pool).await.unwrap();
    sheepdog.delete(&format!("/P/Q/entities/{id}")).await;
    assert_eq!(sheepdog.delete("/P/Q").await.status, 204);
    assert_eq!(sheepdog.delete("/P/Q").await.status, 404);
    assert_eq!(sheepdog.delete("/P").await.status, 204);
}

#[actix_web::test]
async fn only_administrators_make_programs_and_projects() {
    let sheepdog = TestSheepdog::start().await;
    for (path, who) in [("/v0/submission", "program"), ("/v0/submission/P", "project")] {
        let answer = sheepdog.send(TestRequest::put().uri(path).set_json(json!({})), Some("stranger")).await;
        let message = format!(
            "You don't have access to this resource: Unauthorized: User must be Sheepdog {who} admin"
        );
        assert_eq!((answer.status, answer.body), (403, json!({ "message": message })));
    }
}

#[actix_web::test]
async fn names_that_nobody_could_use_are_refused_when_they_are_made() {
    let sheepdog = TestSheepdog::start().await;
    for name in ["a b", "a/b", "graphql", "template", "_dictionary", "A-x", "..", "a?b"] {
        let answer = sheepdog.put("", json!({"type": "program", "name": name})).await;
        assert_eq!(answer.status, 400, "{name}");
        assert!(
            answer.body["message"].as_str().unwrap().starts_with("ERROR: Invalid program name"),
            "{answer:?}"
        );
    }
    for code in ["a b", "a/b", "export", "bulk", "transactions", ".."] {
        let answer =
            sheepdog.put("/P", json!({"code": code, "name": "n", "dbgap_accession_number": "x"})).await;
        assert_eq!(answer.status, 400, "{code}");
        assert!(
            answer.body["message"].as_str().unwrap().starts_with("ERROR: Invalid project code"),
            "{answer:?}"
        );
    }
    assert_eq!(sheepdog.count("select count(*) from node_project").await, 1);
}

#[actix_web::test]
async fn names_that_differ_in_case_only_are_one_name() {
    let sheepdog = TestSheepdog::start().await;
    assert_eq!(sheepdog.put("", json!({"type": "program", "name": "p"})).await.status, 400);
    sheepdog.put("", json!({"type": "program", "name": "N"})).await;
    for program in ["/P", "/N"] {
        let answer =
            sheepdog.put(program, json!({"code": "q", "name": "q", "dbgap_accession_number": "x"})).await;
        assert_eq!(answer.status, 400);
        let message = answer.body["message"].as_str().unwrap().to_owned();
        assert!(
            message.starts_with("ERROR: Project Q already exists in DB, and codes that differ"),
            "{message}"
        );
    }
}

#[actix_web::test]
async fn two_projects_never_share_a_project_id() {
    let sheepdog = TestSheepdog::start().await;
    // An older version let hyphens into the names of programs.
    for name in ["A", "A-x"] {
        let add = sqlx::query(
            "insert into node_program (node_id, _props) values ($1, jsonb_build_object('name', $2))",
        );
        let id = psqlgraph::ids::program_id(name).to_string();
        add.bind(id).bind(name).execute(&sheepdog.pool).await.unwrap();
    }
    let project = |code: &str| json!({"code": code, "name": code, "dbgap_accession_number": code});
    assert_eq!(sheepdog.put("/A", project("x-y")).await.status, 200);
    let refused = sheepdog.put("/A-x", project("y")).await;
    let message = "ERROR: Project x-y of program A already has the project id A-x-y";
    assert_eq!((refused.status, refused.body), (400, json!({ "message": message })));
    assert_eq!(sheepdog.put("/A-x", project("z")).await.status, 200);
    assert_eq!(sheepdog.put("/A", project("x-z")).await.status, 400);
}

#[actix_web::test]
async fn a_project_says_neither_its_type_wrong_nor_its_id_or_program() {
    let sheepdog = TestSheepdog::start().await;
    let with = |key: &str, value: serde_json::Value| {
        let mut project = json!({"type": "project", "code": "R", "name": "R", "dbgap_accession_number": "x"});
        project[key] = value;
        project
    };
    for (key, value) in
        [("type", json!("case")), ("type", json!(5)), ("programs", json!({"name": "P"})), ("id", json!("x"))]
    {
        let answer = sheepdog.put("/P", with(key, value)).await;
        assert_eq!(answer.status, 400, "{key}");
        assert!(answer.body["message"].is_string());
    }
    assert_eq!(sheepdog.count("select count(*) from node_project").await, 1);
}

#[actix_web::test]
async fn words_of_other_routes_are_programs_that_are_not_there() {
    let sheepdog = TestSheepdog::start().await;
    for path in ["/v0/submission/_dictionary", "/v0/submission/template", "/v0/submission/_dictionary/case"] {
        let answer = sheepdog.send(TestRequest::post().uri(path).set_json(json!({})), Some("admin")).await;
        assert_eq!(answer.status, 404, "{path}");
    }
    assert_eq!(sheepdog.delete("/template").await.status, 404);
}

#[actix_web::test]
async fn links_keep_to_the_spelling_of_the_address() {
    let sheepdog = TestSheepdog::start().await;
    for (prefix, path) in [
        ("/submission", ""),
        ("/submission", "/P"),
        ("/submission", "/_dictionary"),
        ("/v0/submission", "/P"),
    ] {
        let answer = sheepdog.send(TestRequest::get().uri(&format!("{prefix}{path}")), Some("admin")).await;
        let link = answer.body["links"][0].as_str().unwrap().to_owned();
        assert!(link.starts_with(&format!("{prefix}/")), "{link}");
    }
}
