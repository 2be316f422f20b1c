//! Tables: nothing of one is lost or changed without a word, and what was exported can be sent again.

use actix_web::test::{self, TestRequest};
use dictionary::Dictionary;
use serde_json::{Value, json};

use crate::support::{TestSheepdog, case, study, uri};

const TSV: &str = "text/tab-separated-values";

/// The errors of the whole transaction, as one text.
fn transactional(body: &Value) -> String {
    let errors = body["transactional_errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|error| error.as_str().map_or_else(|| error.to_string(), str::to_owned)).collect()
}

#[actix_web::test]
async fn rows_without_a_known_type_are_refused_with_their_lines() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let table = "type\tsubmitter_id\tcases.submitter_id\nsample\tS1\tC\n\
                 smaple\tS2\tC\n\tS3\tC\n \tS4\tC\n\t\t\nsample\tS5\tC\n";
    for (kind, table) in [(TSV, table.to_owned()), ("text/csv", table.replace('\t', ","))] {
        for path in ["/P/Q", "/P/Q/_dry_run"] {
            let answer = sheepdog.put_text(path, kind, table.clone()).await;
            assert_eq!((answer.body["success"] == true, answer.body["code"] == answer.status), (false, true));
            let told = transactional(&answer.body);
            assert!(
                told.contains("line 3 has the type 'smaple', line 4 has no type, line 5 has no type"),
                "{told}"
            );
        }
    }
    let bulk = json!([{"name": "t", "doc_format": "tsv", "doc": table}]);
    assert_eq!(sheepdog.put("/P/Q/bulk", bulk).await.status, 400);
    assert_eq!(sheepdog.count("select count(*) from node_sample").await, 0);
}

#[actix_web::test]
async fn many_rows_of_which_one_has_no_type_are_refused_too() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let batched =
        sheepdog.with_config(sheepdog::Config { whole_rows: 10, batch_rows: 4, ..Default::default() });
    let rows: String = (0..30).map(|number| format!("sample\tS{number}\tC\n")).collect();
    let table = format!("type\tsubmitter_id\tcases.submitter_id\n{rows}\tX\tC\n");
    let answer = batched.put_text("/P/Q", TSV, table).await;
    assert_eq!((answer.status, &answer.body["created_entity_count"]), (400, &json!(0)));
    assert!(
        transactional(&answer.body).contains("line 32 has no type"),
        "{:?}",
        answer.body["transactional_errors"]
    );
    assert_eq!(sheepdog.count("select count(*) from node_sample").await, 0);
}

#[actix_web::test]
async fn nothing_to_submit_comes_with_its_cause() {
    let sheepdog = TestSheepdog::start().await;
    let cases = [
        (TSV, "", "the body is empty"),
        (TSV, "type\tsubmitter_id\n", "there is no row below"),
        (TSV, "type\tsubmitter_id\nnope\tC\n", "line 2 has the type 'nope'"),
        (TSV, "type,submitter_id\ncase,C\n", "send it as text/csv"),
        ("text/csv", "type\tsubmitter_id\ncase\tC\n", "send it as text/tab-separated-values"),
        ("text/csv", "type;submitter_id\ncase;C\n", "semicolons"),
        (TSV, "{\"type\": \"case\"}", "send it as application/json"),
        (TSV, "submitter_id\nC\n", "no column type"),
    ];
    for (kind, table, cause) in cases {
        let answer = sheepdog.put_text("/P/Q", kind, table).await;
        let errors = &answer.body["transactional_errors"];
        assert_eq!((answer.status, errors.as_array().map(Vec::len)), (400, Some(1)), "{errors}");
        let told = transactional(&answer.body);
        assert!(told.starts_with("Nothing to submit: ") && told.contains(cause), "{told}");
    }
}

#[actix_web::test]
async fn a_byte_order_mark_is_read_over() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let tsv = "\u{feff}type\tsubmitter_id\tstudies.submitter_id\ncase\tC1\tS\n";
    assert_eq!(sheepdog.put_text("/P/Q", TSV, tsv).await.status, 200);
    let csv = "\u{feff}\"type\",\"submitter_id\",\"studies.submitter_id\"\r\n\"case\",\"C2\",\"S\"\r\n";
    assert_eq!(sheepdog.put_text("/P/Q", "text/csv", csv).await.status, 200);
    let json = format!("\u{feff}{}", case("C3", "S"));
    assert_eq!(sheepdog.put_text("/P/Q", "application/json", json).await.status, 200);
}

#[actix_web::test]
async fn a_column_is_cleared_in_the_last_row_too() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    sheepdog
        .put(
            "/P/Q",
            json!([{"type": "case", "submitter_id": "C", "studies": {"submitter_id": "S"}, "age": 5}]),
        )
        .await;
    let table = "type\tsubmitter_id\tstudies.submitter_id\tage\ncase\tC\tS\t\n";
    assert_eq!(sheepdog.put_text("/P/Q", TSV, table).await.status, 200);
    assert_eq!(sheepdog.props("select _props from node_case").await["age"], Value::Null);
    let unknown = "type\tsubmitter_id\tstudies.submitter_id\tbogus\ncase\tC\tS\t\n";
    assert_eq!(sheepdog.put_text("/P/Q", TSV, unknown).await.status, 400);
}

#[actix_web::test]
async fn equal_columns_and_bent_items_are_refused() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let twice = "type\tsubmitter_id\tstudies.submitter_id\tage\t*age\ncase\tC\tS\t1\t2\n";
    let answer = sheepdog.put_text("/P/Q", TSV, twice).await;
    assert_eq!(answer.status, 400);
    assert!(answer.body["message"].as_str().unwrap().contains("stands more than once"), "{answer:?}");
    let repr = "type\tsubmitter_id\tstudies.submitter_id\ttags\ncase\tC\tS\t['a', 'b']\n";
    assert_eq!(sheepdog.put_text("/P/Q", TSV, repr).await.status, 400);
}

#[actix_web::test]
async fn whole_numbers_may_have_a_point_and_others_may_not() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let table = |age: &str| format!("type\tsubmitter_id\tstudies.submitter_id\tage\ncase\tC\tS\t{age}\n");
    assert_eq!(sheepdog.put_text("/P/Q", TSV, table("5.0")).await.status, 200);
    assert_eq!(sheepdog.props("select _props from node_case").await["age"], json!(5));
    let refused = sheepdog.put_text("/P/Q", TSV, table("5.5")).await;
    assert_eq!(refused.errors(), [("INVALID_VALUE".to_owned(), json!(["age"]))]);
}

#[actix_web::test]
async fn blank_parts_of_a_link_cell_name_nobody() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    let table =
        "type\tsubmitter_id\tcases.submitter_id\nsample\tX1\tC,\nsample\tX2\tC,null\nsample\tX3\t,C\n";
    assert_eq!(sheepdog.put_text("/P/Q", TSV, table).await.status, 200);
    let csv = "type,submitter_id,cases.submitter_id\nsample,X4,C#\n";
    assert_eq!(sheepdog.put_text("/P/Q", "text/csv", csv).await.status, 200);
}

#[actix_web::test]
async fn a_blank_key_is_refused_each_time() {
    let (sheepdog, _) = TestSheepdog::with_case().await;
    for key in ["", "null", "  "] {
        let table = format!("type\tsubmitter_id\tcases.submitter_id\nsample\t{key}\tC\n");
        let answer = sheepdog.put_text("/P/Q", TSV, table).await;
        assert_eq!(answer.errors(), [("MISSING_PROPERTY".to_owned(), json!(["submitter_id"]))]);
    }
    assert_eq!(sheepdog.count("select count(*) from node_sample").await, 0);
}

/// The small dictionary, whose cases have properties of all shapes.
fn shapes() -> Dictionary {
    let mut files: indexmap::IndexMap<String, Value> =
        serde_json::from_str(testing::SMALL_DICTIONARY).unwrap();
    let words = json!(["Data, restricted", "1, Study enrollment", "Data", "b"]);
    let more = json!({
        "consents": {"type": "array", "items": {"type": "string", "enum": words}},
        "notes": {"type": "array", "items": {"type": "string"}},
        "counts": {"type": "array", "items": {"type": "integer"}},
        "flags": {"type": "array", "items": {"type": "boolean"}},
        "measured": {"oneOf": [{"type": "null"}, {"type": "number"}]},
        "either": {"anyOf": [{"enum": ["unknown"]}, {"type": "integer"}]},
        "late": {"type": ["null", "integer"]},
        "mixed": {"type": ["string", "number"]},
        "both": {"allOf": [{"type": "number"}, {"minimum": 0}]},
        "object": {"type": "object"},
        "free": {"type": "string"},
    });
    let Some(case) = files.get_mut("case.yaml").and_then(|case| case.get_mut("properties")) else {
        panic!("the small dictionary has cases")
    };
    case.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    Dictionary::from_files(files).unwrap()
}

#[actix_web::test]
async fn an_export_sent_again_changes_nothing_whatever_the_shape_of_its_values() {
    let sheepdog = TestSheepdog::of(shapes()).await;
    let values = json!([
        {"consents": ["1, Study enrollment", "Data"], "notes": ["a, b", "c"], "counts": [1, 2],
         "measured": 1.5, "either": 5,
         "late": 7, "mixed": 5, "both": 2.0, "object": {"a": [1, null]}, "free": "null"},
        {"consents": ["Data", "b"], "notes": [], "counts": [], "flags": [true, false], "measured": 3,
         "either": "unknown", "mixed": "5", "free": " a\t\"b\",\nc"},
        {"notes": ["null"], "mixed": "json:5", "free": "json:1"},
        {"notes": ["", "[x]", " y "], "free": "\"quoted\""},
    ]);
    let mut documents = vec![study("a, b"), study("c#d")];
    for (number, values) in values.as_array().unwrap().iter().enumerate() {
        let mut document = case(&format!("C{number}, \"{number}\""), ["a, b", "c#d"][number % 2]);
        document.as_object_mut().unwrap().extend(values.as_object().cloned().unwrap());
        documents.push(document);
    }
    let answer = sheepdog.put("/P/Q", json!(documents)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let versions = "select count(*) from _voided_nodes where label in ('case', 'study')";
    for (format, kind) in [("tsv", TSV), ("csv", "text/csv")] {
        for options in ["", "&without_id=true"] {
            let path = format!("/P/Q/export?node_label=case&format={format}{options}");
            let table = export(&sheepdog, &path).await;
            let again = sheepdog.put_text("/P/Q", kind, table.clone()).await;
            assert_eq!(again.status, 200, "{table}\n{:?}", again.body);
            assert_eq!(sheepdog.count(versions).await, 0, "{table}");
        }
    }
}

async fn export(sheepdog: &TestSheepdog, path: &str) -> String {
    let answer = sheepdog.begin(TestRequest::get().uri(&uri(path)), Some("admin")).await;
    String::from_utf8(test::read_body(answer).await.to_vec()).unwrap()
}

#[actix_web::test]
async fn a_word_of_a_list_may_hold_commas_and_items_are_not_bent() {
    let sheepdog = TestSheepdog::of(shapes()).await;
    sheepdog.put("/P/Q", study("S")).await;
    let table = |column: &str, cell: &str| {
        format!("type\tsubmitter_id\tstudies.submitter_id\t{column}\ncase\tC\tS\t{cell}\n")
    };
    let answer = sheepdog.put_text("/P/Q", TSV, table("consents", "1, Study enrollment, b")).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let stored = sheepdog.props("select _props from node_case").await;
    assert_eq!(stored["consents"], json!(["1, Study enrollment", "b"]));
    for (column, cell) in [("counts", "1,1.5"), ("flags", "true,maybe"), ("consents", "Study enrollment")] {
        assert_eq!(sheepdog.put_text("/P/Q", TSV, table(column, cell)).await.status, 400, "{column}");
    }
}
