//! Answers larger than what is held in memory.

use std::{future::poll_fn, pin::pin, sync::Arc, time::Duration};

use actix_web::{App, body::MessageBody as _, test as client};
use peregrine::{Budget, Config, Peregrine, Windows};
use serde_json::json;
use sql::Sql;
use web::Service as _;

use crate::support::Commons;

/// Cases, each with two samples, and samples, each with two aliquots, of project P-Q. The database itself
/// writes them.
async fn commons_with_many(cases: i64) -> Commons {
    let commons = Commons::with_study().await;
    for (label, each) in [("case", 1), ("sample", 2), ("aliquot", 4)] {
        let insert = Sql::raw("insert into ").then_ident(&psqlgraph::names::node_table(label));
        let rows = insert
            .text(" (node_id, acl, _sysan, _props) select ")
            .literal(label)
            .text(
                " || '-m' || n, '{}', '{}', jsonb_build_object('submitter_id', 'm' || n, 'project_id', \
                   'P-Q', ",
            )
            .text("'created_datetime', '2026-11-21T07:22:39.752252+00:00', 'state', repeat('x', 200)) ")
            .text("from generate_series(1, ")
            .bind(cases * each)
            .text("::bigint) n");
        rows.query().execute(&commons.database.pool).await.unwrap();
    }
    for (child, parent) in [("sample", "case"), ("aliquot", "sample")] {
        let table = psqlgraph::names::edge_table(child, "derived_from", parent);
        let rows =
            Sql::raw("insert into ").then_ident(&table).text(" (src_id, dst_id, acl) select node_id, ");
        let rows = rows
            .literal(parent)
            .text(" || '-m' || (substr(_props ->> 'submitter_id', 2)::int + 1) / 2, '{}' from ");
        let rows = rows.then_ident(&psqlgraph::names::node_table(child));
        let rows = rows.text(" where _props ->> 'submitter_id' like 'm_%'");
        rows.query().execute(&commons.database.pool).await.unwrap();
    }
    commons
}

const WIDE: &str = "{case(first: 0, order_by_asc: \"id\") {id submitter_id state \
                    samples(first: 0, order_by_asc: \"id\") {id state aliquots(first: 0, \
                    order_by_asc: \"id\") {id state} _aliquots_count} \
                    _links(order_by_asc: \"id\") {id}}}";
const DEEP: &str = "{project(first: 0, order_by_asc: \"id\") {code experiments(first: 0) {cases(first: 0, \
                    order_by_asc: \"id\") {id \
                    _samples_count samples(order_by_asc: \"id\") {id}}}}}";

#[actix_web::test]
async fn a_large_answer_is_the_same_in_windows_of_any_size() {
    let commons = commons_with_many(300).await;
    let all = Windows { rows: 100_000, bytes: 1 << 30, held_back: 1 << 30, ..Windows::default() };
    let whole = commons.reconfigured(Config { windows: all, ..Config::default() });
    for query in
        [WIDE, DEEP, "{aliquot(first: 0, order_by_asc: \"id\") {id state created_datetime} _case_count}"]
    {
        let body = json!({ "query": query });
        let expected = commons.post_to(&whole, "admin", &body).await;
        assert_eq!(expected.status, 200, "{}", expected.body);
        for (rows, bytes, held_back) in [(1, 1, 0), (7, 10_000, 1_000), (1_000, 100_000, 50_000)] {
            let windows = Windows { rows, bytes, held_back, ..Windows::default() };
            let service = commons.reconfigured(Config { windows, ..Config::default() });
            let answer = commons.post_to(&service, "admin", &body).await;
            assert!(answer.body == expected.body, "{windows:?}: {query}");
        }
    }
}

#[actix_web::test]
async fn a_budget_that_runs_out_is_told_while_the_answer_is_held_back_and_breaks_the_transfer_afterwards() {
    let commons = commons_with_many(300).await;
    let budget = Budget { rows: 200, ..Budget::default() };
    let body = json!({ "query": "{case(first: 0) {id state}}" });
    let held = commons.reconfigured(Config { budget, ..Config::default() });
    let answer = commons.post_to(&held, "admin", &body).await;
    let message = "The answer has more nodes than one request may have; use first and offset.";
    assert_eq!((answer.status, answer.json()), (400, json!({"data": null, "errors": [message]})));
    let few_bytes = Budget { bytes: 5_000, ..Budget::default() };
    let held = commons.reconfigured(Config { budget: few_bytes, ..Config::default() });
    let answer = commons.post_to(&held, "admin", &body).await;
    let message = "The answer has more bytes than one request may have; use first and offset.";
    assert_eq!((answer.status, answer.json()), (400, json!({"data": null, "errors": [message]})));
    let windows = Windows { held_back: 1_000, ..Windows::default() };
    let sent = commons.reconfigured(Config { budget, windows, ..Config::default() });
    let answer = commons.post_to(&sent, "admin", &body).await;
    assert_eq!((answer.status, answer.is_broken), (200, true));
}

#[actix_web::test]
async fn a_query_with_errors_is_never_sent_in_parts() {
    let commons = commons_with_many(300).await;
    let windows = Windows { held_back: 1_000, ..Windows::default() };
    let service = commons.reconfigured(Config { windows, ..Config::default() });
    let post = async |query: &str| commons.post_to(&service, "admin", &json!({ "query": query })).await;
    // The list is longer than what is held back, and whether the last field fails is not known before its
    // end.
    let answer = post("{case(first: 0) {id state} diagnosis {cases(with_links: \"x\") {id}}}").await;
    let expected = json!({"data": null, "errors": ["Invalid link name 'x'"]});
    assert_eq!((answer.status, answer.json()), (400, expected));
    let answer = post("{diagnosis {age cases(with_links: \"x\") {id}}}").await;
    let expected =
        json!({"data": {"diagnosis": [{"age": 30.0, "cases": null}]}, "errors": ["Invalid link name 'x'"]});
    assert_eq!((answer.status, answer.json()), (400, expected));
}

#[actix_web::test]
async fn long_lists_of_logs_are_the_same_in_parts() {
    let commons = Commons::with_study().await;
    let mut connection = commons.database.pool.acquire().await.unwrap();
    for _ in 0..20 {
        use psqlgraph::transactions::{NewLog, Role, Snapshot, add_snapshots, open};
        let log =
            NewLog { submitter: None, role: Role::Create, program: "P", project: "Q", is_dry_run: false };
        let id = open(&mut connection, &log).await.unwrap();
        let snapshot = |entity: &str| Snapshot {
            entity_id: entity.into(),
            action: "create",
            old_props: "{}".into(),
            new_props: "{}".into(),
        };
        let snapshots = vec![snapshot("case-c01"), snapshot("case-c02")];
        add_snapshots(&mut connection, id, snapshots).await.unwrap();
    }
    drop(connection);
    let windows = Windows { rows: 1, bytes: 100, held_back: 10, ..Windows::default() };
    let service = commons.reconfigured(Config { windows, ..Config::default() });
    let query = "{transaction_log(first: 0, order_by_asc: \"id\") {id snapshots {entity: id}} \
                 case(ids: [\"case-c01\", \"case-c02\", \"case-c03\"], order_by_asc: \"id\") \
                 {id _transaction_logs(first: 0, order_by_asc: \"id\") {id} _transaction_logs_count}}";
    let body = json!({ "query": query });
    let (whole, parts) =
        (commons.post("admin", &body).await, commons.post_to(&service, "admin", &body).await);
    assert_eq!((whole.status, parts.body), (200, whole.body));
}

/// Begins to read an answer and rests for a while. Gives whether the rest of it came.
async fn read(commons: &Commons, service: &Arc<Peregrine>, rest: Duration, to_the_end: bool) -> bool {
    let service = service.clone();
    let app = client::init_service(App::new().configure(|cfg| service.configure(cfg))).await;
    let request =
        client::TestRequest::post().uri("/submission/graphql").insert_header(commons.bearer("admin"));
    let ids: String = (0..20).map(|n| format!("id{n}: id ")).collect();
    let body = json!({"query": format!("{{aliquot(first: 0) {{{ids} state}}}}")}).to_string();
    let response = client::call_service(&app, request.set_payload(body).to_request()).await;
    assert_eq!(response.status(), 200);
    let mut body = pin!(response.into_body());
    assert!(poll_fn(|context| body.as_mut().poll_next(context)).await.unwrap().is_ok());
    tokio::time::sleep(rest).await;
    if !to_the_end {
        return false;
    }
    loop {
        match poll_fn(|context| body.as_mut().poll_next(context)).await {
            Some(Ok(_)) => {}
            Some(Err(_)) => return false,
            None => return true,
        }
    }
}

/// Whether soon no transaction of the service is left.
async fn ends_soon(commons: &Commons) -> bool {
    let left = "select count(*) from pg_stat_activity where datname = current_database() and query like \
                '%node_aliquot%' \
                and state <> 'idle' and pid <> pg_backend_pid()";
    for _ in 0..100 {
        let left: i64 = sqlx::query_scalar(left).fetch_one(&commons.database.pool).await.unwrap();
        if left == 0 {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    false
}

#[actix_web::test]
async fn a_reader_that_leaves_or_is_too_slow_frees_the_database() {
    let commons = commons_with_many(5_000).await;
    let windows = Windows { held_back: 1_000, in_files: 0, ..Windows::default() };
    let patient = commons.reconfigured(Config { windows, ..Config::default() });
    assert!(read(&commons, &patient, Duration::ZERO, true).await);
    assert!(!read(&commons, &patient, Duration::ZERO, false).await);
    assert!(ends_soon(&commons).await);
    let budget = Budget { time: Duration::from_millis(300), ..Budget::default() };
    let hasty = commons.reconfigured(Config { windows, budget, ..Config::default() });
    assert!(!read(&commons, &hasty, Duration::from_secs(1), true).await);
    assert!(ends_soon(&commons).await);
}

#[actix_web::test]
async fn a_slow_reader_holds_no_connection_and_gets_its_whole_answer() {
    let commons = commons_with_many(5_000).await;
    let windows = Windows { held_back: 1_000, ..Windows::default() };
    let budget = Budget { time: Duration::from_secs(5), ..Budget::default() };
    let service = commons.reconfigured(Config { windows, budget, ..Config::default() });
    let slow = read(&commons, &service, Duration::from_secs(7), true);
    let watched = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        ends_soon(&commons).await
    };
    // More than can wait in memory, and its rest is read when the time of its query is over.
    assert_eq!(tokio::join!(slow, watched), (true, true));
}
