//! All records of a node type in a project, written while they are read.

use std::{fmt::Write as _, pin::pin, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use dictionary::Dictionary;
use futures_util::TryStreamExt as _;
use sqlx::{Postgres, pool::PoolConnection};
use tokio::{sync::mpsc::Sender, time::timeout};

use crate::{
    Error,
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
    /// The node type.
    pub label: String,
    pub project_id: String,
    pub format: Format,
    pub without_id: bool,
}

/// The client has gone, or is too slow.
struct Gone;

impl Export {
    /// Sends the chunks of the export, last of all perhaps an error.
    pub(crate) async fn run(
        self,
        mut connection: PoolConnection<Postgres>,
        sender: Sender<Result<Bytes, Error>>,
    ) {
        if let Err(error) = self.write(&mut connection, &sender).await {
            let _ = timeout(PATIENCE, sender.send(Err(error))).await;
        }
    }

    async fn write(
        &self,
        connection: &mut PoolConnection<Postgres>,
        sender: &Sender<Result<Bytes, Error>>,
    ) -> Result<(), Error> {
        let Some(node) = self.dictionary.nodes.get(&self.label) else { return Ok(()) };
        let layout = Layout::of(&self.dictionary, node, self.without_id);
        let query = Source { node, links: layout.links.clone() }.of_project(&self.project_id);
        let mut records = pin!(stream(connection, query));
        let mut text = self.head(&layout);
        let mut position = 0_usize;
        while let Some(record) = records.try_next().await? {
            self.record(&layout, &record, position, &mut text);
            position += 1;
            if text.len() >= CHUNK && send(sender, std::mem::take(&mut text)).await.is_err() {
                return Ok(());
            }
        }
        if self.format == Format::Json {
            text.push_str("]}");
        }
        let _ = send(sender, text).await;
        Ok(())
    }

    fn delimiters(&self) -> Delimiters {
        match self.format {
            Format::Csv => Delimiters::CSV,
            Format::Tsv | Format::Json => Delimiters::TSV,
        }
    }

    fn head(&self, layout: &Layout<'_>) -> String {
        match self.format {
            Format::Json => "{ \"data\": [".to_owned(),
            Format::Tsv | Format::Csv => line(&layout.header(), self.delimiters(), "\n"),
        }
    }

    fn record(&self, layout: &Layout<'_>, record: &Record, position: usize, text: &mut String) {
        if self.format == Format::Json {
            let comma = if position > 0 { ", " } else { "" };
            let _ = write!(text, "{comma}{}", layout.compact(record));
            return;
        }
        let delimiters = self.delimiters();
        text.push_str(&line(&layout.cells(record, delimiters), delimiters, "\n"));
    }
}

async fn send(sender: &Sender<Result<Bytes, Error>>, text: String) -> Result<(), Gone> {
    match timeout(PATIENCE, sender.send(Ok(Bytes::from(text)))).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(Gone),
    }
}
