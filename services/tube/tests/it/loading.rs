//! Whole runs into a search engine.

use std::{sync::Arc, time::Duration};

use search::{AliasChange, Definition, Engine, Operation, Query, Search};
use searchsuite::Naive;
use serde_json::json;
use testing::TestDatabase;
use tube::{Form, LoadError, Loader, Options, Outcome, Reason};

use crate::{
    failing::Failing,
    graph::{FILES, cases, fill, read, study},
};

const BLOCKS: &str = "    props: [{name: project_id}, {name: submitter_id}]
    aggregated_props: [{name: samples, path: samples, fn: count}]";

pub(crate) fn mapping() -> String {
    format!("{}{FILES}", cases(BLOCKS))
        .replace("name: c\n", "name: dev_case\n")
        .replace("name: f\n", "name: dev_file\n")
}

pub(crate) fn loader(database: &TestDatabase, engine: Arc<dyn Engine>, mapping: &str) -> Loader {
    Loader::new(read(mapping, Form::Right), database.options.clone(), engine, Options::default())
}

async fn submission(database: &TestDatabase, time: &str) {
    sqlx::query(
        "insert into transaction_logs (role, program, project, is_dry_run, state, closed, \
         canonical_json, created_datetime) \
         values ('create', 'p', 'q', false, 'SUCCEEDED', false, '[]', $1::timestamptz)",
    )
    .bind(time)
    .execute(&database.pool)
    .await
    .unwrap();
}

pub(crate) async fn total(engine: &dyn Engine, index: &str) -> u64 {
    engine.search(index, &Search::new(Query::All)).await.unwrap().total
}

async fn names(engine: &dyn Engine) -> Vec<String> {
    engine.aliases("*").await.unwrap().into_keys().collect()
}

#[tokio::test]
async fn a_run_names_indices_and_aliases_as_the_original_and_the_next_one_takes_their_place() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    submission(&database, "2026-03-01T10:20:30.5Z").await;
    let loader = loader(&database, engine.clone(), &mapping());
    assert_eq!(loader.needed().await.unwrap(), Some(Reason::Missing("dev_case".into())));
    let built = loader.run(false, |_, _, _| {}).await.unwrap();
    assert!(matches!(built, Outcome::Built { .. }), "{built:?}");
    let aliases = |name: &str| {
        let (engine, name) = (engine.clone(), name.to_owned());
        async move { engine.aliases(&name).await.unwrap().into_values().next().unwrap_or_default() }
    };
    let sorted = |mut all: Vec<String>| {
        all.sort_unstable();
        all
    };
    assert_eq!(sorted(aliases("dev_case_0").await), ["dev_case", "time_20260301T102030Z"]);
    assert_eq!(
        sorted(aliases("dev_file-array-config_0").await),
        ["dev_array-config", "dev_file-array-config", "time_20260301T102030Z"]
    );
    assert_eq!((total(&*engine, "dev_case").await, total(&*engine, "dev_file").await), (3, 2));
    let lists = engine.document("dev_array-config", "dev_file").await.unwrap().unwrap();
    assert_eq!(lists["array"], json!(["consent_codes", "_case_id", "tags", "project_code", "program_name"]));
    assert_eq!(loader.run(false, |_, _, _| {}).await.unwrap(), Outcome::Nothing);
    loader.run(true, |_, _, _| {}).await.unwrap();
    submission(&database, "2026-03-02T00:00:00Z").await;
    assert_eq!(loader.needed().await.unwrap(), Some(Reason::Newer));
    loader.run(false, |_, _, _| {}).await.unwrap();
    assert_eq!(aliases("dev_case_1").await, ["time_20260301T102030Z"], "one old generation stays");
    assert_eq!(sorted(aliases("dev_case_2").await), ["dev_case", "time_20260302T000000Z"]);
    let expected = [
        "dev_case-array-config_1",
        "dev_case-array-config_2",
        "dev_case_1",
        "dev_case_2",
        "dev_file-array-config_1",
        "dev_file-array-config_2",
        "dev_file_1",
        "dev_file_2",
    ];
    assert_eq!(names(&*engine).await, expected);
    let status = loader.status().await.unwrap();
    assert_eq!(status.indices[0].index.as_deref(), Some("dev_case_2"));
    assert_eq!((status.indices[0].documents, &status.needed), (3, &None));
}

#[tokio::test]
async fn another_mapping_is_a_reason_to_run_and_an_unknown_run_of_the_original_is_none() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    let first = loader(&database, engine.clone(), &mapping());
    first.run(false, |_, _, _| {}).await.unwrap();
    let other = loader(&database, engine.clone(), &mapping().replace("{name: submitter_id}", "{name: sex}"));
    assert_eq!(other.needed().await.unwrap(), Some(Reason::Changed));
    let put = Operation::Put { id: Some("dev_case".into()), body: "{\"array\": []}".into() };
    engine.write("dev_case-array-config_0", vec![put]).await.unwrap();
    assert_eq!(first.needed().await.unwrap(), None);
}

#[tokio::test]
async fn whatever_call_fails_the_old_indices_serve_and_the_next_run_leaves_nothing_behind() {
    let database = study().await;
    let naive = Arc::new(Naive::new());
    loader(&database, naive.clone(), &mapping()).run(true, |_, _, _| {}).await.unwrap();
    fill(&database, &[("case", "C9", json!({ "project_id": "p-q" }))], &[]).await;
    let mut failures = 0;
    loop {
        // From the call of this number on the engine is away, also for whatever would clean up.
        let failing = Arc::new(Failing::after(naive.clone(), failures));
        let failed = loader(&database, failing, &mapping()).run(true, |_, _, _| {}).await;
        if failed.is_ok() {
            break;
        }
        assert_eq!(total(&*naive, "dev_case").await, 3, "after {failures} calls");
        assert_eq!(naive.aliases("dev_case").await.unwrap().len(), 1);
        failures += 1;
    }
    assert!(failures > 10, "{failures}");
    // The last one came to its end but perhaps for the clearing.
    loader(&database, naive.clone(), &mapping()).run(true, |_, _, _| {}).await.unwrap();
    assert_eq!(total(&*naive, "dev_case").await, 4);
    assert_eq!(names(&*naive).await.len(), 8, "two generations: {:?}", names(&*naive).await);
}

#[tokio::test]
async fn an_index_in_the_place_of_an_alias_is_refused() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    engine
        .create(
            "dev_file",
            &Definition { mapping: search::Mapping::default(), settings: serde_json::Map::new() },
        )
        .await
        .unwrap();
    let refused = loader(&database, engine.clone(), &mapping()).run(true, |_, _, _| {}).await;
    assert!(matches!(refused, Err(LoadError::Concrete(ref name)) if name == "dev_file"), "{refused:?}");
    assert_eq!(names(&*engine).await, ["dev_file"], "nothing is left");
}

#[tokio::test]
async fn a_run_at_work_keeps_others_away_and_its_indices_are_not_taken_for_leftovers() {
    let (database, engine) = (study().await, Arc::new(Naive::new()));
    let lock = "select pg_advisory_lock(1953849957, hashtext('dev_file'))";
    let mut holder = <sqlx::PgConnection as sqlx::Connection>::connect_with(&database.options).await.unwrap();
    sqlx::query(lock).execute(&mut holder).await.unwrap();
    let mut waiting = loader(&database, engine.clone(), &mapping());
    let busy = waiting.run(true, |_, _, _| {}).await;
    assert!(matches!(busy, Err(LoadError::Busy(ref name)) if name == "dev_file"), "{busy:?}");
    waiting.patience = Duration::from_secs(60);
    let released = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        sqlx::Connection::close(holder).await.unwrap();
    };
    let (ran, ()) = tokio::join!(waiting.run(true, |_, _, _| {}), released);
    ran.unwrap();
    let gone = AliasChange::DeleteIndex { index: "dev_case_0".into() };
    engine.change_aliases(&[gone]).await.unwrap();
    assert_eq!(waiting.needed().await.unwrap(), Some(Reason::Missing("dev_case".into())));
}

/// Parts that are made in this process, of which the first attempt of one fails.
#[derive(Debug)]
struct Parts {
    loader: Loader,
    jobs: std::sync::Mutex<Vec<tube::Job>>,
}

impl tube::Shards for Parts {
    fn make<'j>(&'j self, job: &'j tube::Job) -> futures_util::future::BoxFuture<'j, tube::Made> {
        let is_first = {
            let mut jobs = self.jobs.lock().unwrap();
            jobs.push(job.clone());
            job.shard.number == 1 && jobs.iter().filter(|other| other.shard == job.shard).count() == 1
        };
        Box::pin(async move {
            let made = self.loader.make(job, |_, _, _| {}).await?;
            if is_first { Err("killed".into()) } else { Ok(made) }
        })
    }
}

#[tokio::test]
async fn parts_make_what_a_whole_run_makes_and_a_part_that_fails_is_made_again() {
    let database = study().await;
    sqlx::query(
        "insert into node_case (node_id, _props) select 'M' || n, '{}' from generate_series(1, 300) n",
    )
    .execute(&database.pool)
    .await
    .unwrap();
    let (engine, mapping) = (Arc::new(Naive::new()), mapping());
    let mut sharded = loader(&database, engine.clone(), &mapping);
    let parts = Arc::new(Parts { loader: sharded.clone(), jobs: std::sync::Mutex::default() });
    sharded.shard(3, parts.clone());
    let Outcome::Built { indices, .. } = sharded.run(true, |_, _, _| {}).await.unwrap() else { panic!() };
    assert_eq!((indices["dev_case"].documents, indices["dev_file"].documents), (303, 2));
    let jobs = parts.jobs.lock().unwrap().clone();
    assert_eq!(jobs.len(), 4);
    assert!(jobs.iter().all(|job| job.snapshot == jobs[0].snapshot), "one moment");
    let verified = sharded.verify(|_, _, _| {}).await.unwrap();
    assert_eq!((verified.different, verified.documents["dev_case"]), (0, 303));
}
