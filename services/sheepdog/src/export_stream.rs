//! Records of a project, written while they are read.

use std::{fmt::Write as _, pin::pin, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use dictionary::Dictionary;
use futures_util::TryStreamExt as _;
use sql::Sql;
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::{sync::mpsc::Sender, time::timeout};

use crate::{
    Error,
    archive::Archive,
    export::{Delimiters, Layout, Record, line},
    store::export::{Source, stream},
    template::Format,
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;
/// A client that takes nothing for this long loses the export, for it holds a database connection.
const PATIENCE: Duration = Duration::from_secs(60);

/// What to write, and how.
pub(crate) struct Export {
    pub dictionary: Arc<Dictionary>,
    pub project_id: String,
    pub selection: Selection,
    pub format: Format,
    pub without_id: bool,
}

/// Which records of the project.
pub(crate) enum Selection {
    /// All of a node type.
    Label(String),
    /// Those with these ids, by node type.
    Ids(Vec<(String, Vec<String>)>),
}

/// Why an export ends before its end.
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

/// Where chunks go.
struct Client(Sender<Result<Bytes, Error>>);

impl Client {
    async fn send(&self, chunk: impl Into<Bytes>) -> Result<(), Stop> {
        match timeout(PATIENCE, self.0.send(Ok(chunk.into()))).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Stop::Gone),
        }
    }
}

impl Export {
    /// Sends the chunks of the export as of `snapshot`, last of all perhaps an error.
    pub(crate) async fn run(
        self,
        mut snapshot: Transaction<'static, Postgres>,
        sender: Sender<Result<Bytes, Error>>,
    ) {
        let client = Client(sender);
        if let Err(Stop::Failed(error)) = self.write(&mut snapshot, &client).await {
            let _ = timeout(PATIENCE, client.0.send(Err(error))).await;
        }
    }

    async fn write(&self, connection: &mut PgConnection, client: &Client) -> Result<(), Stop> {
        match (&self.selection, self.format) {
            (Selection::Label(label), Format::Json) => self.compact_list(connection, client, label).await,
            (Selection::Label(label), _) => {
                let Some((layout, query)) = self.of_type(label, None) else { return Ok(()) };
                self.table(connection, client, &layout, query, "\n").await
            }
            (Selection::Ids(types), Format::Json) => self.complete_list(connection, client, types).await,
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
        let layout = Layout::of(&self.dictionary, node, self.without_id);
        let source = Source { node, links: layout.links.clone() };
        let query = source.of_project(&self.project_id, ids);
        Some((layout, query))
    }

    fn delimiters(&self) -> Delimiters {
        match self.format {
            Format::Csv => Delimiters::CSV,
            Format::Tsv | Format::Json => Delimiters::TSV,
        }
    }

    fn row(&self, layout: &Layout<'_>, record: &Record, end: &str) -> String {
        line(&layout.cells(record, self.delimiters()), self.delimiters(), end)
    }

    /// A header and a row a record.
    async fn table(
        &self,
        connection: &mut PgConnection,
        client: &Client,
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
        client: &Client,
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
        client: &Client,
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

    /// A `tar.gz` with a table a type. The size of a file stands before it, so that everything is read twice rather than
    /// held.
    async fn archive(
        &self,
        connection: &mut PgConnection,
        client: &Client,
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
