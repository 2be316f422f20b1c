//! Submits the study's records in their order.

use std::borrow::Borrow;

use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    error::DemoError,
    target::{ROOT, Summary},
    work::Work,
};

/// Records in one request.
const BATCH: usize = 1_000;

impl Work<'_> {
    pub(super) async fn load(&self) -> Result<Summary, DemoError> {
        if self.is_new {
            self.make_project().await?;
        }
        let files = self.study.records.iter().filter(|record| record.file.is_some()).count();
        self.progress.total((self.study.records.len() + files) as u64);
        // The order of the types is kept, so records that stand for files and those that do not take turns.
        for run in self.study.records.chunk_by(|a, b| a.file.is_some() == b.file.is_some()) {
            match run.first() {
                Some(first) if first.file.is_some() => {
                    self.progress.message("uploading files");
                    let documents = self.uploaded(run).await?;
                    self.submit("submitting the files' records", &documents).await?;
                }
                _ => {
                    let documents: Vec<_> = run.iter().map(|record| &record.document).collect();
                    self.submit("submitting records", &documents).await?;
                }
            }
        }
        Ok(Summary {
            project_id: self.target.project_id(),
            was_there: false,
            records: self.study.records.len(),
            files,
        })
    }

    async fn make_project(&self) -> Result<(), DemoError> {
        if !self.target.has_program(self.api).await? {
            self.api.post::<Value>("creating the program", ROOT, &self.study.program).await?;
        }
        self.api.put("creating the project", &self.target.program_path(), &self.study.project).await?;
        Ok(())
    }

    /// Submits records in requests of a bearable size, but all of the study's last type in one request: see
    /// [`Target::is_complete`](super::target::Target::is_complete).
    async fn submit<D>(&self, what: &str, documents: &[D]) -> Result<(), DemoError>
    where
        D: Borrow<Map<String, Value>> + Serialize,
    {
        self.progress.message(what);
        let last = self.study.records.last().map(|record| record.node.as_str());
        let is_of_last = |document: &D| document.borrow().get("type").and_then(Value::as_str) == last;
        let (before, at_the_end) =
            documents.split_at(documents.partition_point(|document| !is_of_last(document)));
        let requests = before.chunks(BATCH).chain(Some(at_the_end).filter(|documents| !documents.is_empty()));
        for documents in requests {
            self.api.put(what, &self.target.project_path(), &documents).await?;
            self.progress.advance(documents.len() as u64);
        }
        Ok(())
    }
}
