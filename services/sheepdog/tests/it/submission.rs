//! What a submission writes, and what it refuses.

use std::sync::atomic::{AtomicUsize, Ordering};

use actix_web::test::TestRequest;
use serde_json::{Value, json};
use tracing::Instrument as _;
use tracing_subscriber::{
    filter::filter_fn,
    layer::{Context, Layer, SubscriberExt as _},
    registry::LookupSpan,
};

use crate::support::{TestSheepdog, case, sample, study};

#[actix_web::test]
async fn parents_and_children_arrive_together_in_any_order() {
    let sheepdog = TestSheepdog::start().await;
    let answer = sheepdog.post("/P/Q", json!([sample("X", "C"), case("C", "S"), study("S")])).await;
    assert_eq!((answer.status, &answer.body["created_entity_count"]), (201, &json!(3)), "{answer:?}");
    assert_eq!(answer.body["message"], "Transaction successful.");
    let edges = "select (select count(*) from edge_samplederivedfromcase) \
                 + (select count(*) from edge_casememberofstudy) \
                 + (select count(*) from edge_studyperformedforproject)";
    assert_eq!(sheepdog.count(edges).await, 3);
}

#[actix_web::test]
async fn a_node_has_what_was_submitted_and_what_the_system_adds() {
    let sheepdog = TestSheepdog::start().await;
    let mut document = case("C", "S");
    document["age"] = json!(7);
    document["sex"] = Value::Null;
    document["state"] = json!("submitted");
    sheepdog.put("/P/Q", json!([study("S"), document])).await;
    let mut props = sheepdog.props("select _props from node_case").await;
    let stamp = props["created_datetime"].take();
    assert_eq!(props["updated_datetime"].take(), stamp);
    assert!(stamp.as_str().is_some_and(|stamp| stamp.len() == 32 && stamp.ends_with("+00:00")), "{stamp}");
    assert_eq!(
        props,
        json!({"submitter_id": "C", "project_id": "P-Q", "state": "validated", "age": 7, "sex": null,
               "created_datetime": null, "updated_datetime": null})
    );
}

#[actix_web::test]
async fn an_update_merges_and_keeps_the_old_row_as_history() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let mut document = case("c", "S");
    document["age"] = json!(9);
    let answer = sheepdog.put("/P/Q", document).await;
    assert_eq!((answer.status, answer.id()), (200, id.clone()));
    assert_eq!(answer.body["updated_entity_count"], 1);
    let props = sheepdog.props("select _props from node_case").await;
    assert_eq!((&props["submitter_id"], &props["age"]), (&json!("c"), &json!(9)));
    let voided = "select properties || jsonb_build_object('label', label, 'node_id', node_id) \
                  from _voided_nodes where label = 'case'";
    let voided = sheepdog.props(voided).await;
    assert_eq!((&voided["submitter_id"], &voided["age"]), (&json!("C"), &Value::Null));
    assert_eq!(voided["node_id"], json!(id));
}

#[actix_web::test]
async fn an_unchanged_put_writes_no_node_and_no_history() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let before = sheepdog.props("select _props from node_case").await;
    let answer = sheepdog.put("/P/Q", case("C", "S")).await;
    assert_eq!(answer.body["updated_entity_count"], 1);
    assert_eq!(sheepdog.props("select _props from node_case").await, before);
    assert_eq!(sheepdog.count("select count(*) from _voided_nodes where label = 'case'").await, 0);
    assert_eq!(sheepdog.count("select count(*) from _voided_edges").await, 0);
}

#[actix_web::test]
async fn one_bad_entity_stops_all() {
    let sheepdog = TestSheepdog::start().await;
    let answer = sheepdog
        .put("/P/Q", json!([study("S"), case("C", "S"), {"type": "case", "submitter_id": "D"}]))
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.errors(), vec![("MISSING_PROPERTY".to_owned(), json!(["studies"]))]);
    assert_eq!(answer.body["entities"][1]["valid"], true);
    assert_eq!(
        sheepdog.count("select (select count(*) from node_case) + (select count(*) from node_study)").await,
        0
    );
    let log = "select jsonb_build_object('state', state, 'documents', jsonb_array_length(canonical_json)) \
               from transaction_logs order by id desc limit 1";
    assert_eq!(sheepdog.props(log).await, json!({"state": "FAILED", "documents": 3}));
}

#[actix_web::test]
async fn a_link_must_lead_to_a_node_of_the_same_project() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    sheepdog.put("/P", json!({"code": "R", "name": "R", "dbgap_accession_number": "phsR"})).await;
    let elsewhere = json!({"type": "study", "submitter_id": "T", "projects": {"code": "R"}});
    let elsewhere = sheepdog.put("/P/R", elsewhere).await.id();

    let missing = sheepdog.put("/P/Q", case("D", "nobody")).await;
    let foreign = sheepdog
        .put("/P/Q", json!({"type": "case", "submitter_id": "D", "studies": {"id": elsewhere}}))
        .await;
    let project = json!({"type": "study", "submitter_id": "U", "projects": {"code": "R"}});
    let project = sheepdog.put("/P/Q", project).await;
    assert_eq!(missing.errors(), vec![("INVALID_LINK".to_owned(), json!(["studies"]))]);
    assert_eq!(foreign.errors(), vec![("INVALID_LINK".to_owned(), json!([]))]);
    assert_eq!(project.errors(), vec![("INVALID_PERMISSIONS".to_owned(), json!([]))]);
    assert_eq!(
        missing.body["entities"][0]["errors"][0]["message"],
        "No link destination found for studies, \
         unique_keys='[{'project_id': 'P-Q', 'submitter_id': 'nobody'}]'"
    );
}

#[actix_web::test]
async fn a_key_or_id_that_exists_cannot_be_created_again() {
    let (sheepdog, id) = TestSheepdog::with_case().await;
    let same = sheepdog.post("/P/Q", case("C", "S")).await;
    let other_case = sheepdog.post("/P/Q", case("c", "S")).await;
    let mut with_id = case("D", "S");
    with_id["id"] = json!(id);
    let same_id = sheepdog.put("/P/Q", with_id).await;
    let other_type = json!({"type": "study", "submitter_id": "T", "id": id, "projects": {"code": "Q"}});
    let other_type = sheepdog.put("/P/Q", other_type).await;
    let keys = ("ERROR".to_owned(), json!(["project_id", "submitter_id"]));
    assert_eq!(same.errors(), vec![keys.clone()]);
    assert_eq!(other_case.errors(), vec![keys]);
    assert_eq!(same_id.errors(), vec![("ERROR".to_owned(), json!(["id"]))]);
    assert_eq!(other_type.errors(), vec![("ERROR".to_owned(), json!(["id"]))]);
    for answer in [same, other_case, same_id, other_type] {
        assert_eq!((answer.status, &answer.body["success"]), (400, &json!(false)));
    }
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 1);
}

#[actix_web::test]
async fn a_request_must_not_name_a_node_twice() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let exact = sheepdog.put("/P/Q", json!([case("D", "S"), sample("D", "C")])).await;
    assert_eq!(
        exact.body["transactional_errors"],
        json!([{"message": "Entity is not unique, (('P-Q', 'D'),)", "type": "NOT_UNIQUE"}])
    );
    let folded = sheepdog.put("/P/Q", json!([case("D", "S"), case("d", "S")])).await;
    assert_eq!(folded.errors(), vec![("NOT_UNIQUE".to_owned(), json!(["project_id", "submitter_id"]))]);
    let stored = sheepdog.put("/P/Q", json!([case("C", "S"), case("c", "S")])).await;
    assert_eq!(stored.errors(), vec![("NOT_UNIQUE".to_owned(), json!(["project_id", "submitter_id"]))]);
    assert_eq!(sheepdog.count("select count(*) from node_case").await, 1);
}

#[actix_web::test]
async fn an_incomplete_key_names_nobody() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let nobody = json!({"type": "sample", "submitter_id": "X", "cases": {"bogus": "C"}});
    let answer = sheepdog.put("/P/Q", nobody).await;
    assert_eq!(answer.errors(), vec![("INVALID_LINK".to_owned(), json!(["cases"]))]);
    // Nobody could mean a record without a submitter_id again.
    let anonymous = json!({"type": "case", "submitter_id": null, "studies": {"submitter_id": "S"}});
    let answer = sheepdog.put("/P/Q", anonymous).await;
    assert_eq!(answer.errors(), vec![("MISSING_PROPERTY".to_owned(), json!(["submitter_id"]))]);
    assert_eq!(
        sheepdog.props("select _props from node_case order by created limit 1").await["submitter_id"],
        "C"
    );
}

#[actix_web::test]
async fn multiplicities_hold_against_stored_nodes_and_within_a_request() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let demographic =
        |id: &str| json!({"type": "demographic", "submitter_id": id, "cases": {"submitter_id": "C"}});
    let both = sheepdog.put("/P/Q", json!([demographic("A"), demographic("B")])).await;
    assert_eq!(both.errors().len(), 2);
    assert_eq!(sheepdog.put("/P/Q", demographic("A")).await.status, 200);
    let second = sheepdog.put("/P/Q", demographic("B")).await;
    assert_eq!(
        second.body["entities"][0]["errors"][0]["message"],
        "'cases' link has to be one_to_one, target node case already has demographics"
    );
    sheepdog.put("/P/Q", case("D", "S")).await;
    assert_eq!(sheepdog.put("/P/Q", sample("X", "C")).await.status, 200);
    let moved = sheepdog.put("/P/Q", sample("X", "D")).await;
    assert_eq!(moved.body["entities"][0]["errors"][0]["message"], "'cases' link has to be many_to_one");
}

#[actix_web::test]
async fn null_clears_an_optional_link_and_absence_keeps_it() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let diagnosis = json!({"type": "diagnosis", "submitter_id": "D", "cases": {"submitter_id": "C"}});
    let mut linked = sample("X", "C");
    linked["diagnoses"] = json!({"submitter_id": "D"});
    sheepdog.put("/P/Q", json!([diagnosis, linked.clone()])).await;
    let edges = "select count(*) from edge_samplerelatedtodiagnosis";
    sheepdog.put("/P/Q", sample("X", "C")).await;
    assert_eq!(sheepdog.count(edges).await, 1);
    linked["diagnoses"] = Value::Null;
    assert_eq!(sheepdog.put("/P/Q", linked).await.status, 200);
    assert_eq!(sheepdog.count(edges).await, 0);
    assert_eq!(
        sheepdog.props("select jsonb_build_object('label', label) from _voided_edges").await,
        json!({"label": "related_to"})
    );
}

#[actix_web::test]
async fn the_number_of_statements_does_not_grow_with_the_rows() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let batch = |from: usize, to: usize| {
        Value::Array((from..to).map(|number| sample(&format!("X{number}"), "C")).collect())
    };
    let statements = Statements::count();
    let few = statements.during(sheepdog.put("/P/Q", batch(0, 3))).await;
    let many = statements.during(sheepdog.put("/P/Q", batch(3, 303))).await;
    let few_again = statements.during(sheepdog.put("/P/Q", batch(0, 3))).await;
    let many_again = statements.during(sheepdog.put("/P/Q", batch(0, 303))).await;
    assert!(few.1 > 5, "statements are counted: {few:?}");
    assert_eq!((many.1, many_again.1), (few.1, few_again.1));
    assert_eq!(many_again.0.body["updated_entity_count"], 303);
}

/// Counts the statements that sqlx reports for a request of this test, on whatever thread. What else happens
/// meanwhile, such as the sweeps of the service, is not in the span of the request.
struct Statements;

/// The span's name.
const COUNTED: &str = "counted";
static COUNT: AtomicUsize = AtomicUsize::new(0);

struct Counter;

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Counter {
    fn on_event(&self, event: &tracing::Event<'_>, context: Context<'_, S>) {
        let scope = context.event_scope(event);
        if scope.is_some_and(|mut scope| scope.any(|span| span.name() == COUNTED)) {
            COUNT.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl Statements {
    fn count() -> Self {
        let of_interest = filter_fn(|about| about.target() == "sqlx::query" || about.name() == COUNTED);
        // One subscriber for the whole process: what a thread's own would see depends on other threads.
        let _ = tracing::subscriber::set_global_default(
            tracing_subscriber::registry().with(Counter.with_filter(of_interest)),
        );
        Self
    }

    async fn during<T>(&self, work: impl Future<Output = T>) -> (T, usize) {
        COUNT.store(0, Ordering::SeqCst);
        let result = work.instrument(tracing::info_span!("counted")).await;
        (result, COUNT.load(Ordering::SeqCst))
    }
}

#[actix_web::test]
async fn nothing_is_told_of_records_in_projects_that_one_may_not_read() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    sheepdog.put("/P", json!({"code": "R", "name": "R", "dbgap_accession_number": "phsR"})).await;
    let secret = json!({"type": "study", "submitter_id": "T", "projects": {"code": "R"}});
    let secret = sheepdog.put("/P/R", secret).await.id();
    let put = async |document: serde_json::Value| {
        let request = TestRequest::put().uri(&crate::support::uri("/P/Q")).set_json(document);
        sheepdog.send(request, Some("writer")).await
    };
    let by_id = json!({"type": "case", "submitter_id": "D", "studies": {"id": secret}});
    let by_key =
        json!({"type": "case", "submitter_id": "D", "studies": {"project_id": "P-R", "submitter_id": "T"}});
    for link in [by_id, by_key] {
        let answer = put(link).await;
        assert_eq!(answer.errors(), vec![("INVALID_LINK".to_owned(), json!(["studies"]))]);
        let message = answer.body["entities"][0]["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.starts_with("No link destination found for studies"), "{message}");
    }
    // As if it were not there.
    let update =
        json!({"type": "study", "submitter_id": "T", "project_id": "P-R", "projects": {"code": "Q"}});
    let unknown =
        json!({"type": "study", "submitter_id": "nobody", "project_id": "P-R", "projects": {"code": "Q"}});
    let [known, unknown] = [put(update).await, put(unknown).await];
    assert_eq!(known.errors(), unknown.errors());
    let shown = known.body["entities"][0].to_string();
    assert!(known.body["entities"][0]["action"] == "create" && !shown.contains(&secret), "{shown}");
}
