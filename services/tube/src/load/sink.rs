//! The documents of a run on their way into an engine.

use std::sync::Arc;

use async_trait::async_trait;
use search::Engine;

use super::{batches::Batches, target::Target};
use crate::{
    Outline,
    sink::{Document, Moment, Sink, SinkError},
};

/// Fills indices that have been made.
pub(super) struct IndexSink {
    engine: Arc<dyn Engine>,
    targets: Vec<Target>,
    open: Option<Batches>,
    /// The moment that the run sees, once it has begun.
    pub(super) moment: Moment,
}

impl IndexSink {
    pub(super) fn new(engine: Arc<dyn Engine>, targets: Vec<Target>) -> Self {
        Self { engine, targets, open: None, moment: Moment::default() }
    }
}

#[async_trait]
impl Sink for IndexSink {
    async fn begin(&mut self, outline: &Outline, moment: &Moment) -> Result<(), SinkError> {
        let target = self.targets.iter().find(|target| target.outline.name == outline.name);
        let target = target.ok_or_else(|| format!("no index was made for {}", outline.name))?;
        self.open = Some(Batches::new(target.index.clone()));
        self.moment = moment.clone();
        Ok(())
    }

    async fn write(&mut self, documents: Vec<Document>) -> Result<(), SinkError> {
        let Some(batches) = &mut self.open else { return Err("no index has begun".into()) };
        Ok(batches.add(&*self.engine, documents).await?)
    }

    async fn finish(&mut self) -> Result<(), SinkError> {
        let Some(mut batches) = self.open.take() else { return Err("no index has begun".into()) };
        Ok(batches.flush(&*self.engine).await?)
    }
}
