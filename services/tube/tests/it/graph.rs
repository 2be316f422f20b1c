//! A small graph, and running a mapping over it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use dictionary::Dictionary;
use psqlgraph::names::{edge_table, node_table};
use serde_json::{Value, json};
use sql::Sql;
use testing::{SMALL_DICTIONARY, TestDatabase};
use tube::{Built, Document, Etl, Form, Moment, Options, Outline, RunError, Sink, SinkError};

pub(crate) fn dictionary() -> Dictionary {
    Dictionary::from_files(serde_json::from_str(SMALL_DICTIONARY).unwrap()).unwrap()
}

/// A database with the tables of the small dictionary.
pub(crate) async fn database() -> TestDatabase {
    TestDatabase::new("tube", async |pool| {
        psqlgraph::migrate(pool, &dictionary()).await?;
        Ok(())
    })
    .await
}

/// Writes nodes and edges. Nodes are type, id and properties; edges child, link and parent.
pub(crate) async fn fill(
    database: &TestDatabase,
    nodes: &[(&str, &str, Value)],
    edges: &[(&str, &str, &str)],
) {
    let types: BTreeMap<&str, &str> = nodes.iter().map(|(node, id, _)| (*id, *node)).collect();
    for (node, id, properties) in nodes {
        let insert =
            Sql::raw("insert into ").then_ident(&node_table(node)).text(" (node_id, _props) values (");
        let insert = insert.bind(*id).text(", ").bind(properties.clone()).text(")");
        insert.query().execute(&database.pool).await.unwrap();
    }
    for (child, name, parent) in edges {
        link(database, types[child], name, child, parent).await;
    }
}

/// Writes an edge from a node of the type `source`.
pub(crate) async fn link(database: &TestDatabase, source: &str, name: &str, child: &str, parent: &str) {
    let dictionary = dictionary();
    let link = dictionary.nodes[source].link(name).unwrap();
    let table = edge_table(source, &link.label, &link.target_type);
    let insert = Sql::raw("insert into ").then_ident(&table).text(" (src_id, dst_id) values (");
    let insert = insert.bind(child).text(", ").bind(parent).text(")");
    insert.query().execute(&database.pool).await.unwrap();
}

/// Two cases of a study with all that hangs on them, and a third one with nothing; a reading of two samples,
/// one of the study, and one of nobody.
pub(crate) async fn study() -> TestDatabase {
    let database = database().await;
    let of = |mut properties: Value| {
        properties["project_id"] = json!("p-q");
        properties
    };
    let nodes = [
        ("program", "P", json!({ "name": "p" })),
        ("project", "Q", json!({ "code": "q", "name": "the project" })),
        ("study", "S", of(json!({ "submitter_id": "study", "description": "about sleep" }))),
        (
            "case",
            "C1",
            of(json!({ "submitter_id": "c1", "age": 40, "weight": 70.123456789, "sex": "female",
            "consented": true, "tags": ["a", "b"] })),
        ),
        ("case", "C2", of(json!({ "submitter_id": "c2", "age": 50, "sex": "male", "tags": ["b"] }))),
        ("case", "C3", of(json!({ "submitter_id": "c3" }))),
        ("demographic", "D1", of(json!({ "submitter_id": "d1", "ethnicity": "x" }))),
        ("diagnosis", "G1", of(json!({ "submitter_id": "g1", "code": "flu", "updated_datetime": "2020" }))),
        ("diagnosis", "G2", of(json!({ "submitter_id": "g2", "code": "cold", "updated_datetime": "2022" }))),
        ("diagnosis", "G3", of(json!({ "submitter_id": "g3", "code": "flu", "updated_datetime": "2021" }))),
        ("sample", "A1", of(json!({ "submitter_id": "a1", "tissue": "skin" }))),
        ("sample", "A2", of(json!({ "submitter_id": "a2", "tissue": "blood" }))),
        ("sample", "A3", of(json!({ "submitter_id": "a3", "tissue": "blood" }))),
        ("aliquot", "L1", of(json!({ "submitter_id": "l1", "amount": 1.5 }))),
        ("aliquot", "L2", of(json!({ "submitter_id": "l2", "amount": 2.5 }))),
        (
            "reading",
            "R1",
            of(json!({ "submitter_id": "r1", "file_name": "one", "file_size": 10,
            "consent_codes": ["gru", "hmb"] })),
        ),
        ("reading", "R2", of(json!({ "submitter_id": "r2", "file_name": "two", "file_size": 20 }))),
        ("reading", "R3", of(json!({ "submitter_id": "r3", "file_name": "nobody's" }))),
    ];
    let edges = [
        ("Q", "programs", "P"),
        ("S", "projects", "Q"),
        ("C1", "studies", "S"),
        ("C2", "studies", "S"),
        ("C3", "studies", "S"),
        ("D1", "cases", "C1"),
        ("G1", "cases", "C1"),
        ("G2", "cases", "C1"),
        ("G3", "cases", "C2"),
        ("A1", "cases", "C1"),
        ("A2", "cases", "C1"),
        ("A3", "cases", "C2"),
        ("L1", "samples", "A1"),
        ("L1", "samples", "A2"),
        ("L2", "samples", "A2"),
        ("R1", "aliquots", "L1"),
        ("R1", "aliquots", "L2"),
        ("R2", "studies", "S"),
    ];
    fill(&database, &nodes, &edges).await;
    database
}

/// Documents in memory, by index.
#[derive(Default)]
pub(crate) struct Memory {
    pub(crate) written: BTreeMap<String, Vec<Document>>,
    pub(crate) outlines: BTreeMap<String, Outline>,
    pub(crate) finished: Vec<String>,
    pub(crate) current: String,
    /// Whether the disk is full after the first documents.
    pub(crate) is_full: bool,
}

#[async_trait]
impl Sink for Memory {
    async fn begin(&mut self, outline: &Outline, _: &Moment) -> Result<(), SinkError> {
        self.current.clone_from(&outline.name);
        self.outlines.insert(outline.name.clone(), outline.clone());
        self.written.insert(outline.name.clone(), Vec::new());
        Ok(())
    }

    async fn write(&mut self, documents: Vec<Document>) -> Result<(), SinkError> {
        let all = self.written.get_mut(&self.current).unwrap();
        if self.is_full && !all.is_empty() {
            return Err("no room".into());
        }
        all.extend(documents);
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), SinkError> {
        self.finished.push(self.current.clone());
        Ok(())
    }
}

impl Memory {
    /// The documents of an index.
    pub(crate) fn documents(&self, index: &str) -> Vec<Value> {
        self.written[index].iter().map(|document| serde_json::from_str(&document.body).unwrap()).collect()
    }
}

/// Reads a mapping that has no problems.
pub(crate) fn read(mapping: &str, form: Form) -> Etl {
    match Etl::read(mapping, &dictionary(), form) {
        Ok(etl) => etl,
        Err(problems) => panic!("{problems:#?}"),
    }
}

/// Runs it into memory.
pub(crate) async fn run(
    etl: &Etl,
    database: &TestDatabase,
    memory: &mut Memory,
) -> Result<BTreeMap<String, Built>, RunError> {
    etl.run(&database.options, Options::default(), memory, |_, _, _| {}).await
}

/// The documents of the only index of a mapping.
pub(crate) async fn documents(database: &TestDatabase, mapping: &str, form: Form) -> Vec<Value> {
    let etl = read(mapping, form);
    let mut memory = Memory::default();
    run(&etl, database, &mut memory).await.unwrap();
    let name = etl.outlines().next().unwrap().name.clone();
    memory.documents(&name)
}

/// An aggregator of cases with these blocks, which are indented by four blanks.
pub(crate) fn cases(blocks: &str) -> String {
    format!("mappings:\n  - name: c\n    doc_type: case\n    type: aggregator\n    root: case\n{blocks}\n")
}

/// A collector of files, called `f`.
pub(crate) const FILES: &str = "
  - name: f
    doc_type: file
    type: collector
    root: None
    category: data_file
    props:
      - name: file_name
      - name: file_size
      - name: consent_codes
    injecting_props:
      case:
        props:
          - name: _case_id
            src: id
            fn: set
          - name: tags
      study:
        props:
          - name: study_name
            src: submitter_id
            fn: first
";
