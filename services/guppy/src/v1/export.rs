//! `POST /v1/export`: rows of any number, in several forms, fetched by a ticket.

use authz::Subject;
use futures_util::StreamExt as _;
use serde::Deserialize;
use serde_json::Value;

use super::{
    asked::{Asked, index},
    body::read,
    columns::{Column, columns},
    format::Format,
    pages::RowPages,
    problem::Problem,
    rows::{order, source},
};
use crate::{service::Guppy, tickets::Kind};

/// What is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct ExportRequest {
    #[serde(flatten)]
    pub(super) asked: Asked,
    /// Whole paths; all fields if it is not said.
    fields: Option<Vec<String>>,
    /// As in the graph.
    sort: Option<Value>,
    pub(super) format: Format,
}

impl Guppy {
    /// A ticket for an export; what cannot be asked is told at once.
    ///
    /// # Errors
    /// When it cannot be asked, or not by this caller.
    pub(crate) async fn export(&self, subject: &Subject, body: &[u8]) -> Result<Value, Problem> {
        let request: ExportRequest = read(body)?;
        drop(self.exported(subject, &request).await?);
        self.ticket(subject, Kind::Export, body).await
    }

    /// The documents, and the columns that a table of them has.
    pub(super) async fn exported(
        &self,
        subject: &Subject,
        request: &ExportRequest,
    ) -> Result<(Vec<Column>, RowPages), Problem> {
        let served = self.served();
        let index = index(&served, &request.asked.doc_type)?;
        let fields = match &request.fields {
            Some(fields) => fields.clone(),
            None => index.leaves().into_iter().map(str::to_owned).collect(),
        };
        let columns = columns(index, &fields);
        let source = source(index, request.fields.as_deref())?;
        let sort = order(index, request.sort.as_ref())?;
        let accessible = self.rights(subject, index).await;
        let known = self.known_filter(subject, &served, index, &request.asked.filter).await?;
        let query = known.reader(self, index).read(&known.filter)?;
        let scope = self.downloaded(index, &accessible, query, request.asked.accessibility).await?;
        if !index.exists {
            return Ok((columns, futures_util::stream::empty().boxed()));
        }
        Ok((columns, self.pages_of(&scope, &sort, &source).await?))
    }
}
