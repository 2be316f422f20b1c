//! Runs as a whole.

use serde_json::Value;
use tube::{Document, Etl, Folder, Form, Moment, Options, RunError, Sink as _};

use crate::graph::{FILES, Memory, cases, database, dictionary, read, run, study};

const CASES: &str = "    props: [{name: project_id}, {name: submitter_id}, {name: age}]
    aggregated_props: [{name: samples, path: samples, fn: count}]";

#[tokio::test]
async fn windows_come_in_the_order_of_the_roots_with_each_root_once() {
    let database = database().await;
    sqlx::query(
        "insert into node_case (node_id, _props) \
         select 'c' || lpad(n::text, 5, '0'), jsonb_build_object('submitter_id', n::text) \
         from generate_series(1, 2600) n",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let (mut memory, mut told) = (Memory::default(), Vec::new());
    let etl = read(&cases(CASES), Form::Right);
    let options = Options { connections: 3, ..Options::default() };
    let built = etl.run(&database.options, options, &mut memory, |_, done, _| told.push(done)).await.unwrap();
    assert_eq!(built["c"].documents, 2600);
    let ids: Vec<&str> = memory.written["c"].iter().map(|document| document.id.as_str()).collect();
    assert_eq!(ids.len(), 2600);
    assert!(ids.is_sorted(), "in the order of their roots");
    assert_eq!(told, [500, 1000, 1500, 2000, 2500, 2600]);
}

#[tokio::test]
async fn the_same_graph_gives_the_same_documents() {
    let database = study().await;
    let blocks = format!(
        "{CASES}
    parent_props: [{{path: 'studies[description,name:submitter_id].projects[code]'}}]
    nested_props: [{{path: samples, props: [{{name: tissue}}]}}]
    joining_props: [{{index: file, join_on: _case_id, props: [{{name: file_name, fn: set}}]}}]"
    );
    let etl = read(&format!("{}{FILES}", cases(&blocks)), Form::Right);
    let (mut first, mut second) = (Memory::default(), Memory::default());
    run(&etl, &database, &mut first).await.unwrap();
    run(&etl, &database, &mut second).await.unwrap();
    assert_eq!(first.written, second.written);
}

#[tokio::test]
async fn values_that_do_not_fit_are_counted() {
    let database = study().await;
    sqlx::query("update node_case set _props = _props || '{\"age\": \"old\"}'")
        .execute(&database.pool)
        .await
        .unwrap();
    let mut memory = Memory::default();
    let built = run(&read(&cases(CASES), Form::Right), &database, &mut memory).await.unwrap();
    assert_eq!(built["c"].misfits.get("age"), Some(&3));
    assert!(memory.documents("c").iter().all(|document| document.get("age").is_none()));
}

#[tokio::test]
async fn a_sink_that_fails_ends_the_run_before_the_index_is_put_in_place() {
    let database = database().await;
    sqlx::query(
        "insert into node_case (node_id, _props) select n::text, '{}' from generate_series(1, 3000) n",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let mut memory = Memory { is_full: true, ..Memory::default() };
    let failed = run(&read(&cases(CASES), Form::Right), &database, &mut memory).await;
    assert!(matches!(failed, Err(RunError::Sink(_))), "{failed:?}");
    assert!(memory.finished.is_empty());
}

#[tokio::test]
async fn tables_that_are_not_there_are_named() {
    let database = testing::TestDatabase::empty().await;
    let failed = run(&read(&cases(CASES), Form::Right), &database, &mut Memory::default()).await;
    let Err(RunError::MissingTables(tables)) = failed else { panic!("{failed:?}") };
    assert!(tables.contains(&"node_case".to_owned()), "{tables:?}");
}

#[tokio::test]
async fn a_folder_has_documents_mapping_and_array_configuration() {
    let (database, folder) = (study().await, tempfile::tempdir().unwrap());
    let etl = Etl::read(&format!("mappings:{FILES}"), &dictionary(), Form::Right).unwrap();
    let mut sink = Folder::new(folder.path().join("out"));
    etl.run(&database.options, Options::default(), &mut sink, |_, _, _| {}).await.unwrap();
    let content = |name: &str| std::fs::read_to_string(folder.path().join("out").join(name)).unwrap();
    assert_eq!(content("f.ndjson").lines().count(), 2);
    let mapping: Value = serde_json::from_str(&content("f.mapping.json")).unwrap();
    assert_eq!(mapping["mappings"]["properties"]["file_size"]["type"], "long");
    let arrays: Value = serde_json::from_str(&content("f.array-config.json")).unwrap();
    let expected = ["consent_codes", "_case_id", "tags", "project_code", "program_name"];
    assert_eq!(arrays["array"], serde_json::json!(expected));
    let names: Vec<_> = std::fs::read_dir(folder.path().join("out")).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing half is left");
}

#[tokio::test]
async fn a_run_that_ends_in_the_middle_leaves_the_files_of_the_one_before() {
    let (database, folder) = (study().await, tempfile::tempdir().unwrap());
    let etl = Etl::read(&format!("mappings:{FILES}"), &dictionary(), Form::Right).unwrap();
    let mut sink = Folder::new(folder.path());
    etl.run(&database.options, Options::default(), &mut sink, |_, _, _| {}).await.unwrap();
    let content = || {
        let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
        ["f.ndjson", "f.mapping.json", "f.array-config.json"].map(read)
    };
    let before = content();
    // The next one gets as far as its first documents, with another mapping.
    let mut outline = etl.outlines().next().unwrap().clone();
    outline.fields.clear();
    let mut sink = Folder::new(folder.path());
    sink.begin(&outline, &Moment::default()).await.unwrap();
    sink.write(vec![Document { id: "x".to_owned(), body: "{}".to_owned() }]).await.unwrap();
    drop(sink);
    assert_eq!(content(), before);
    etl.run(&database.options, Options::default(), &mut Folder::new(folder.path()), |_, _, _| {})
        .await
        .unwrap();
    assert_eq!(content(), before);
    let names: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 3, "nothing half is left");
}

#[tokio::test]
async fn resource_paths_can_be_others_by_the_code_of_the_project() {
    let database = study().await;
    let (mut memory, etl) = (Memory::default(), read(&cases(CASES), Form::Right));
    let resources = [("q".to_owned(), "/somewhere".to_owned())].into();
    let options = Options { resources, ..Options::default() };
    etl.run(&database.options, options, &mut memory, |_, _, _| {}).await.unwrap();
    assert_eq!(memory.documents("c")[0]["auth_resource_path"], "/somewhere");
}
