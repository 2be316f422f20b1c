//! Following the graph root by root gives what a whole run gives.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use dictionary::Dictionary;
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use psqlgraph::nodes::{ChangedNode, Edge, EdgeTable, End, NewNode};
use search::{Operation, Query, Search};
use searchsuite::Naive;
use serde_json::{Value, json};
use testing::TestDatabase;
use tube::{Followed, Loader};

use crate::{
    failing::Failing,
    graph::{FILES, Memory, cases, dictionary, run, study},
    loading::{loader, total},
};

/// Everything that a mapping can say, but for joins by values.
const BLOCKS: &str = "    props: [{name: project_id}, {name: submitter_id}, {name: age}]
    parent_props: [{path: 'studies[description].projects[title:name]'}]
    flatten_props: [{path: diagnoses, props: [{name: diagnosis, src: code}], sorted_by: 'code, desc'}]
    aggregated_props:
      - {name: samples_count, path: samples, fn: count}
      - {name: amounts, path: samples.aliquots, src: amount, fn: set}
    nested_props:
      - path: samples
        props: [{name: tissue}]
        nested_props: [{name: parts, path: aliquots, props: [{name: amount}]}]
    joining_props: [{index: file, join_on: _case_id, props: [{name: file_name, fn: set}]}]
    filter:
      op: or
      logics: [{prop: age, op: '!=', value: 3}, {prop: diagnoses.code, op: contains, value: x}]";

fn mapping() -> String {
    format!("{}{FILES}", cases(BLOCKS))
}

/// A change of the graph; numbers choose among what is there.
#[derive(Debug, Clone)]
enum Change {
    Add(usize, usize, usize),
    Update(usize, usize),
    Delete(usize),
    Link(usize, usize),
}

/// Types, and the link by which they hang on the one before.
const TYPES: [(&str, &str, &str); 7] = [
    ("study", "projects", "project"),
    ("case", "studies", "study"),
    ("diagnosis", "cases", "case"),
    ("sample", "cases", "case"),
    ("aliquot", "samples", "sample"),
    ("reading", "aliquots", "aliquot"),
    ("reading", "studies", "study"),
];

struct Graph<'d> {
    database: &'d TestDatabase,
    dictionary: Dictionary,
    /// Types and ids.
    nodes: Vec<(String, String)>,
    made: usize,
}

impl Graph<'_> {
    fn of_type(&self, node: &str, number: usize) -> Option<&str> {
        let all: Vec<&str> =
            self.nodes.iter().filter(|(of, _)| of == node).map(|(_, id)| id.as_str()).collect();
        (!all.is_empty()).then(|| all[number % all.len()])
    }

    fn properties(&self, node: &str, id: &str, number: usize) -> String {
        let mut all = json!({ "project_id": "p-q", "submitter_id": id });
        let own = match node {
            "case" => json!({ "age": number % 5 }),
            "study" => json!({ "description": format!("d{number}") }),
            "diagnosis" => json!({ "code": (["x", "y", "z"][number % 3]) }),
            "sample" => json!({ "tissue": format!("t{}", number % 3) }),
            "aliquot" => json!({ "amount": number % 7 }),
            _ => json!({ "file_name": format!("f{number}") }),
        };
        all.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
        all.to_string()
    }

    fn table(&self, node: &str, link: &str) -> EdgeTable {
        EdgeTable::of_link(node, self.dictionary.nodes[node].link(link).unwrap())
    }

    async fn apply(&mut self, change: &Change) {
        let mut transaction = self.database.pool.begin().await.unwrap();
        match *change {
            Change::Add(kind, parent, number) => {
                let (node, link, above) = TYPES[kind % TYPES.len()];
                let id = format!("N{}", self.made);
                let props = self.properties(node, &id, number);
                let new = NewNode { node_id: id.clone(), key: id.clone(), props };
                psqlgraph::nodes::insert_nodes(&mut transaction, node, &[], vec![new]).await.unwrap();
                let parent = if above == "project" { Some("Q") } else { self.of_type(above, parent) };
                if let Some(destination) = parent.map(str::to_owned) {
                    let edge = Edge { source: id.clone(), destination };
                    let table = self.table(node, link);
                    psqlgraph::nodes::insert_edges(&mut transaction, &table, vec![edge]).await.unwrap();
                }
                self.made += 1;
                self.nodes.push((node.to_owned(), id));
            }
            Change::Update(which, number) => {
                let (node, node_id) = self.nodes[which % self.nodes.len()].clone();
                let changed = ChangedNode { props: self.properties(&node, &node_id, number), node_id };
                psqlgraph::nodes::update_nodes(&mut transaction, &node, vec![changed]).await.unwrap();
            }
            Change::Delete(which) => {
                let (node, id) = self.nodes.remove(which % self.nodes.len());
                for (child, link, parent) in TYPES {
                    let table = self.table(child, link);
                    for (end, of) in [(End::Source, child), (End::Destination, parent)] {
                        if of == node {
                            let ids = std::slice::from_ref(&id);
                            psqlgraph::nodes::delete_edges(&mut transaction, &table, end, ids).await.unwrap();
                        }
                    }
                }
                psqlgraph::nodes::delete_nodes(&mut transaction, &node, &[id]).await.unwrap();
            }
            Change::Link(which, parent) => {
                let (node, id) = self.nodes[which % self.nodes.len()].clone();
                let Some((_, link, above)) = TYPES.iter().rev().find(|(of, ..)| *of == node) else { return };
                let table = self.table(&node, link);
                let ids = std::slice::from_ref(&id);
                psqlgraph::nodes::delete_edges(&mut transaction, &table, End::Source, ids).await.unwrap();
                if let Some(destination) = self.of_type(above, parent).map(str::to_owned) {
                    let edge = Edge { source: id, destination };
                    psqlgraph::nodes::insert_edges(&mut transaction, &table, vec![edge]).await.unwrap();
                }
            }
        }
        transaction.commit().await.unwrap();
    }
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let number = || 0..1000_usize;
    let one = prop_oneof![
        4 => (number(), number(), number()).prop_map(|(kind, parent, new)| Change::Add(kind, parent, new)),
        2 => (number(), number()).prop_map(|(which, number)| Change::Update(which, number)),
        2 => number().prop_map(Change::Delete),
        1 => (number(), number()).prop_map(|(which, parent)| Change::Link(which, parent)),
    ];
    prop::collection::vec(one, 1..8)
}

/// Compares every document with those of a run into memory.
async fn equal(loader: &Loader, database: &TestDatabase, after: &[Change]) {
    let mut memory = Memory::default();
    run(loader.etl(), database, &mut memory).await.unwrap();
    for (name, documents) in &memory.written {
        let expected: BTreeMap<String, Value> = documents
            .iter()
            .map(|document| (document.id.clone(), serde_json::from_str(&document.body).unwrap()))
            .collect();
        let mut search = Search::new(Query::All);
        search.size = 10_000;
        let found = loader.engine().search(name, &search).await.unwrap().hits;
        let found: BTreeMap<String, Value> =
            found.into_iter().map(|hit| (hit.id, Value::Object(hit.source))).collect();
        assert_eq!(found, expected, "{name} after {after:?}");
    }
}

#[tokio::test]
async fn after_any_changes_the_indices_are_what_a_whole_run_would_make() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    let loader = loader(&database, engine.clone(), &mapping());
    loader.run(true, |_, _, _| {}).await.unwrap();
    let nodes: Vec<(String, String)> = [
        ("case", "C1"),
        ("case", "C2"),
        ("sample", "A1"),
        ("aliquot", "L1"),
        ("study", "S"),
        ("reading", "R1"),
    ]
    .map(|(node, id)| (node.to_owned(), id.to_owned()))
    .into();
    let mut graph = Graph { database: &database, dictionary: dictionary(), nodes, made: 0 };
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let (mut since, mut updated) = (None, 0);
    for _ in 0..25 {
        let changes = changes().new_tree(&mut runner).unwrap().current();
        for change in &changes {
            if !graph.nodes.is_empty() {
                graph.apply(change).await;
            }
        }
        let done = loader.follow(&mut since).await.unwrap();
        updated += usize::from(matches!(done, Followed::Updated { .. }));
        assert!(!matches!(done, Followed::Rebuilt { .. }), "{done:?}");
        equal(&loader, &database, &changes).await;
    }
    assert!(updated > 15, "{updated}");
    let verified = loader.verify(|_, _, _| {}).await.unwrap();
    assert_eq!((verified.different, verified.documents["c"]), (0, total(&*engine, "c").await));
    let names: BTreeSet<String> = search::Engine::aliases(&*engine, "*").await.unwrap().into_keys().collect();
    assert_eq!(names.len(), 4, "no index was made anew: {names:?}");
}

#[tokio::test]
async fn what_is_cut_off_in_the_middle_is_done_again() {
    let (database, naive) = (study().await, Arc::new(Naive::new()));
    loader(&database, naive.clone(), &mapping()).run(true, |_, _, _| {}).await.unwrap();
    let nodes = vec![("case".to_owned(), "C1".to_owned()), ("aliquot".to_owned(), "L1".to_owned())];
    let mut graph = Graph { database: &database, dictionary: dictionary(), nodes, made: 0 };
    for (calls, change) in (0..12).zip([Change::Update(0, 4), Change::Update(1, 5)].iter().cycle()) {
        graph.apply(change).await;
        let failing = Arc::new(Failing::after(naive.clone(), calls));
        drop(loader(&database, failing, &mapping()).follow(&mut None).await);
        let whole = loader(&database, naive.clone(), &mapping());
        whole.follow(&mut None).await.unwrap();
        equal(&whole, &database, std::slice::from_ref(change)).await;
    }
}

#[tokio::test]
async fn a_change_that_a_longer_transaction_makes_is_not_missed() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    let loader = loader(&database, engine.clone(), &mapping());
    let mut long = database.pool.begin().await.unwrap();
    let update =
        "update node_case set _props = _props || '{\"submitter_id\": \"late\"}' where node_id = 'C1'";
    sqlx::query(update).execute(&mut *long).await.unwrap();
    loader.run(true, |_, _, _| {}).await.unwrap();
    let mut since = None;
    sqlx::query("update node_case set _props = _props || '{\"age\": 77}' where node_id = 'C2'")
        .execute(&database.pool)
        .await
        .unwrap();
    loader.follow(&mut since).await.unwrap();
    long.commit().await.unwrap();
    let done = loader.follow(&mut since).await.unwrap();
    assert!(matches!(done, Followed::Updated { .. }), "{done:?}");
    let case = search::Engine::document(&*engine, "c", "C1").await.unwrap().unwrap();
    assert_eq!(case["submitter_id"], "late");
}

#[tokio::test]
async fn what_differs_is_told_with_its_field() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    let loader = loader(&database, engine.clone(), &mapping());
    loader.run(true, |_, _, _| {}).await.unwrap();
    let mut wrong = search::Engine::document(&*engine, "c", "C2").await.unwrap().unwrap();
    wrong.insert("age".to_owned(), json!(51));
    let put = |id: &str, body: String| Operation::Put { id: Some(id.to_owned()), body };
    let writes = vec![
        put("C2", Value::Object(wrong).to_string()),
        put("X", "{}".to_owned()),
        Operation::Delete { id: "C1".to_owned() },
    ];
    search::Engine::write(&*engine, "c_0", writes).await.unwrap();
    let verified = loader.verify(|_, _, _| {}).await.unwrap();
    let told: Vec<_> =
        verified.differences.iter().map(|one| (one.id.as_str(), one.field.as_deref())).collect();
    assert_eq!(told, [("C1", None), ("C2", Some("age")), ("X", None)]);
    assert_eq!(verified.different, 3);
}
