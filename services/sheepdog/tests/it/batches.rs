//! Submissions of several batches: they come to the same as if they were one.

use std::collections::HashMap;

use proptest::{
    collection::vec,
    option::weighted,
    prelude::{Just, Strategy, prop_oneof},
    sample::select,
    strategy::ValueTree as _,
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::{Map, Value, json};
use sheepdog::Config;
use sqlx::PgPool;

use crate::support::{TestSheepdog, case, study};

fn batches_of(batch_rows: usize) -> Config {
    Config { whole_rows: 0, batch_rows, ..Config::default() }
}

/// A document with `~` where the project's letter goes. Names are few, so that they meet.
fn document() -> impl Strategy<Value = Value> {
    let kind = select(&["study", "case", "case", "demographic", "sample", "aliquot", "reading", "nope"][..]);
    let name = || select(&["A", "a", "B", "C", "D", "E", "F", "G"][..]);
    let id = weighted(0.15, 0_u8..4);
    let extra = select(&["", "", "", "", "age", "state", "project", "null", "unlink"][..]);
    (kind, name(), id, vec(name(), 0..3), weighted(0.2, 0_u8..3), extra)
        .prop_map(|(kind, name, id, targets, by_id, extra)| written(kind, name, id, &targets, by_id, extra))
}

fn uuid(number: u8) -> String {
    format!("~0000000-0000-4000-8000-00000000000{number}")
}

fn written(
    kind: &str,
    name: &str,
    id: Option<u8>,
    targets: &[&str],
    by_id: Option<u8>,
    extra: &str,
) -> Value {
    // Names of different types differ as a rule, for the same one is an error of the whole request.
    let of = |kind: &str, name: &str| format!("{kind}-{name}");
    let mut map = Map::new();
    map.insert("type".to_owned(), json!(kind));
    map.insert(
        "submitter_id".to_owned(),
        json!(if extra == "null" { of("same", name) } else { of(kind, name) }),
    );
    if let Some(id) = id {
        map.insert("id".to_owned(), json!(uuid(id)));
    }
    let parent = match kind {
        "case" | "reading" => Some(("studies", "study")),
        "demographic" | "sample" => Some(("cases", "case")),
        "aliquot" => Some(("samples", "sample")),
        _ => None,
    };
    match parent {
        None => drop(map.insert("projects".to_owned(), json!({"code": "~"}))),
        Some((link, parent)) => {
            let mut links: Vec<Value> =
                targets.iter().map(|name| json!({"submitter_id": of(parent, name)})).collect();
            links.extend(by_id.map(|id| json!({"id": uuid(id)})));
            map.insert(link.to_owned(), Value::Array(links));
        }
    }
    match (kind, extra) {
        ("case", "age") => drop(map.insert("age".to_owned(), json!(targets.len()))),
        ("case", "unlink") => drop(map.insert("sex".to_owned(), json!("nobody"))),
        ("sample", "unlink") => drop(map.insert("diagnoses".to_owned(), Value::Null)),
        (_, "state") => drop(map.insert("state".to_owned(), json!("submitted"))),
        (_, "project") => drop(map.insert("project_id".to_owned(), json!("P-other"))),
        _ => {}
    }
    if kind == "reading" {
        map.insert("file_name".to_owned(), json!("f"));
        map.insert("file_size".to_owned(), json!(1));
        map.insert("md5sum".to_owned(), json!(format!("{:032x}", targets.len() + 1)));
    }
    Value::Object(map)
}

/// A request: whether it is a POST or PUT, a dry run, and a table.
#[derive(Debug, Clone)]
struct Request {
    creates: bool,
    is_dry_run: bool,
    is_table: bool,
    documents: Vec<Value>,
}

fn request() -> impl Strategy<Value = Request> {
    // Parents for the rest, so that many requests are good ones.
    let good = (0_u8..4).prop_map(|age| {
        let mut documents = vec![
            written("sample", "B", None, &["B"], None, ""),
            written("study", "A", None, &[], None, ""),
            written("demographic", "B", None, &["B"], None, ""),
            written("case", "B", None, &["A"], None, ""),
            written("reading", "B", None, &["A"], None, ""),
            written("reading", "C", None, &["A"], None, ""),
            written("aliquot", "B", None, &["B", "B"], None, ""),
        ];
        documents[3]["age"] = json!(age);
        documents
    });
    let any = vec(document(), 0..10);
    let mixed = (good.clone(), vec(document(), 0..2)).prop_map(|(good, any)| [good, any].concat());
    let documents = prop_oneof![2 => good, 3 => any, 3 => mixed];
    let flag = proptest::bool::weighted;
    (flag(0.3), flag(0.2), flag(0.3), documents, Just(())).prop_map(
        |(creates, is_dry_run, is_table, documents, ())| Request { creates, is_dry_run, is_table, documents },
    )
}

/// The documents as a table of the columns that they have, lists of links being cells.
fn table(documents: &[Value]) -> String {
    let links = |name: &str| matches!(name, "projects" | "studies" | "cases" | "samples" | "diagnoses");
    let mut columns: Vec<(String, Option<String>)> = Vec::new();
    for (name, value) in documents.iter().filter_map(Value::as_object).flatten() {
        let keys: Vec<Option<String>> = match name.as_str() {
            "projects" => vec![Some("code".to_owned())],
            name if links(name) => vec![Some("submitter_id".to_owned()), Some("id".to_owned())],
            _ => vec![None],
        };
        let _ = value;
        for key in keys {
            let column = (name.clone(), key);
            if !columns.contains(&column) {
                columns.push(column);
            }
        }
    }
    let header: Vec<String> = columns
        .iter()
        .map(|(name, key)| key.as_ref().map_or(name.clone(), |key| format!("{name}.{key}")))
        .collect();
    let cell = |document: &Value, (name, key): &(String, Option<String>)| match (&document[name], key) {
        (Value::Null, _) => String::new(),
        (Value::Array(items), Some(key)) => {
            let targets: Vec<&str> = items.iter().filter_map(|item| item[key].as_str()).collect();
            targets.join(",")
        }
        (Value::Object(item), Some(key)) => item[key].as_str().unwrap_or_default().to_owned(),
        (Value::String(text), _) => text.clone(),
        (other, _) => other.to_string(),
    };
    let rows = documents
        .iter()
        .map(|document| columns.iter().map(|column| cell(document, column)).collect::<Vec<_>>().join("\t"));
    std::iter::once(header.join("\t")).chain(rows).collect::<Vec<_>>().join("\n")
}

/// A text in which ids and times are replaced by what they have in common: ids by their order.
fn normal(text: &str, letter: char) -> String {
    let mut known: HashMap<String, usize> = HashMap::new();
    let id = regex::Regex::new("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}").unwrap();
    let text = id.replace_all(text, |found: &regex::Captures<'_>| {
        let next = known.len();
        format!("<{}>", known.entry(found[0].to_owned()).or_insert(next))
    });
    let time = regex::Regex::new(r"\d{4}-\d\d-\d\dT[0-9:.+]+").unwrap();
    let text = time.replace_all(&text, "<time>");
    let number = regex::Regex::new(r#""transaction_id":\s?\d+"#).unwrap();
    let text = number.replace_all(&text, "<transaction>");
    text.replace(&format!("P-{letter}"), "P-~").replace(&format!("\"{letter}\""), "\"~\"")
}

/// Everything that the database holds of a project.
async fn stored(pool: &PgPool, letter: char) -> String {
    let query = "
        with nodes as (
            select 'study' as label, node_id, acl, _props from node_study union all
            select 'case', node_id, acl, _props from node_case union all
            select 'demographic', node_id, acl, _props from node_demographic union all
            select 'sample', node_id, acl, _props from node_sample union all
            select 'aliquot', node_id, acl, _props from node_aliquot union all
            select 'reading', node_id, acl, _props from node_reading),
        edges as (
            select src_id, dst_id from edge_studyperformedforproject union all
            select src_id, dst_id from edge_casememberofstudy union all
            select src_id, dst_id from edge_demographicdescribescase union all
            select src_id, dst_id from edge_samplederivedfromcase union all
            select src_id, dst_id from edge_aliquotderivedfromsample union all
            select src_id, dst_id from edge_readingdatafromstudy),
        own as (select * from nodes where _props ->> 'project_id' = 'P-' || $1),
        logs as (select * from transaction_logs where project = $1 and submitter is not null)
        select jsonb_build_array(
            (select jsonb_agg(jsonb_build_array(label, acl, _props - 'object_id')
                order by label, _props ->> 'submitter_id') from own),
            (select jsonb_agg(k order by k) from (
                select jsonb_build_array(s._props ->> 'submitter_id', d._props ->> 'submitter_id') as k
                from edges join own s on s.node_id = src_id left join own d on d.node_id = dst_id) e),
            (select jsonb_agg(jsonb_build_array(role, state, is_dry_run, canonical_json) order by id)
                from logs),
            (select jsonb_agg(jsonb_build_array(s.action, s.old_props, s.new_props) order by s.id)
                from transaction_snapshots s join logs l on l.id = s.transaction_id),
            (select jsonb_agg(jsonb_build_array(d.name, d.doc_format, length(d.doc), d.response_json)
                    order by l.id, d.id)
                from transaction_documents d join logs l on l.id = d.transaction_id),
            (select jsonb_agg(v.properties order by v.key) from _voided_nodes v
                where v.properties ->> 'project_id' = 'P-' || $1 and v.label <> 'project'))";
    let state: Value = sqlx::query_scalar(query).bind(letter.to_string()).fetch_one(pool).await.unwrap();
    normal(&state.to_string(), letter)
}

async fn send(sheepdog: &TestSheepdog, letter: char, request: &Request) -> (u16, String) {
    let small = letter.to_ascii_lowercase().to_string();
    let body = if request.is_table {
        table(&request.documents)
    } else {
        Value::Array(request.documents.clone()).to_string()
    };
    let body = body.replace("\"~\"", &format!("\"{letter}\"")).replace("\t~\t", &format!("\t{letter}\t"));
    let body = body.replace('~', &small);
    let path = format!("/P/{letter}{}", if request.is_dry_run { "/_dry_run" } else { "" });
    let kind = if request.is_table { "text/tab-separated-values" } else { "application/json" };
    let answer = if request.creates {
        sheepdog.post_text(&path, kind, body).await
    } else {
        sheepdog.put_text(&path, kind, body).await
    };
    (answer.status, normal(&answer.body.to_string(), letter))
}

/// Hexadecimal digits, for they also begin ids.
const LETTERS: [char; 5] = ['A', 'B', 'C', 'D', 'E'];

/// Says how many of the requests succeeded.
async fn compare(all: &[TestSheepdog], requests: &[Request]) -> usize {
    let clean = "truncate node_study, node_case, node_demographic, node_sample, node_aliquot, node_reading, \
                 edge_studyperformedforproject, edge_casememberofstudy, edge_demographicdescribescase, \
                 edge_samplederivedfromcase, edge_aliquotderivedfromsample, edge_readingdatafromstudy, \
                 _voided_nodes, transaction_snapshots, transaction_documents, transaction_logs cascade";
    sqlx::raw_sql(clean).execute(&all[0].pool).await.unwrap();
    for sheepdog in all {
        sheepdog.forget_records().await;
    }
    let mut successes = 0;
    for request in requests {
        let expected = send(&all[0], LETTERS[0], request).await;
        successes += usize::from(expected.1.contains("\"success\":true"));
        for (sheepdog, letter) in all.iter().zip(LETTERS).skip(1) {
            assert_eq!(send(sheepdog, letter, request).await, expected, "{letter}: {request:#?}");
        }
    }
    let expected = stored(&all[0].pool, LETTERS[0]).await;
    for (sheepdog, letter) in all.iter().zip(LETTERS).skip(1) {
        assert_eq!(stored(&sheepdog.pool, letter).await, expected, "{letter}: {requests:#?}");
        let records = |of: &TestSheepdog| of.index.all().len();
        assert_eq!(records(sheepdog), records(&all[0]), "{letter}: {requests:#?}");
    }
    successes
}

#[actix_web::test]
async fn answers_and_tables_do_not_depend_on_the_size_of_batches() {
    let first = TestSheepdog::start().await;
    let mut all = vec![first.with_config(Config::default())];
    all.extend([1, 2, 3, 7].map(|size| first.with_config(batches_of(size))));
    for letter in LETTERS {
        first.put("/P", json!({"code": letter, "name": letter, "dbgap_accession_number": "phsQ"})).await;
    }
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(proptest::test_runner::Config::default(), rng);
    let (mut successes, mut count) = (0, 0);
    for _ in 0..20 {
        let requests = vec(request(), 1..4).new_tree(&mut runner).unwrap().current();
        successes += compare(&all, &requests).await;
        count += requests.len();
    }
    assert!(successes > 5 && count - successes > 5, "{successes} of {count}");
}

#[actix_web::test]
async fn a_submission_of_many_batches_has_one_document_and_its_whole_text() {
    let sheepdog = TestSheepdog::start().await;
    let sheepdog = sheepdog.with_config(Config { body_limit: 64 << 20, ..batches_of(500) });
    // Larger than what is written at once, and characters that pieces must not cut.
    let rows: Vec<String> =
        (0..3000).map(|row| format!("study\tS{row}\tQ\t{}", "ä€😀".repeat(200))).collect();
    let body = format!("type\tsubmitter_id\tprojects.code\tdescription\n{}", rows.join("\n"));
    assert!(body.len() > 5 << 20);
    let answer = sheepdog.put_text("/P/Q", "text/tsv", body.clone()).await;
    assert_eq!((answer.status, &answer.body["created_entity_count"]), (200, &json!(3000)));
    let documents: Vec<(String, Value)> =
        sqlx::query_as("select doc, response_json from transaction_documents d where doc_format = 'tsv'")
            .fetch_all(&sheepdog.pool)
            .await
            .unwrap();
    assert_eq!(documents, vec![(body, answer.body)]);
}

#[actix_web::test]
async fn a_large_submission_says_how_far_it_is() {
    let sheepdog = TestSheepdog::start().await;
    let slow = sheepdog.with_config(batches_of(1));
    // Others hold the project, so that the submission waits after it has begun.
    let mut holder = sheepdog.pool.begin().await.unwrap();
    sqlx::query("lock table node_study in access exclusive mode").execute(&mut *holder).await.unwrap();
    let work = slow.put("/P/Q", json!([study("S"), case("C", "S")]));
    let watch = async {
        for _ in 0..600 {
            let progress: Option<Value> = sqlx::query_scalar(
                "select response_json from transaction_documents d \
                 join transaction_logs l on l.id = d.transaction_id \
                 where l.state = 'PENDING' and response_json ? 'progress'",
            )
            .fetch_optional(&sheepdog.pool)
            .await
            .unwrap();
            if progress.is_some() {
                holder.commit().await.unwrap();
                return progress;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        None
    };
    let (answer, progress) = futures_util::future::join(work, watch).await;
    assert_eq!(progress, Some(json!({"progress": {"phase": "reading", "rows": 0, "of": 2}})));
    assert_eq!(answer.status, 200, "{answer:?}");
    let count =
        "select count(*) from transaction_documents where doc_format = 'json' and response_json ? 'progress'";
    assert_eq!(sheepdog.count(count).await, 0);
}

#[actix_web::test]
async fn a_dry_run_whose_documents_were_not_kept_says_so_when_it_is_committed() {
    let sheepdog = TestSheepdog::start().await;
    let dry = sheepdog.put("/P/Q/_dry_run", study("S")).await.body["transaction_id"].clone();
    // As a submission of more documents than are kept leaves it.
    sqlx::query("update transaction_logs set canonical_json = '[]'").execute(&sheepdog.pool).await.unwrap();
    let refused = sheepdog.put(&format!("/P/Q/transactions/{dry}/commit"), json!({})).await;
    let message = format!(
        "The documents of transaction_log '{dry}' were too many to be kept, so that it cannot be committed. \
         Submit them again."
    );
    assert_eq!((refused.status, refused.body), (400, json!({ "message": message })));
}

#[actix_web::test]
async fn more_documents_than_the_limit_are_refused_before_anything_is_written() {
    let sheepdog = TestSheepdog::start().await;
    let sheepdog = sheepdog.with_config(Config { most_rows: 2, ..Config::default() });
    let before = sheepdog.count("select count(*) from transaction_logs").await;
    let refused = sheepdog.put("/P/Q", json!([study("A"), study("B"), study("C")])).await;
    let message = "413 Request Entity Too Large: there are more than 2 documents";
    assert_eq!((refused.status, refused.body), (413, json!({ "message": message })));
    assert_eq!(sheepdog.count("select count(*) from transaction_logs").await, before);
}

#[actix_web::test]
async fn a_refused_newcomer_gives_way_to_the_node_that_is_stored() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let mut foreign = case("C", "S");
    foreign["project_id"] = json!("P-other");
    let answer = sheepdog.put("/P/Q", json!([foreign, crate::support::sample("X", "C")])).await;
    let valid: Vec<&Value> = [0, 1].iter().map(|entity| &answer.body["entities"][entity]["valid"]).collect();
    assert_eq!(valid, [false, true], "{answer:?}");
}
