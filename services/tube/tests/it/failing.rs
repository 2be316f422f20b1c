//! An engine that goes away.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use async_trait::async_trait;
use search::{
    AliasChange, Definition, Engine, Found, Information, Mapping, Operation, Pages, Query, Search,
    SearchError, Sort, Source, Written,
};
use serde_json::{Map, Value};

/// An engine that answers some calls, and then no more.
#[derive(Debug)]
pub(crate) struct Failing {
    engine: Arc<dyn Engine>,
    left: AtomicUsize,
}

impl Failing {
    pub(crate) fn after(engine: Arc<dyn Engine>, calls: usize) -> Self {
        Self { engine, left: AtomicUsize::new(calls) }
    }

    fn call(&self) -> Result<(), SearchError> {
        let one_less = |left: usize| left.checked_sub(1);
        let done = self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        done.map(drop).map_err(|_| SearchError::Unavailable("no disk space is left".into()))
    }
}

#[async_trait]
impl Engine for Failing {
    async fn information(&self) -> Result<Information, SearchError> {
        self.call()?;
        self.engine.information().await
    }

    async fn mapping(&self, index: &str) -> Result<Mapping, SearchError> {
        self.call()?;
        self.engine.mapping(index).await
    }

    async fn aliases(&self, name: &str) -> Result<BTreeMap<String, Vec<String>>, SearchError> {
        self.call()?;
        self.engine.aliases(name).await
    }

    async fn search_all(&self, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>> {
        match self.call() {
            Ok(()) => self.engine.search_all(searches).await,
            Err(error) => vec![Err(error)],
        }
    }

    async fn pages(
        &self,
        index: &str,
        query: &Query,
        sort: &[Sort],
        source: &Source,
        page: usize,
    ) -> Result<Pages, SearchError> {
        self.call()?;
        self.engine.pages(index, query, sort, source, page).await
    }

    async fn document(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
        self.call()?;
        self.engine.document(index, id).await
    }

    async fn create(&self, index: &str, definition: &Definition) -> Result<(), SearchError> {
        self.call()?;
        self.engine.create(index, definition).await
    }

    async fn write(&self, index: &str, operations: Vec<Operation>) -> Result<Written, SearchError> {
        self.call()?;
        self.engine.write(index, operations).await
    }

    async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        self.call()?;
        self.engine.refresh(index).await
    }

    async fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError> {
        self.call()?;
        self.engine.change_aliases(changes).await
    }
}
