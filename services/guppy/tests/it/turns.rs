//! Nobody has the engine for himself.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use search::{
    AliasChange, Definition, Engine, Found, Information, Mapping, Operation, Pages, Query, Search,
    SearchError, Sort, Source, Written,
};
use searchsuite::Naive;
use serde_json::{Map, Value, json};
use tokio::{sync::Semaphore, time::timeout};

use crate::support::{ask, config, data, download, engine, guppy, subject};

/// An engine with two places in which searches can be made to stay, or to take too long.
#[derive(Debug)]
struct Slow {
    engine: Arc<Naive>,
    holds: AtomicBool,
    ends: AtomicBool,
    gate: Semaphore,
}

impl Slow {
    async fn new() -> Arc<Self> {
        let engine = engine((0..20).map(subject)).await;
        let (holds, ends) = (AtomicBool::new(false), AtomicBool::new(false));
        Arc::new(Self { engine, holds, ends, gate: Semaphore::new(0) })
    }
}

#[async_trait]
impl Engine for Slow {
    fn places(&self) -> usize {
        2
    }

    async fn search_all(&self, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>> {
        if self.holds.load(Ordering::SeqCst) {
            self.gate.acquire().await.unwrap().forget();
        }
        if self.ends.load(Ordering::SeqCst) {
            return searches.iter().map(|_| Err(SearchError::TooLong(Duration::from_secs(30)))).collect();
        }
        self.engine.search_all(searches).await
    }

    async fn pages(
        &self,
        index: &str,
        query: &Query,
        sort: &[Sort],
        source: &Source,
        page: usize,
    ) -> Result<Pages, SearchError> {
        if self.ends.load(Ordering::SeqCst) {
            return Err(SearchError::TooLong(Duration::from_secs(30)));
        }
        self.engine.pages(index, query, sort, source, page).await
    }

    async fn information(&self) -> Result<Information, SearchError> {
        self.engine.information().await
    }

    async fn mapping(&self, index: &str) -> Result<Mapping, SearchError> {
        self.engine.mapping(index).await
    }

    async fn aliases(&self, name: &str) -> Result<BTreeMap<String, Vec<String>>, SearchError> {
        self.engine.aliases(name).await
    }

    async fn document(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
        self.engine.document(index, id).await
    }

    async fn create(&self, index: &str, definition: &Definition) -> Result<(), SearchError> {
        self.engine.create(index, definition).await
    }

    async fn write(&self, index: &str, operations: Vec<Operation>) -> Result<Written, SearchError> {
        self.engine.write(index, operations).await
    }

    async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        self.engine.refresh(index).await
    }

    async fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError> {
        self.engine.change_aliases(changes).await
    }
}

const COUNT: &str = "{_aggregation {subject(accessibility: accessible) {_totalCount}}}";

#[actix_web::test]
async fn who_asks_for_much_does_not_keep_others_waiting() {
    let engine = Slow::new().await;
    let guppy = guppy(config("private", json!({})), engine.clone()).await;
    engine.holds.store(true, Ordering::SeqCst);
    let many: Vec<_> = (0..5)
        .map(|_| {
            let guppy = guppy.clone();
            actix_web::rt::spawn(async move { data(&guppy, "ada", COUNT).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(50)).await;
    engine.holds.store(false, Ordering::SeqCst);
    let other = timeout(Duration::from_secs(10), data(&guppy, "all", COUNT)).await.unwrap();
    assert_eq!(other, json!({"_aggregation": {"subject": {"_totalCount": 20}}}));
    assert!(many.iter().all(|asked| !asked.is_finished()), "one search of ada is held, the others wait");
    engine.gate.add_permits(5);
    for asked in many {
        let answer = timeout(Duration::from_secs(10), asked).await.unwrap().unwrap();
        assert_eq!(answer, json!({"_aggregation": {"subject": {"_totalCount": 8}}}));
    }
}

#[actix_web::test]
async fn a_search_that_takes_too_long_is_told_so() {
    let engine = Slow::new().await;
    let guppy = guppy(config("libre", json!({})), engine.clone()).await;
    engine.ends.store(true, Ordering::SeqCst);
    let told = "the search takes longer than 30 s; ask for less at once";
    let (status, answer) = ask(&guppy, "ada", "{subject {project_id}}").await;
    assert_eq!((status, answer["errors"][0]["message"].as_str()), (200, Some(told)), "{answer}");
    assert_eq!(download(&guppy, "ada", json!({"type": "subject"})).await, (400, json!(told)));
    let request = actix_web::test::TestRequest::post().uri("/v1/facets");
    let request = request.set_json(json!({"type": "subject", "fields": [{"field": "gender"}]}));
    let (status, answer) = crate::support::call(&guppy, request).await;
    assert_eq!((status, answer["detail"].as_str()), (400, Some(told)), "{answer}");
}
