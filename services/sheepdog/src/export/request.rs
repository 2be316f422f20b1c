//! Reads the request of an export, and begins the export.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use bytes::Bytes;
use dictionary::{Dictionary, NodeType};
use futures_util::{Stream, StreamExt as _, stream};
use serde_json::{Map, Value};
use tracing::Instrument as _;
use uuid::Uuid;

use super::stream::{Export, Selection};
use crate::{
    Error, Sheepdog,
    auth::ReadPermit,
    forms::{layout::Ids, template::FileFormat},
    runtime::pipe::pipe,
    store::{self, export::add_descendants, snapshot::Snapshot},
};

/// Most records of one export by ids; by node type there is no such limit.
const MAX_BY_IDS: usize = 100_000;

/// A request, from a query string or a body.
pub(crate) struct ExportRequest {
    ids: Vec<String>,
    node_label: Option<String>,
    format: FileFormat,
    with_children: bool,
    categories: Option<Vec<String>>,
    shown_ids: Ids,
}

/// A file, of which only the beginning has been read.
pub(crate) struct ExportedFile<S> {
    pub name: String,
    pub content_type: &'static str,
    pub chunks: S,
}

impl ExportRequest {
    /// The request of a query string or a JSON object.
    ///
    /// # Errors
    /// [`Error::BadRequest`] for an unknown format.
    pub(crate) fn of(asked: &Map<String, Value>) -> Result<Self, Error> {
        let text = |key: &str| asked.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
        let flag = |key: &str| {
            let value = asked.get(key);
            value.and_then(Value::as_bool).or(text(key).map(|word| word.eq_ignore_ascii_case("true")))
        };
        let list = |key: &str| match asked.get(key) {
            Some(Value::Array(items)) => {
                Some(items.iter().filter_map(Value::as_str).map(str::to_owned).collect())
            }
            _ => text(key).map(|text| text.split(',').map(str::to_owned).collect::<Vec<_>>()),
        };
        let format = text("format").unwrap_or("tsv");
        let unsupported = || Error::BadRequest(format!("Format {format} not supported"));
        Ok(Self {
            ids: list("ids").unwrap_or_default(),
            node_label: text("node_label").map(str::to_owned),
            format: FileFormat::named(format).ok_or_else(unsupported)?,
            with_children: flag("with_children") == Some(true),
            categories: list("category"),
            shown_ids: if flag("without_id") == Some(true) { Ids::Hidden } else { Ids::Shown },
        })
    }

    /// Begins the export of `caller`.
    ///
    /// # Errors
    /// [`Error::BadRequest`] when it makes no sense or is too large, [`Error::NotFound`] when no record has
    /// the ids, [`Error::Crowded`] when there are too many exports, of the caller or of everybody.
    pub(crate) async fn begin(
        self,
        sheepdog: Arc<Sheepdog>,
        permit: ReadPermit,
        caller: &str,
    ) -> Result<ExportedFile<impl Stream<Item = Result<Bytes, Error>> + 'static>, Error> {
        let place = sheepdog.exports.enter(caller).await?;
        let (snapshot, selection, name, content_type) = match &self.node_label {
            _ if !self.ids.is_empty() => self.by_ids(&sheepdog, &permit).await?,
            Some(label) => {
                require_exportable(&sheepdog.dictionary, label)?;
                let snapshot = Snapshot::begin(&sheepdog.pool).await?;
                let name = format!("{label}.{}", self.format.as_str());
                (snapshot, Selection::Label(label.clone()), name, content_type(self.format))
            }
            None => {
                return Err(Error::BadRequest("expected either `ids` or `node_label` parameter".to_owned()));
            }
        };
        let dictionary = sheepdog.dictionary.clone();
        let (pool, format, ids) = (sheepdog.pool.clone(), self.format, self.shown_ids);
        let export = Export { dictionary, pool, permit, selection, format, ids };
        let (sender, mut receiver) = pipe(sheepdog.config.place());
        tokio::spawn(tracecontext::carried(export.run(snapshot, sender, place).in_current_span()));
        // Nothing has been answered until the first chunk is there, so a failure can still be said.
        let first = receiver.next().await?;
        let is_empty = first.is_none();
        let rest = (!is_empty).then(|| receiver.stream());
        let chunks = stream::iter(first.map(Ok::<Bytes, Error>)).chain(stream::iter(rest).flatten());
        Ok(ExportedFile { name, content_type, chunks })
    }

    async fn by_ids(
        &self,
        sheepdog: &Sheepdog,
        permit: &ReadPermit,
    ) -> Result<(Snapshot, Selection, String, &'static str), Error> {
        let dictionary = &sheepdog.dictionary;
        let mut connection = Snapshot::begin(&sheepdog.pool).await?;
        require_within_limit(self.ids.len())?;
        let types = store::export::types_of(&mut connection, dictionary, &self.ids).await?;
        let mut found = store::export::in_project(&mut connection, dictionary, permit, &types).await?;
        if found.is_empty() {
            return Err(Error::NotFound(format!("Unable to find {}", self.ids.join(", "))));
        }
        if self.with_children {
            let of_type = |(label, ids): (String, Vec<String>)| (label, ids.into_iter().collect());
            let mut ids: BTreeMap<String, BTreeSet<String>> = found.into_iter().map(of_type).collect();
            let categories = self.categories.as_deref();
            add_descendants(&mut connection, dictionary, &mut ids, categories, MAX_BY_IDS).await?;
            require_within_limit(ids.values().map(BTreeSet::len).sum())?;
            found = store::export::in_project(&mut connection, dictionary, permit, &ids).await?;
        }
        let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, self.ids.join(",").as_bytes()).simple();
        let (content_type, name) = match (&found[..], self.format) {
            ([(label, _)], format) => (content_type(format), format!("{label}.{}", format.as_str())),
            (_, FileFormat::Json) => (content_type(FileFormat::Json), format!("gdc_export_{digest}.json")),
            _ => ("application/octet-stream", format!("gdc_export_{digest}.tar.gz")),
        };
        Ok((connection, Selection::Ids(found), name, content_type))
    }
}

/// Refuses a node type whose records are not in projects.
fn require_exportable(dictionary: &Dictionary, label: &str) -> Result<(), Error> {
    let refused = |text: String| Err(Error::BadRequest(text));
    match dictionary.nodes.get(label) {
        None => refused(format!("dictionary does not have node with type {label}")),
        Some(node) if node.category.is_internal() => {
            refused("cannot export node with category `internal`".to_owned())
        }
        Some(NodeType { properties, .. }) if !properties.contains_key("project_id") => {
            refused(format!("cannot export node type {label}: its records are in no project"))
        }
        Some(_) => Ok(()),
    }
}

fn content_type(format: FileFormat) -> &'static str {
    match format {
        FileFormat::Json => "application/json",
        FileFormat::Tsv | FileFormat::Csv => "application/octet-stream",
    }
}

fn require_within_limit(records: usize) -> Result<(), Error> {
    if records <= MAX_BY_IDS {
        return Ok(());
    }
    Err(Error::BadRequest(format!("more than {MAX_BY_IDS} records: export them with `node_label`")))
}
