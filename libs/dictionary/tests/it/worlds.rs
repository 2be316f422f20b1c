//! Dictionaries in the shapes that the world publishes (`tests/worlds/README.md`).

use std::{collections::BTreeSet, fs, path::PathBuf};

use dictionary::{Dictionary, Severity, Validators};
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/worlds")
}

fn names() -> Vec<String> {
    let entries = fs::read_dir(folder()).expect("a folder").map(|entry| entry.expect("an entry"));
    let folders = entries.filter(|entry| entry.path().is_dir());
    let names: BTreeSet<String> =
        folders.map(|entry| entry.file_name().into_string().expect("text")).collect();
    names.into_iter().filter(|name| name != "base").collect()
}

/// The files of the base and those of the world over them.
fn merged(world: &str) -> tempfile::TempDir {
    let merged = tempfile::tempdir().expect("a folder");
    for source in ["base", world] {
        for entry in fs::read_dir(folder().join(source)).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.extension().is_some_and(|extension| extension == "yaml") {
                fs::copy(&path, merged.path().join(path.file_name().expect("a name"))).expect("copied");
            }
        }
    }
    merged
}

#[tokio::test]
async fn the_problems_of_each_are_told_and_none_keeps_it_from_loading() {
    let mut told = String::new();
    for world in names() {
        let files = merged(&world);
        let sources = dictionary::read(&files.path().display().to_string()).await.expect("it reads");
        told.push_str(&format!("{world}\n"));
        for problem in dictionary::check_sources(&sources) {
            assert_eq!(problem.severity, Severity::Warning, "{world}: {problem}");
            told.push_str(&format!("  {problem}\n"));
        }
    }
    insta::assert_snapshot!(told);
}

#[tokio::test]
async fn the_records_of_each_are_judged_as_it_says() {
    assert_eq!(names().len(), 10);
    for world in names() {
        let files = merged(&world);
        let loaded = Dictionary::load(&files.path().display().to_string()).await.expect("it loads");
        let validators = Validators::compile(&loaded).expect("it compiles");
        let said = fs::read_to_string(folder().join(&world).join("world.json")).expect("it is there");
        let said: Value = serde_json::from_str(&said).expect("it is JSON");
        for record in said["records"].as_array().expect("a list") {
            let node = record["type"].as_str().expect("a type");
            assert_eq!(validators.check(node, record), [], "{world}: {record}");
        }
    }
}
