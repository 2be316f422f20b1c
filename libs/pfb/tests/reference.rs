//! Models of the dictionaries of existing commons, which are read from the folder named by GEN3_REFERENCE (by
//! default the folder `shared` beside the repository). Skipped with its reason where it is missing, unless
//! CI_REQUIRE_REFERENCE=1.
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

use std::{env, path::PathBuf};

use dictionary::Dictionary;
use pfb::{Model, Reader, Writer};
use serde_json::{Map, Value, json};

fn dictionaries() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("GEN3_REFERENCE").map_or_else(beside, PathBuf::from).join("data/dictionaries");
    if folder.is_dir() {
        return Some(folder);
    }
    let reason = format!("there is no {}; name the folder by GEN3_REFERENCE", folder.display());
    assert!(env::var("CI_REQUIRE_REFERENCE").as_deref() != Ok("1"), "{reason}");
    println!("skipped: {reason}");
    None
}

/// Every value of the enumerations of a node type, a record for each.
fn records(dictionary: &Dictionary, node: &str) -> Vec<Map<String, Value>> {
    let mut records = vec![Map::from_iter([("submitter_id".to_owned(), json!("s"))])];
    for property in dictionary.nodes[node].stored_properties() {
        let values = property.schema.get("enum").and_then(Value::as_array);
        for value in values.into_iter().flatten().filter(|value| !value.is_null()) {
            records.push(Map::from_iter([(property.name.clone(), value.clone())]));
        }
    }
    records
}

#[tokio::test]
async fn every_value_of_every_enumeration_comes_back() {
    let Some(folder) = dictionaries() else { return };
    for name in ["dcf", "gtex", "kf", "midrc", "ndh"] {
        let dictionary = Dictionary::load(folder.join(name).to_str().unwrap()).await.unwrap();
        let model = Model::of(&dictionary).unwrap();
        let mut writer = Writer::begin(&model, Vec::new()).unwrap();
        let mut written = Vec::new();
        for node in &model.nodes {
            for properties in records(&dictionary, &node.name) {
                let known = properties
                    .iter()
                    .filter(|(name, _)| node.fields.iter().any(|field| field.name == **name));
                let known: Map<String, Value> =
                    known.map(|(name, value)| (name.clone(), value.clone())).collect();
                writer
                    .write(&node.name, "1", &properties, &[], |misfit| {
                        panic!("{name} {}: {misfit}", node.name)
                    })
                    .unwrap();
                written.push((node.name.clone(), known));
            }
        }
        let file = writer.finish().unwrap();
        let found: Vec<_> = Reader::open(file.as_slice())
            .unwrap()
            .map(|entity| entity.map(|entity| (entity.node, entity.properties)).unwrap())
            .collect();
        assert!(found == written, "{name}");
        println!("{name}: {} node types, {} values", model.nodes.len(), written.len());
    }
}
