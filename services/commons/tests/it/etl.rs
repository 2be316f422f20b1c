//! `commons etl`, against a database by its URL.

use std::process::{Command, Output};

use serde_json::{Value, json};
use testing::{SMALL_DICTIONARY, TestDatabase};

const MAPPING: &str = "mappings:
  - name: cases
    doc_type: case
    type: aggregator
    root: case
    props: [{name: project_id}, {name: sex}]
    aggregated_props: [{name: samples, path: samples, fn: count}]
";

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(mapping: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("dictionary.json"), SMALL_DICTIONARY).unwrap();
        std::fs::write(folder.path().join("etlMapping.yaml"), mapping).unwrap();
        Self { folder }
    }

    fn etl(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_commons"));
        command.arg("etl").args(arguments).args(["--dictionary", "dictionary.json"]);
        command.env_remove("RUST_LOG").env_remove("SHEEPDOG_DATABASE_URL").current_dir(self.folder.path());
        command.output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.etl(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

#[test]
fn a_mapping_is_validated_with_places_and_exit_status() {
    let good = Bench::new(MAPPING);
    let output = good.etl(&["validate"]);
    assert_eq!(output.status.code(), Some(0));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "etlMapping.yaml can be run; its indices are cases\n");
    let bad = Bench::new(&MAPPING.replace("path: samples", "path: smaples"));
    let output = bad.etl(&["validate"]);
    assert_eq!(output.status.code(), Some(4));
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said, "line 7, column 46: `case` has no link `smaples`; did you mean `samples`?\n");
    let told = bad.json(&["validate"]);
    assert_eq!(told["in_order"], false);
    assert_eq!(
        told["problems"],
        json!([{ "severity": "error", "line": 7, "column": 46, "message": "`case` has no link `smaples`",
            "remedy": "did you mean `samples`?" }])
    );
}

#[test]
fn a_plan_names_statements_and_tables() {
    let plan = Bench::new(MAPPING).json(&["plan"]);
    assert_eq!(plan["indices"][0]["name"], "cases");
    let tables = plan["tables"].as_array().unwrap();
    assert!(tables.contains(&json!("edge_samplederivedfromcase")), "{tables:?}");
    let statements = plan["indices"][0]["statements"].as_array().unwrap();
    assert_eq!(statements[1][0], "count samples");
}

#[tokio::test]
async fn documents_are_written_as_files() {
    let database = TestDatabase::new("etl", async |pool| {
        let dictionary = dictionary::Dictionary::from_files(serde_json::from_str(SMALL_DICTIONARY)?)?;
        psqlgraph::migrate(pool, &dictionary).await?;
        sqlx::query(
            "insert into node_case (node_id, _props) \
             values ('c1', '{\"sex\": \"female\", \"project_id\": \"p-q\"}')",
        )
        .execute(pool)
        .await?;
        Ok(())
    })
    .await;
    let bench = Bench::new(MAPPING);
    let told = bench.json(&["run", "--to", "out", "--database-url", &database.url]);
    assert_eq!(told["indices"]["cases"], json!({ "documents": 1, "misfits": {} }));
    let written = std::fs::read_to_string(bench.folder.path().join("out/cases.ndjson")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&written).unwrap(),
        json!({ "_case_id": "c1", "project_id": "p-q", "sex": "female", "samples": 0,
            "auth_resource_path": "/programs/p/projects/q" })
    );
    let missing = bench.etl(&["run", "--to", "out"]);
    assert_eq!(missing.status.code(), Some(3), "no state folder and no URL");
}
