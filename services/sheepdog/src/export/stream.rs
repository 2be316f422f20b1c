//! Writes records of a project while it reads them.

use std::sync::Arc;

use bytes::Bytes;
use dictionary::Dictionary;
use fairness::Place;
use sqlx::PgPool;

use crate::{
    Error,
    auth::ReadPermit,
    forms::{
        archive::Archive,
        layout::{Ids, Layout},
        rows::{Delimiters, RowWriter},
        template::FileFormat,
    },
    model::record::RawRecord,
    runtime::pipe::{Gone, Sender},
    store::{
        export::RecordQuery,
        snapshot::{Connections, Snapshot},
        windows::Windows,
    },
};

/// Bytes that are sent at once.
const CHUNK: usize = 64 << 10;
/// The first of them go sooner, so that the client sees that something comes.
const FIRST_CHUNK: usize = 2 << 10;

/// An export.
pub(crate) struct Export {
    pub dictionary: Arc<Dictionary>,
    pub pool: PgPool,
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
        // The record that makes it enough goes beyond.
        let next = String::with_capacity(CHUNK + CHUNK / 8);
        Some(std::mem::replace(&mut self.waiting, next).into())
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
    /// is given back with the connections, which do not wait for the client.
    pub(crate) async fn run(self, snapshot: Snapshot, sender: Sender, place: Place) {
        let (mut client, mut connections) = (Client(sender), Connections::new(snapshot));
        let end = match self.write(&mut connections, &mut client).await {
            Ok(()) | Err(Stop::Gone) => Ok(()),
            Err(Stop::Failed(error)) => Err(error),
        };
        drop((connections, place));
        client.0.end(end);
    }

    async fn write(&self, connections: &mut Connections, client: &mut Client) -> Result<(), Stop> {
        if self.has_links() {
            connections.for_links(&self.pool).await?;
        }
        match (&self.selection, self.format) {
            (Selection::Label(label), FileFormat::Json) => {
                self.compact_list(connections, client, label).await
            }
            (Selection::Label(label), _) => self.table(connections, client, label, None, "\n").await,
            (Selection::Ids(types), FileFormat::Json) => self.complete_list(connections, client, types).await,
            (Selection::Ids(types), _) => match &types[..] {
                [(label, ids)] => self.table(connections, client, label, Some(ids), "\r\n").await,
                _ => self.archive(connections, client, types).await,
            },
        }
    }

    /// Whether there are links of some of the records.
    fn has_links(&self) -> bool {
        let has_links =
            |label: &str| self.writer(label, "").is_some_and(|writer| !writer.layout().links.is_empty());
        match &self.selection {
            Selection::Label(label) => has_links(label),
            Selection::Ids(types) => types.iter().any(|(label, _)| has_links(label)),
        }
    }

    fn writer(&self, label: &str, end: &'static str) -> Option<RowWriter<'_>> {
        let layout = Layout::of(&self.dictionary, self.dictionary.nodes.get(label)?, self.ids);
        let delimiters = match self.format {
            FileFormat::Csv => Delimiters::CSV,
            FileFormat::Tsv | FileFormat::Json => Delimiters::TSV,
        };
        Some(RowWriter::new(layout, delimiters, end))
    }

    /// Gives `write` all records of the type, or those with `ids`, and sends the chunks that it gives back.
    /// While a window is written the next one is read.
    async fn each(
        &self,
        connections: &mut Connections,
        client: &mut Client,
        layout: &Layout<'_>,
        ids: Option<&[String]>,
        mut write: impl FnMut(&RawRecord<'_>) -> Result<Option<Bytes>, Error>,
    ) -> Result<(), Stop> {
        let query = RecordQuery { node: layout.node, links: layout.links.clone() };
        let mut windows = Windows::open(connections, &self.pool, query, &self.permit, ids).await?;
        let mut window = windows.next().await?;
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
            let (following, sent) = tokio::join!(windows.next(), sending);
            sent?;
            window = following?;
        }
        Ok(())
    }

    /// A header, and a row for each record.
    async fn table(
        &self,
        connections: &mut Connections,
        client: &mut Client,
        label: &str,
        ids: Option<&[String]>,
        end: &'static str,
    ) -> Result<(), Stop> {
        let Some(writer) = self.writer(label, end) else { return Ok(()) };
        let mut text = Text::beginning(writer.header());
        let write = |record: &RawRecord<'_>| {
            writer.row(record, &mut text.waiting).map_err(unreadable)?;
            Ok(text.chunk())
        };
        self.each(connections, client, writer.layout(), ids, write).await?;
        client.send(text.waiting).await
    }

    /// `{ "data": [...]}`, without nulls.
    async fn compact_list(
        &self,
        connections: &mut Connections,
        client: &mut Client,
        label: &str,
    ) -> Result<(), Stop> {
        let Some(writer) = self.writer(label, "") else { return Ok(()) };
        let mut text = Text::beginning("{ \"data\": [");
        let mut separator = "";
        let write = |record: &RawRecord<'_>| {
            text.push(separator);
            writer.object(record, &mut text.waiting).map_err(unreadable)?;
            separator = ", ";
            Ok(text.chunk())
        };
        self.each(connections, client, writer.layout(), None, write).await?;
        text.push("]}");
        client.send(text.waiting).await
    }

    /// A list for people to read, with nulls: all types in one.
    async fn complete_list(
        &self,
        connections: &mut Connections,
        client: &mut Client,
        types: &[(String, Vec<String>)],
    ) -> Result<(), Stop> {
        let mut text = Text::beginning("[");
        let mut separator = "\n  ";
        for (label, ids) in types {
            let Some(writer) = self.writer(label, "") else { continue };
            let layout = writer.layout();
            let write = |record: &RawRecord<'_>| {
                let record = record.read().map_err(unreadable)?;
                // Line ends within texts are escaped in JSON; these are those between its parts.
                let object = format!("{:#}", layout.complete(&record)).replace('\n', "\n  ");
                text.push(separator);
                text.push(&object);
                separator = ",\n  ";
                Ok(text.chunk())
            };
            self.each(connections, client, layout, Some(ids), write).await?;
        }
        let is_empty = separator == "\n  ";
        text.push(if is_empty { "]" } else { "\n]" });
        client.send(text.waiting).await
    }

    /// A `tar.gz` with a table for each type. The size of a file stands before it, so that everything is read
    /// twice rather than held.
    async fn archive(
        &self,
        connections: &mut Connections,
        client: &mut Client,
        types: &[(String, Vec<String>)],
    ) -> Result<(), Stop> {
        let mut archive = Archive::new();
        for (label, ids) in types {
            let Some(writer) = self.writer(label, "\r\n") else { continue };
            let header = writer.header();
            let (mut size, mut row) = (header.len(), String::new());
            let measure = |record: &RawRecord<'_>| {
                row.clear();
                writer.row(record, &mut row).map_err(unreadable)?;
                size += row.len();
                Ok(None)
            };
            self.each(connections, client, writer.layout(), Some(ids), measure).await?;
            archive.begin(&format!("{label}.{}", self.format.as_str()), size)?;
            archive.write(header.as_bytes())?;
            let write = |record: &RawRecord<'_>| {
                row.clear();
                writer.row(record, &mut row).map_err(unreadable)?;
                archive.write(row.as_bytes())?;
                let ready = archive.take();
                Ok((!ready.is_empty()).then(|| ready.into()))
            };
            self.each(connections, client, writer.layout(), Some(ids), write).await?;
        }
        client.send(archive.finish()?).await
    }
}

fn unreadable(error: serde_json::Error) -> Error {
    Error::internal("reading the properties of a record", error)
}
