//! `text`: words in all fields of documents, and how they are marked in rows.

use serde_json::{Value, json};

use crate::v1::{guppy_keeping, post, some};

fn rows(text: &Value) -> Value {
    json!({ "type": "subject", "filter": { "text": text }, "fields": ["subject_id"], "highlight": true,
        "accessibility": "accessible" })
}

#[actix_web::test]
async fn each_word_stands_somewhere_in_a_document() {
    let guppy = guppy_keeping("libre", &some(), None).await;
    for (text, found) in [
        ("X", json!(["s0", "s1", "s3"])),
        ("x s1", json!(["s1"])),
        ("x, (40)", json!(["s3"])),
        ("x nothing", json!([])),
        ("p q", json!(["s0"])),
        // Of visits, which are nested objects, no words are found.
        ("2000", json!([])),
    ] {
        let (status, answer) = post(&guppy, "/v1/rows", rows(&json!(text)), "").await;
        assert_eq!(status, 200, "{answer}");
        let ids: Vec<_> = answer["rows"].as_array().unwrap().iter().map(|row| &row["subject_id"]).collect();
        assert_eq!(json!(ids), found, "{text}");
        assert_eq!(answer["highlights"].as_array().unwrap().len(), ids.len());
    }
    let (_, answer) = post(&guppy, "/v1/rows", rows(&json!("x s1")), "").await;
    assert_eq!(answer["highlights"], json!([{ "group": ["<em>x</em>"], "subject_id": ["<em>s1</em>"] }]));
    let mut plain = rows(&json!("x"));
    plain["highlight"] = json!(false);
    assert!(post(&guppy, "/v1/rows", plain, "").await.1.get("highlights").is_none());
}

#[actix_web::test]
async fn marks_are_the_only_markup_of_a_fragment() {
    let subjects = [("/a", "<b>x</b> & y", None, vec![])];
    let guppy = guppy_keeping("libre", &subjects, None).await;
    let (_, answer) = post(&guppy, "/v1/rows", rows(&json!("x")), "").await;
    assert_eq!(
        answer["highlights"][0]["group"],
        json!(["&lt;b&gt;<em>x</em>&lt;/b&gt; &amp; y"]),
        "{answer}"
    );
}

#[actix_web::test]
async fn words_are_a_condition_as_others_are() {
    let guppy = guppy_keeping("regular", &some(), None).await;
    let ask = |accessibility: &str| {
        json!({ "type": "subject", "filter": { "or": [{ "text": "y" }, { "text": "z" }] },
            "accessibility": accessibility, "fields": [{ "field": "group" }] })
    };
    let (_, own) = post(&guppy, "/v1/facets", ask("accessible"), "ada").await;
    assert_eq!(own["total"], 1, "{own}");
    let (_, all) = post(&guppy, "/v1/facets", ask("all"), "ada").await;
    assert_eq!(all["total"], -1, "one of them may not be read");
    let (_, found) = post(&guppy, "/v1/rows", rows(&json!("x")), "ada").await;
    assert_eq!((&found["total"], found["highlights"].as_array().unwrap().len()), (&json!(2), 2));
    let export = json!({ "type": "subject", "filter": { "text": "x" }, "format": "csv" });
    assert_eq!(post(&guppy, "/v1/export", export, "ada").await.0, 403);
}

#[actix_web::test]
async fn texts_without_words_or_with_too_many_are_refused() {
    let guppy = guppy_keeping("libre", &some(), None).await;
    let many: Vec<String> = (0..17).map(|number| format!("w{number}")).collect();
    let long = "x".repeat(4_001);
    for text in [json!(""), json!(" ,- "), json!(many.join(" ")), json!(long), json!({ "group": "x" })] {
        let (status, problem) = post(&guppy, "/v1/rows", rows(&text), "").await;
        assert_eq!(status, 400, "{problem}");
        assert!(problem["detail"].as_str().unwrap().contains("one to 16 words"), "{problem}");
    }
    let nested = json!({ "nested": { "path": "visits", "text": "x" } });
    let ask = json!({ "type": "subject", "filter": nested });
    assert_eq!(post(&guppy, "/v1/rows", ask, "").await.0, 400);
    let graph = json!({ "query": "query ($f: JSON) {subject(filter: $f) {subject_id}}",
        "variables": { "f": { "text": "x" } } });
    let (_, answer) = post(&guppy, "/graphql", graph, "").await;
    assert!(answer["errors"][0]["message"].is_string(), "the original has no such condition: {answer}");
}
