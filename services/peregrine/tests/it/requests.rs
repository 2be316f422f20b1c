//! Requests and answers over HTTP.

use actix_web::{http::Method, test as client};
use peregrine::Config;
use serde_json::json;

use crate::support::Commons;

#[actix_web::test]
async fn the_query_route_has_its_historic_spellings() {
    let commons = Commons::empty().await;
    for path in
        ["/v0/submission/graphql", "/v0/submission/graphql/", "/submission/graphql", "/submission/graphql/"]
    {
        let request = client::TestRequest::post().uri(path).insert_header(commons.bearer("admin"));
        let answer = commons.send(request.set_payload("{\"query\": \"{_case_count}\"}")).await;
        assert_eq!((answer.status, answer.json()), (200, json!({"data": {"_case_count": 0}})), "{path}");
    }
    let answer = commons.get("admin", "/v0/submission/graphql").await;
    let message = "405 Method Not Allowed: The method is not allowed for the requested URL.";
    assert_eq!((answer.status, answer.json()), (405, json!({ "message": message })));
    assert_eq!(commons.get("admin", "/nope").await.status, 404);
}

#[actix_web::test]
async fn a_query_needs_a_valid_token() {
    let commons = Commons::empty().await;
    let expired = commons.tokens.token_with("admin", |claims| claims.exp = 1);
    let foreign = testing::TestTokens::new().token("admin");
    let id_token = commons.tokens.token_with("admin", |claims| claims.pur = Some(tokens::Purpose::Id));
    let scopeless = commons.tokens.token_with("admin", |claims| claims.scope = None);
    let cases = [
        (None, "no authorization header provided"),
        (Some("bearer".to_owned()), "could not parse authorization header"),
        (Some(format!("bearer {expired}")), "Signature has expired"),
        (Some(format!("bearer {foreign}")), "Signature verification failed"),
        (Some(format!("bearer {id_token}")), "token has the wrong purpose"),
        (Some(format!("bearer {scopeless}")), "token is missing required scopes: {'openid'}"),
        (
            Some("bearer eyJhbGciOiJub25lIiwia2lkIjoiZmVuY2Vfa2V5X3Rlc3QifQ.e30.".to_owned()),
            "token is not signed with RS256",
        ),
    ];
    for (header, reason) in cases {
        let mut request = client::TestRequest::post().uri("/v0/submission/graphql");
        if let Some(header) = header {
            request = request.insert_header(("Authorization", header));
        }
        let answer = commons.send(request.set_payload("{\"query\": \"{__typename}\"}")).await;
        let message = format!("Authentication Error: {reason}");
        assert_eq!((answer.status, answer.json()), (401, json!({ "message": message })));
    }
}

#[actix_web::test]
async fn what_fails_is_null_and_the_rest_is_answered() {
    let commons = Commons::with_study().await;
    let query = "{case(order_by_asc: \"nope\") {id} _diagnosis_count diagnosis {cases(with_links: \"x\") \
                 {id} age} \
                 none: case(id: \"none\") {samples(with_links: \"y\") {id}}}";
    let answer = commons.post("admin", &json!({ "query": query })).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            400,
            json!({
                "data": {"case": null, "_diagnosis_count": 1, "diagnosis": [{"cases": null, "age": 30.0}],
                         "none": []},
                "errors": ["Cannot order by nope on case", "Invalid link name 'x'"],
            })
        )
    );
}

#[actix_web::test]
async fn the_schema_is_open_and_has_a_tag() {
    let commons = Commons::empty().await;
    let answer = commons.send(client::TestRequest::get().uri("/v0/submission/getschema")).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.json()["data"]["__schema"]["queryType"], json!({"name": "Root"}));
    assert_eq!(answer.headers.get("content-disposition").unwrap(), "inline; filename=schema.json");
    let node = answer.json()["data"]["__schema"]["types"].clone();
    let node = node.as_array().unwrap().iter().find(|ty| ty["name"] == "Node").unwrap().clone();
    assert_eq!(node["description"], "The query object that represents the psqlgraph.Node base");
    let tag = answer.headers.get("etag").unwrap().to_str().unwrap().to_owned();
    let again =
        client::TestRequest::get().uri("/v0/submission/getschema").insert_header(("If-None-Match", tag));
    let answer = commons.send(again).await;
    assert_eq!((answer.status, answer.body.as_str()), (304, ""));
}

#[actix_web::test]
async fn the_types_of_the_schema_are_golden() {
    let commons = Commons::empty().await;
    let answer = commons.send(client::TestRequest::get().uri("/v0/submission/getschema")).await.json();
    let mut lines = String::new();
    for ty in answer["data"]["__schema"]["types"].as_array().unwrap() {
        lines += &format!("{} {}\n", ty["kind"].as_str().unwrap(), ty["name"].as_str().unwrap());
        let wanted = [
            "Root",
            "case",
            "viewer",
            "NotPropertiesInput_sample",
            "WithPathToInput",
            "DataNode",
            "NodeType",
        ];
        if !wanted.contains(&ty["name"].as_str().unwrap()) {
            continue;
        }
        for field in ty["fields"].as_array().or(ty["inputFields"].as_array()).unwrap() {
            lines += &format!("    {}: {}", field["name"].as_str().unwrap(), shown(&field["type"]));
            let args: Vec<String> = field["args"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|arg| format!("{}: {}", arg["name"].as_str().unwrap(), shown(&arg["type"])))
                .collect();
            lines += &if args.is_empty() { "\n".to_owned() } else { format!(" ({})\n", args.join(", ")) };
        }
    }
    insta::assert_snapshot!(lines);
}

fn shown(ty: &serde_json::Value) -> String {
    match ty["kind"].as_str().unwrap() {
        "LIST" => format!("[{}]", shown(&ty["ofType"])),
        "NON_NULL" => format!("{}!", shown(&ty["ofType"])),
        _ => ty["name"].as_str().unwrap().to_owned(),
    }
}

#[actix_web::test]
async fn figures_of_projects() {
    let commons = Commons::with_study().await;
    let answer = commons.get("admin", "/v0/datasets").await;
    let message = "Need to provide target nodes in query param";
    assert_eq!((answer.status, answer.json()), (400, json!({ "message": message })));
    let anonymous = commons.send(client::TestRequest::get().uri("/datasets?nodes=case")).await;
    assert_eq!(anonymous.status, 401);
    let projects = commons.get("nobody", "/datasets/projects").await.json();
    assert_eq!(projects, json!({"projects": [{"name": "S", "code": "S", "dbgap_accession_number": "S"}]}));
    let unknown = commons.get("nobody", "/datasets?nodes=case,nope").await;
    assert_eq!(unknown.status, 400);
    assert!(
        unknown.json()["errors"][0]
            .as_str()
            .unwrap()
            .starts_with("Cannot query field \"_nope_count\" on type \"Root\".")
    );
}

#[actix_web::test]
async fn an_operator_can_publish_the_figures() {
    let commons = Commons::configured(Config { public_datasets: true, ..Config::default() }).await;
    let counts = commons.send(client::TestRequest::get().uri("/datasets?nodes=case")).await.json();
    assert_eq!(counts, json!({"P-Q": {"case": 12}, "P-R": {"case": 1}, "O-S": {"case": 1}}));
    let query = client::TestRequest::post()
        .uri("/v0/submission/graphql")
        .set_payload("{\"query\": \"{_case_count}\"}");
    assert_eq!(commons.send(query).await.status, 401);
}

#[actix_web::test]
async fn landing_pages_in_three_forms() {
    let commons = Commons::with_study().await;
    let show = async |accept: &str| {
        let request =
            client::TestRequest::get().uri("/coremetadata/object-f1").insert_header(commons.bearer("admin"));
        commons.send(request.insert_header(("Accept", accept.to_owned()))).await
    };
    let citation = "Someone, 2026: The title. Us, object-f1.";
    assert_eq!(
        show("application/json").await.json(),
        json!({
            "description": "d", "creator": "Someone", "publisher": "Us", "type": "reads", "file_name": "f1",
            "data_format": "BAM",
            "file_size": 100.0, "project_id": "P-Q", "object_id": "object-f1", "md5sum": "m",
            "citation": citation,
        })
    );
    assert!(
        show("x-bibtex")
            .await
            .body
            .starts_with("@misc {object-f1, description = \"d\", creator = \"Someone\", ")
    );
    let dataset = show("application/vnd.schemaorg.ld+json").await.json();
    assert_eq!((&dataset["@type"], &dataset["author"]), (&json!("Dataset"), &json!({"name": "Someone"})));
    let missing = commons.get("admin", "/v0/coremetadata/a%22b/c").await;
    assert_eq!((missing.status, missing.json()), (404, json!({"message": "object_id \"a\"b/c\" not found"})));
}

#[actix_web::test]
async fn status_and_version() {
    let commons = Commons::empty().await;
    let status = commons.send(client::TestRequest::get().uri("/_status")).await;
    assert_eq!((status.status, status.body.as_str()), (200, "Healthy"));
    let version = commons.send(client::TestRequest::get().uri("/_version")).await.json();
    let digest = &crate::support::dictionary().digest;
    assert_eq!(version["dictionary"], json!({"version": "1.0", "commit": "abc", "digest": digest}));
}

#[actix_web::test]
async fn web_pages_of_any_origin_may_ask() {
    let commons = Commons::empty().await;
    let answer = commons.post("admin", &json!({"query": "{_case_count}"})).await;
    let header = |name: &str| answer.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(header("access-control-allow-origin"), "*");
    assert_eq!(header("access-control-expose-headers"), "Content-Disposition");
}

#[actix_web::test]
async fn the_operations_name_and_other_keys_say_nothing() {
    let commons = Commons::empty().await;
    let body =
        json!({"query": "query A {_case_count}", "operationName": "B", "format": "tsv", "export": true});
    let answer = commons.post("admin", &body).await;
    assert_eq!((answer.status, answer.json()), (200, json!({"data": {"_case_count": 0}})));
}

#[actix_web::test]
async fn questions_about_the_schema_have_the_same_answer_again() {
    let commons = Commons::empty().await;
    let body = json!({"query": "query ($n: String!) {a: __type(name: $n) {name} __schema {queryType \
                                {name}}}", "variables": {"n": "case"}});
    let expected = r#"{"data":{"a":{"name":"case"},"__schema":{"queryType":{"name":"Root"}}}}"#;
    for _ in 0..3 {
        assert_eq!(commons.post("nobody", &body).await.body, expected);
    }
    let other = json!({"query": body["query"], "variables": {"n": "sample"}});
    assert_eq!(commons.post("nobody", &other).await.json()["data"]["a"]["name"], "sample");
    // What stands beside them is read anew.
    let mixed = json!({"query": "{__schema {queryType {name}} _case_count}"});
    assert_eq!(commons.post("admin", &mixed).await.json()["data"]["_case_count"], 0);
    commons.loader().entity("P-Q", "case", "new", json!({})).await;
    assert_eq!(commons.post("admin", &mixed).await.json()["data"]["_case_count"], 1);
    let anonymous = client::TestRequest::post().uri("/v0/submission/graphql").set_payload(body.to_string());
    assert_eq!(commons.send(anonymous).await.status, 401);
}

#[actix_web::test]
async fn options_name_the_methods_of_a_path_and_answer_preflights() {
    let commons = Commons::empty().await;
    let options = |path: &str| client::TestRequest::default().method(Method::OPTIONS).uri(path);
    for (path, methods) in [
        ("/v0/submission/graphql", "OPTIONS, POST"),
        ("/submission/graphql/", "OPTIONS, POST"),
        ("/v0/submission/getschema", "GET, HEAD, OPTIONS"),
        ("/coremetadata/a/b", "GET, HEAD, OPTIONS"),
    ] {
        let answer = commons.send(options(path)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
        assert_eq!(answer.headers.get("allow").unwrap(), methods, "{path}");
        assert_eq!(answer.headers.get("access-control-allow-origin").unwrap(), "*");
        assert!(!answer.headers.contains_key("access-control-allow-methods"));
    }
    let preflight = options("/v0/submission/graphql")
        .insert_header(("Origin", "https://elsewhere.example"))
        .insert_header(("Access-Control-Request-Method", "POST"))
        .insert_header(("Access-Control-Request-Headers", "authorization, content-type"));
    let answer = commons.send(preflight).await;
    let methods = "DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT";
    assert_eq!(answer.headers.get("access-control-allow-methods").unwrap(), methods);
    assert_eq!(answer.headers.get("access-control-allow-headers").unwrap(), "authorization, content-type");
    assert_eq!(commons.send(options("/v0/nowhere")).await.status, 404);
}

#[actix_web::test]
async fn short_statements_stay_prepared_and_are_planned_for_their_values() {
    let commons = Commons::with_study().await;
    for number in 0..12 {
        // A list without an end is read through a cursor.
        let case = format!("case(submitter_id: \"c{number}\") {{id samples {{id}}}}");
        commons.data("admin", &format!("{{{case} sample(first: 0) {{id aliquots {{id}}}}}}")).await;
    }
    // The connection of the last query comes back a moment after its answer.
    for _ in 0..100 {
        let kept = kept_statements(&commons).await;
        let of_cursors = kept.iter().filter(|(statement, ..)| statement.ends_with("from c0")).count();
        let by_name = kept.iter().filter(|(statement, ..)| statement.contains("'submitter_id' = $1"));
        let planned = by_name.fold((0, 0), |sum, (_, custom, generic)| (sum.0 + custom, sum.1 + generic));
        if planned.0 == 12 {
            assert_eq!((planned.1, of_cursors), (0, 0));
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{:?}", kept_statements(&commons).await);
}

/// The statements that the connections at rest keep, with how often they were planned for their values and
/// how often not.
async fn kept_statements(commons: &Commons) -> Vec<(String, i64, i64)> {
    let mut connections = Vec::new();
    while let Some(connection) = commons.database.pool.try_acquire() {
        connections.push(connection);
    }
    let mut all = Vec::new();
    for connection in &mut connections {
        let kept: Vec<(String, i64, i64)> =
            sqlx::query_as("select statement, custom_plans, generic_plans from pg_prepared_statements")
                .fetch_all(&mut **connection)
                .await
                .unwrap();
        all.extend(kept);
    }
    all
}
