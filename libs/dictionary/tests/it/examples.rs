use std::path::Path;

use dictionary::{Dictionary, examples};
use serde_json::Value;

use crate::mini;

async fn our_own() -> Dictionary {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionary");
    Dictionary::load(folder.to_str().expect("text")).await.expect("it loads")
}

#[tokio::test]
async fn the_examples_of_our_own_dictionary_are_golden() {
    let mut text = String::new();
    for example in examples(&our_own().await, "PROGRAM-PROJECT") {
        text += &format!("## {} ({})\n\n{}\n", example.title, example.name, example.query);
    }
    insta::assert_snapshot!(text);
}

#[tokio::test]
async fn the_name_of_a_project_is_a_text_whatever_is_in_it() {
    let evil = "P-Q\") {id} } #\n";
    for example in examples(&our_own().await, evil) {
        let lines_with_it = example.query.lines().filter(|line| line.contains("P-Q"));
        assert!(lines_with_it.into_iter().all(|line| line.contains(&Value::from(evil).to_string())));
    }
}

#[test]
fn a_dictionary_without_records_has_the_examples_that_need_none() {
    let mut files = mini::files();
    files.retain(|name, _| name != "case.yaml" && name != "scan.yaml");
    let dictionary = Dictionary::from_files(files).expect("it loads");
    let names: Vec<_> = examples(&dictionary, "P-Q").iter().map(|example| example.name).collect();
    assert_eq!(names, ["projects", "failed_submissions", "node_types"]);
}
