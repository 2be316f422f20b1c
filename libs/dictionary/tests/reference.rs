//! The dictionaries of existing commons, read from the folder named by GEN3_REFERENCE (by default the folder
//! `shared` beside the repository). Skipped with its reason where they are missing, unless
//! CI_REQUIRE_REFERENCE=1.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use dictionary::{Dictionary, Validators};
use serde_json::Value;

/// Folder or file, and how many node types it has besides the built-in ones.
const DICTIONARIES: [(&str, usize); 6] =
    [("dcf", 28), ("gtex", 38), ("kf", 39), ("midrc", 27), ("ndh", 58), ("sheepdog-tests.json", 27)];

fn shared() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("GEN3_REFERENCE").map_or_else(beside, PathBuf::from);
    if folder.join("data/dictionaries").is_dir() {
        return Some(folder);
    }
    let reason = format!("{} has no data/dictionaries; name the folder by GEN3_REFERENCE", folder.display());
    assert!(env::var("CI_REQUIRE_REFERENCE").as_deref() != Ok("1"), "{reason}");
    #[allow(clippy::print_stdout)] // the reason why nothing was tested has to be seen
    {
        println!("skipped: {reason}");
    }
    None
}

async fn load(name: &str) -> Option<Dictionary> {
    let path = shared()?.join("data/dictionaries").join(name);
    Some(
        Dictionary::load(path.to_str().expect("text"))
            .await
            .unwrap_or_else(|error| panic!("{name}: {error}")),
    )
}

#[tokio::test]
async fn the_dictionaries_of_existing_commons_load_and_compile() {
    for (name, nodes) in DICTIONARIES {
        let Some(dictionary) = load(name).await else { return };
        assert_eq!(dictionary.nodes.len(), nodes + 2, "{name}");
        Validators::compile(&dictionary).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

/// Node types, properties, links and links in groups, without the built-in types.
fn counts(dictionary: &Dictionary) -> [usize; 4] {
    let nodes = || dictionary.nodes.values().filter(|node| !node.category.is_internal());
    let links = nodes().map(|node| node.all_links().len()).sum();
    let plain = nodes().flat_map(|node| &node.links);
    let plain = plain.filter(|item| matches!(item, dictionary::LinkItem::Link(_))).count();
    let properties = dictionary.nodes.values().map(|node| node.properties.len()).sum();
    [nodes().count(), properties, links, links - plain]
}

#[tokio::test]
async fn the_published_counts_are_found() {
    let published = [
        ("dcf", [28, 615]),
        ("ndh", [58, 1686]),
        ("kf", [39, 769]),
        ("gtex", [38, 898]),
        ("midrc", [27, 760]),
    ];
    for (name, expected) in published {
        let Some(dictionary) = load(name).await else { return };
        assert_eq!(counts(&dictionary)[..2], expected, "{name}");
    }
}

#[tokio::test]
async fn published_dictionaries_break_no_rule_but_for_one_dead_definition() {
    for name in ["dcf", "gtex", "kf", "midrc", "ndh"] {
        let Some(shared) = shared() else { return };
        let path = shared.join("data/dictionaries").join(name);
        let files = dictionary::read_files(path.to_str().expect("text")).await.expect("it can be read");
        let dead = "the reference _terms.yaml#/file_format leads nowhere";
        let problems: Vec<_> =
            dictionary::check(&files).into_iter().filter(|problem| problem.message != dead).collect();
        assert_eq!(problems, [], "{name}");
    }
}

/// The recorded answer of `GET /v0/submission/_dictionary/_all`.
fn recorded(shared: &std::path::Path) -> Value {
    let cassette =
        fs::read_to_string(shared.join("recordings/cassettes/sheepdog_dcf.jsonl")).expect("a cassette");
    let cases = cassette.lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
    let mut all = cases.filter(|case| case["name"] == "meta/dictionary _all");
    all.next().expect("it was recorded")["steps"][0]["answer"]["json"].clone()
}

#[tokio::test]
async fn the_resolved_files_are_what_sheepdog_answers() {
    let Some(shared) = shared() else { return };
    let path = shared.join("recordings/dictionaries/dcf.json");
    let ours = Dictionary::load(path.to_str().expect("text")).await.expect("it loads").files;
    let ours: BTreeMap<String, Value> = ours.into_iter().collect();
    let theirs: BTreeMap<String, Value> = serde_json::from_value(recorded(&shared)).expect("an object");
    let differing: Vec<_> = ours.iter().filter(|(name, value)| theirs.get(*name) != Some(value)).collect();
    assert!(differing.is_empty(), "{differing:?}");
    assert_eq!(ours.len(), theirs.len());
}

#[tokio::test]
async fn example_records_validate_as_their_folders_say() {
    let Some(dictionary) = load("dcf").await else { return };
    let Some(shared) = shared() else { return };
    let validators = Validators::compile(&dictionary).expect("it compiles");
    for (folder, valid) in [("valid", true), ("invalid", false)] {
        for entry in fs::read_dir(shared.join("data/entities").join(folder)).expect("a folder") {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("a text");
            let records: Value =
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path:?}: {error}"));
            let records = records.as_array().cloned().unwrap_or_else(|| vec![records]);
            let check =
                |record: &Value| validators.check(record["type"].as_str().unwrap_or_default(), record);
            let violations: Vec<_> = records.iter().flat_map(check).collect();
            // One valid example has a day where the schema wants a date-time; sheepdog refuses it, too.
            let day = |message: &str| message.starts_with("'2010-08-04' is not valid");
            let violations: Vec<_> = violations.into_iter().filter(|found| !day(&found.message)).collect();
            assert_eq!(violations.is_empty(), valid, "{path:?}: {violations:?}");
        }
    }
}
