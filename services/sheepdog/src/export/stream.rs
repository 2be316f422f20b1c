//! Writes records of a project while it reads them.

use std::{fmt::Write as _, pin::pin, sync::Arc};

use bytes::Bytes;
use dictionary::Dictionary;
use fairness::Place;
use futures_util::TryStreamExt as _;
use sql::Sql;
use sqlx::{PgConnection, Postgres, Transaction};

use crate::{
    Error,
    auth::ReadPermit,
    forms::{
        archive::Archive,
        layout::{Delimiters, Ids, Layout, line},
        template::FileFormat,
    },
    model::record::StoredRecord,
    runtime::pipe::{Gone, Sender},
    store::export::{RecordQuery, stream},
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;

/// An export.
pub(crate) struct Export {
    pub dictionary: Arc<Dictionary>,
    pub permit: ReadPermit,
    pub selection: Selection,
    pub format: FileFormat,
    pub ids: Ids,
}

/// The records of the project that are exported.
pub(crate) enum Selection {
    /// All of a node type.
    Label(String),
    /// Those with these ids, by node type.
    Ids(Vec<(String, Vec<String>)>),
}

/// Why an export ends early.
enum Stop {
    /// The client has gone, or is too slow.
    Gone,
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<sqlx::Error> for Stop {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// The client, to whom chunks are sent.
struct Client(Sender);

impl Client {
    async fn send(&mut self, chunk: impl Into<Bytes>) -> Result<(), Stop> {
        let chunk: Bytes = chunk.into();
        if chunk.is_empty() {
            return Ok(());
        }
        self.0.send(chunk).await?.map_err(|Gone| Stop::Gone)
    }
}

impl Export {
    /// Sends the chunks of the export as of `snapshot`, last of all perhaps an error. The place in the lane
    /// is given back with the connection, which does not wait for the client.
    pub(crate) async fn run(
        self,
        mut snapshot: Transaction<'static, Postgres>,
        sender: Sender,
        place: Place,
    ) {
        let mut client = Client(sender);
        let end = match self.write(&mut snapshot, &mut client).await {
            Ok(()) | Err(Stop::Gone) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
        };
        drop((snapshot, place));
        client.0.end(end);
    }

    async fn write(&self, connection: &mut PgConnection, client: &mut Client) -> Result<(), Stop> {
        match (&self.selection, self.format) {
            (Selection::Label(label), FileFormat::Json) => self.compact_list(connection, client, label).await,
            (Selection::Label(label), _) => {
                let Some((layout, query)) = self.of_type(label, None) else { return Ok(()) };
                self.table(connection, client, &layout, query, "\n").await
            }
            (Selection::Ids(types), FileFormat::Json) => self.complete_list(connection, client, types).await,
            (Selection::Ids(types), _) => match &types[..] {
                [(label, ids)] => {
                    let Some((layout, query)) = self.of_type(label, Some(ids)) else { return Ok(()) };
                    self.table(connection, client, &layout, query, "\r\n").await
                }
                _ => self.archive(connection, client, types).await,
            },
        }
    }

    /// Layout and statement of all records of the type, or of those with `ids`.
    fn of_type(&self, label: &str, ids: Option<&[String]>) -> Option<(Layout<'_>, Sql)> {
        let node = self.dictionary.nodes.get(label)?;
        let layout = Layout::of(&self.dictionary, node, self.ids);
        let query = RecordQuery { node, links: layout.links.clone() }.of_project(&self.permit, ids);
        Some((layout, query))
    }

    fn delimiters(&self) -> Delimiters {
        match self.format {
            FileFormat::Csv => Delimiters::CSV,
            FileFormat::Tsv | FileFormat::Json => Delimiters::TSV,
        }
    }

    fn row(&self, layout: &Layout<'_>, record: &StoredRecord, end: &str) -> String {
        line(&layout.cells(record, self.delimiters()), self.delimiters(), end)
    }

    /// A header, and a row for each record.
    async fn table(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        layout: &Layout<'_>,
        query: Sql,
        end: &str,
    ) -> Result<(), Stop> {
        let mut text = line(&layout.header(), self.delimiters(), end);
        let mut records = pin!(stream(connection, query));
        while let Some(record) = records.try_next().await? {
            text.push_str(&self.row(layout, &record, end));
            if text.len() >= CHUNK {
                client.send(std::mem::take(&mut text)).await?;
            }
        }
        client.send(text).await
    }

    /// `{ "data": [...]}`, without nulls.
    async fn compact_list(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        label: &str,
    ) -> Result<(), Stop> {
        let Some((layout, query)) = self.of_type(label, None) else { return Ok(()) };
        let mut text = "{ \"data\": [".to_owned();
        let mut separator = "";
        let mut records = pin!(stream(connection, query));
        while let Some(record) = records.try_next().await? {
            let _ = write!(text, "{separator}{}", layout.compact(&record));
            separator = ", ";
            if text.len() >= CHUNK {
                client.send(std::mem::take(&mut text)).await?;
            }
        }
        text.push_str("]}");
        client.send(text).await
    }

    /// A list for people to read, with nulls: all types in one.
    async fn complete_list(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        types: &[(String, Vec<String>)],
    ) -> Result<(), Stop> {
        let mut text = "[".to_owned();
        let mut separator = "\n  ";
        for (label, ids) in types {
            let Some((layout, query)) = self.of_type(label, Some(ids)) else { continue };
            let mut records = pin!(stream(&mut *connection, query));
            while let Some(record) = records.try_next().await? {
                // Line ends within texts are escaped in JSON; these are those between its parts.
                let object = format!("{:#}", layout.complete(&record)).replace('\n', "\n  ");
                text.push_str(separator);
                text.push_str(&object);
                separator = ",\n  ";
                if text.len() >= CHUNK {
                    client.send(std::mem::take(&mut text)).await?;
                }
            }
        }
        let is_empty = separator == "\n  ";
        text.push_str(if is_empty { "]" } else { "\n]" });
        client.send(text).await
    }

    /// A `tar.gz` with a table for each type. The size of a file stands before it, so that everything is read
    /// twice rather than held.
    async fn archive(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        types: &[(String, Vec<String>)],
    ) -> Result<(), Stop> {
        let mut archive = Archive::new();
        for (label, ids) in types {
            let Some((layout, query)) = self.of_type(label, Some(ids)) else { continue };
            let header = line(&layout.header(), self.delimiters(), "\r\n");
            let mut size = header.len();
            {
                let mut records = pin!(stream(&mut *connection, query.clone()));
                while let Some(record) = records.try_next().await? {
                    size += self.row(&layout, &record, "\r\n").len();
                }
            }
            archive.begin(&format!("{label}.{}", self.format.as_str()), size)?;
            archive.write(header.as_bytes())?;
            let mut records = pin!(stream(&mut *connection, query));
            while let Some(record) = records.try_next().await? {
                archive.write(self.row(&layout, &record, "\r\n").as_bytes())?;
                let ready = archive.take();
                if !ready.is_empty() {
                    client.send(ready).await?;
                }
            }
        }
        client.send(archive.finish()?).await
    }
}
