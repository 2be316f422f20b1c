//! Writes records of a project while it reads them.

use std::{fmt::Write as _, sync::Arc};

use bytes::Bytes;
use dictionary::Dictionary;
use fairness::Place;
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
    store::{export::RecordQuery, windows::Windows},
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;
/// The first of them go sooner, so that the client sees that something comes.
const FIRST_CHUNK: usize = 2 << 10;

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

/// Text that is going to be sent.
struct Text {
    waiting: String,
    /// It is sent when there is so much of it.
    enough: usize,
}

impl Text {
    fn beginning(text: impl Into<String>) -> Self {
        Self { waiting: text.into(), enough: FIRST_CHUNK }
    }

    fn push(&mut self, text: &str) {
        self.waiting.push_str(text);
    }

    /// A chunk, if there is enough for one.
    fn chunk(&mut self) -> Option<Bytes> {
        if self.waiting.len() < self.enough {
            return None;
        }
        self.enough = CHUNK;
        Some(std::mem::take(&mut self.waiting).into())
    }
}

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
            (Selection::Label(label), _) => self.table(connection, client, label, None, "\n").await,
            (Selection::Ids(types), FileFormat::Json) => self.complete_list(connection, client, types).await,
            (Selection::Ids(types), _) => match &types[..] {
                [(label, ids)] => self.table(connection, client, label, Some(ids), "\r\n").await,
                _ => self.archive(connection, client, types).await,
            },
        }
    }

    fn layout(&self, label: &str) -> Option<Layout<'_>> {
        Some(Layout::of(&self.dictionary, self.dictionary.nodes.get(label)?, self.ids))
    }

    /// Gives `write` all records of the type, or those with `ids`, and sends the chunks that it gives back.
    /// While a window is written the next one is read.
    async fn each(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        layout: &Layout<'_>,
        ids: Option<&[String]>,
        mut write: impl FnMut(&StoredRecord) -> Result<Option<Bytes>, Error>,
    ) -> Result<(), Stop> {
        let query = RecordQuery { node: layout.node, links: layout.links.clone() };
        let mut windows = Windows::open(connection, query, &self.permit, ids).await?;
        let mut window = windows.next(connection).await?;
        while let Some(records) = window {
            let sending = async {
                for record in records.records() {
                    if let Some(chunk) = write(&record?)? {
                        client.send(chunk).await?;
                        tokio::task::yield_now().await;
                    }
                }
                Ok::<(), Stop>(())
            };
            let (following, sent) = tokio::join!(windows.next(connection), sending);
            sent?;
            window = following?;
        }
        Ok(())
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
        label: &str,
        ids: Option<&[String]>,
        end: &str,
    ) -> Result<(), Stop> {
        let Some(layout) = self.layout(label) else { return Ok(()) };
        let mut text = Text::beginning(line(&layout.header(), self.delimiters(), end));
        let write = |record: &StoredRecord| {
            text.push(&self.row(&layout, record, end));
            Ok(text.chunk())
        };
        self.each(connection, client, &layout, ids, write).await?;
        client.send(text.waiting).await
    }

    /// `{ "data": [...]}`, without nulls.
    async fn compact_list(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        label: &str,
    ) -> Result<(), Stop> {
        let Some(layout) = self.layout(label) else { return Ok(()) };
        let mut text = Text::beginning("{ \"data\": [");
        let mut separator = "";
        let write = |record: &StoredRecord| {
            let _ = write!(text.waiting, "{separator}{}", layout.compact(record));
            separator = ", ";
            Ok(text.chunk())
        };
        self.each(connection, client, &layout, None, write).await?;
        text.push("]}");
        client.send(text.waiting).await
    }

    /// A list for people to read, with nulls: all types in one.
    async fn complete_list(
        &self,
        connection: &mut PgConnection,
        client: &mut Client,
        types: &[(String, Vec<String>)],
    ) -> Result<(), Stop> {
        let mut text = Text::beginning("[");
        let mut separator = "\n  ";
        for (label, ids) in types {
            let Some(layout) = self.layout(label) else { continue };
            let write = |record: &StoredRecord| {
                // Line ends within texts are escaped in JSON; these are those between its parts.
                let object = format!("{:#}", layout.complete(record)).replace('\n', "\n  ");
                text.push(separator);
                text.push(&object);
                separator = ",\n  ";
                Ok(text.chunk())
            };
            self.each(connection, client, &layout, Some(ids), write).await?;
        }
        let is_empty = separator == "\n  ";
        text.push(if is_empty { "]" } else { "\n]" });
        client.send(text.waiting).await
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
            let Some(layout) = self.layout(label) else { continue };
            let header = line(&layout.header(), self.delimiters(), "\r\n");
            let mut size = header.len();
            let measure = |record: &StoredRecord| {
                size += self.row(&layout, record, "\r\n").len();
                Ok(None)
            };
            self.each(connection, client, &layout, Some(ids), measure).await?;
            archive.begin(&format!("{label}.{}", self.format.as_str()), size)?;
            archive.write(header.as_bytes())?;
            let write = |record: &StoredRecord| {
                archive.write(self.row(&layout, record, "\r\n").as_bytes())?;
                let ready = archive.take();
                Ok((!ready.is_empty()).then(|| ready.into()))
            };
            self.each(connection, client, &layout, Some(ids), write).await?;
        }
        client.send(archive.finish()?).await
    }
}
