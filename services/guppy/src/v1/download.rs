//! `GET /v1/download/<ticket>`: what was ordered, in pieces.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::web::Bytes;
use authz::Subject;
use futures_util::{StreamExt as _, stream::BoxStream};
use search::SearchError;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{
    body::read,
    columns::Column,
    export::ExportRequest,
    format::{Format, Writer},
    manifest::ManifestRequest,
    pages::RowPages,
    parquet::TableError,
    problem::Problem,
};
use crate::{
    service::Guppy,
    tickets::{Kind, State},
};

/// A download that begins.
pub(crate) struct DownloadStream {
    pub(crate) format: Format,
    pub(crate) name: String,
    pub(crate) pieces: BoxStream<'static, Result<Bytes, SearchError>>,
}

impl Guppy {
    /// Begins a download. What it shows is decided by what the caller may read now.
    ///
    /// # Errors
    /// When there is no such ticket, or the caller may not read it any more.
    pub(crate) async fn fetch(&self, subject: &Subject, ticket: &str) -> Result<DownloadStream, Problem> {
        let (order, state) =
            self.tickets.find(&self.owner(subject).await?, ticket).ok_or(Problem::NoTicket)?;
        let (columns, pages, format, name) = match order.kind {
            Kind::Export => {
                let request: ExportRequest = read(&order.body)?;
                let (columns, pages) = self.exported(subject, &request).await?;
                (columns, pages, request.format, request.asked.doc_type)
            }
            Kind::Manifest => {
                let request: ManifestRequest = read(&order.body)?;
                let pages = self.entries(subject, &request).await?;
                (Vec::new(), pages, Format::Json, "manifest".to_owned())
            }
        };
        set(&state, State::Running);
        let name = format!("{name}.{}", format.extension());
        Ok(DownloadStream { format, name, pieces: pieces(format, columns, pages, state) })
    }

    /// What became of a download.
    ///
    /// # Errors
    /// When there is no such ticket.
    pub(crate) async fn fetched(&self, subject: &Subject, ticket: &str) -> Result<Value, Problem> {
        let (_, state) = self.tickets.find(&self.owner(subject).await?, ticket).ok_or(Problem::NoTicket)?;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner).clone();
        Ok(match state {
            State::Waiting => json!({ "state": "waiting" }),
            State::Running => json!({ "state": "running" }),
            State::Failed => json!({ "state": "failed" }),
            State::Complete { rows, bytes, sha256 } => {
                json!({ "state": "complete", "rows": rows, "bytes": bytes, "sha256": sha256 })
            }
        })
    }
}

fn set(state: &Mutex<State>, to: State) {
    *state.lock().unwrap_or_else(PoisonError::into_inner) = to;
}

/// A download on its way.
struct Writing {
    format: Format,
    columns: Vec<Column>,
    /// None until the first piece.
    writer: Option<Writer>,
    pages: RowPages,
    state: Arc<Mutex<State>>,
    hash: Sha256,
    rows: u64,
    bytes: u64,
    has_ended: bool,
}

impl Writing {
    fn send(&mut self, out: Vec<u8>) -> Bytes {
        self.hash.update(&out);
        self.bytes += out.len() as u64;
        Bytes::from(out)
    }

    /// The next piece, which is never empty: to HTTP an empty one would be the last.
    async fn next(&mut self) -> Option<Result<Bytes, SearchError>> {
        if self.has_ended {
            return None;
        }
        let mut out = Vec::new();
        while out.is_empty() && !self.has_ended {
            if let Err(error) = self.write(&mut out).await {
                self.has_ended = true;
                tracing::error!(error = &error as &dyn std::error::Error, "a download breaks off");
                return Some(Err(error));
            }
        }
        let piece = (!out.is_empty()).then(|| self.send(out));
        if self.has_ended {
            let sha256 = hex::encode(self.hash.clone().finalize());
            set(&self.state, State::Complete { rows: self.rows, bytes: self.bytes, sha256 });
        }
        piece.map(Ok)
    }

    /// Writes the beginning, a page of rows, or the end.
    async fn write(&mut self, out: &mut Vec<u8>) -> Result<(), SearchError> {
        let failed = |error: TableError| SearchError::Failed(error.into());
        let Some(writer) = &mut self.writer else {
            let columns = std::mem::take(&mut self.columns);
            self.writer = Some(Writer::begin(self.format, columns, out).map_err(failed)?);
            return Ok(());
        };
        match self.pages.next().await.transpose()? {
            Some(rows) => {
                for row in &rows {
                    writer.row(row, out).map_err(failed)?;
                }
                self.rows += rows.len() as u64;
            }
            None => {
                writer.end(out).map_err(failed)?;
                self.has_ended = true;
            }
        }
        Ok(())
    }
}

impl Drop for Writing {
    /// A download that is not complete has failed, whoever ended it.
    fn drop(&mut self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if *state == State::Running {
            *state = State::Failed;
        }
    }
}

fn pieces(
    format: Format,
    columns: Vec<Column>,
    pages: RowPages,
    state: Arc<Mutex<State>>,
) -> BoxStream<'static, Result<Bytes, SearchError>> {
    let writing = Writing {
        format,
        columns,
        writer: None,
        pages,
        state,
        hash: Sha256::new(),
        rows: 0,
        bytes: 0,
        has_ended: false,
    };
    futures_util::stream::unfold(writing, |mut writing| async move {
        let next = writing.next().await?;
        Some((next, writing))
    })
    .boxed()
}
