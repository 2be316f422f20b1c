//! Records taken out of a project, all of a node type or some by id, as a stream.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_DISPOSITION,
    web::{self, Bytes},
};
use dictionary::{Dictionary, NodeType};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};
use sqlx::{Postgres, Transaction};
use tokio::sync::mpsc;
use tracing::Instrument as _;
use uuid::Uuid;

use super::resource;
use crate::{
    Error, Sheepdog, body, document,
    export_stream::{Export, Selection},
    store::{self, export::add_descendants},
    template::Format,
};

/// Most records of one export by ids; by node type there is no such limit.
const MAX_BY_IDS: usize = 100_000;
/// Largest body, in bytes: a list of ids.
const BODY_LIMIT: usize = 8 << 20;
/// Chunks of a streamed export that wait for the client.
const WAITING_CHUNKS: usize = 4;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let export = resource("/{program}/{project}/export");
    cfg.service(export.route(web::get().to(get)).route(web::post().to(post)));
}

async fn get(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    sheepdog.permit(&request, &["read"], &path.0, &path.1).await?;
    let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
    let query = query.map_err(|error| Error::BadRequest(error.to_string()))?.into_inner();
    let asked = query.into_iter().map(|(key, value)| (key, Value::from(value))).collect();
    answer(sheepdog.into_inner(), path.into_inner(), &asked).await
}

async fn post(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    sheepdog.permit(&request, &["read"], &path.0, &path.1).await?;
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    match document::parse_json(body::text(&bytes)?)? {
        Value::Object(asked) => answer(sheepdog.into_inner(), path.into_inner(), &asked).await,
        _ => Err(Error::BadRequest("expected a JSON object".to_owned())),
    }
}

/// What is asked for, whichever way.
struct Asked {
    ids: Vec<String>,
    node_label: Option<String>,
    format: Format,
    with_children: bool,
    categories: Option<Vec<String>>,
    without_id: bool,
}

impl Asked {
    fn of(asked: &Map<String, Value>) -> Result<Self, Error> {
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
            format: Format::named(format).ok_or_else(unsupported)?,
            with_children: flag("with_children") == Some(true),
            categories: list("category"),
            without_id: flag("without_id") == Some(true),
        })
    }

    fn export(&self, sheepdog: &Sheepdog, project_id: String, selection: Selection) -> Export {
        Export {
            dictionary: sheepdog.dictionary.clone(),
            project_id,
            selection,
            format: self.format,
            without_id: self.without_id,
        }
    }
}

async fn answer(
    sheepdog: Arc<Sheepdog>,
    (program, project): (String, String),
    asked: &Map<String, Value>,
) -> Result<HttpResponse, Error> {
    let asked = Asked::of(asked)?;
    let project_id = psqlgraph::ids::project_id(&program, &project);
    match &asked.node_label {
        _ if !asked.ids.is_empty() => by_ids(sheepdog, project_id, &asked).await,
        Some(label) => by_label(sheepdog, project_id, label, &asked).await,
        None => Err(Error::BadRequest("expected either `ids` or `node_label` parameter".to_owned())),
    }
}

/// A node type whose records are in projects.
fn exportable<'d>(dictionary: &'d Dictionary, label: &str) -> Result<&'d NodeType, Error> {
    let refused = |text: String| Err(Error::BadRequest(text));
    match dictionary.nodes.get(label) {
        None => refused(format!("dictionary does not have node with type {label}")),
        Some(node) if node.category.is_internal() => {
            refused("cannot export node with category `internal`".to_owned())
        }
        Some(node) if !node.properties.contains_key("project_id") => {
            refused(format!("cannot export node type {label}: its records are in no project"))
        }
        Some(node) => Ok(node),
    }
}

async fn by_label(
    sheepdog: Arc<Sheepdog>,
    project_id: String,
    label: &str,
    asked: &Asked,
) -> Result<HttpResponse, Error> {
    exportable(&sheepdog.dictionary, label)?;
    let snapshot = store::export::snapshot(&sheepdog.pool).await?;
    let selection = Selection::Label(label.to_owned());
    let export = asked.export(&sheepdog, project_id, selection);
    let name = format!("{label}.{}", asked.format.as_str());
    streamed(export, snapshot, content_type(asked.format), &name).await
}

/// The answer, of which only the beginning has been read.
async fn streamed(
    export: Export,
    snapshot: Transaction<'static, Postgres>,
    content_type: &str,
    name: &str,
) -> Result<HttpResponse, Error> {
    let (sender, mut receiver) = mpsc::channel(WAITING_CHUNKS);
    tokio::spawn(export.run(snapshot, sender).in_current_span());
    // Nothing has been answered until the first chunk is there, so a failure can still be said.
    let first = receiver.recv().await.transpose()?;
    let rest = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let chunks = stream::iter(first.map(Ok::<Bytes, Error>)).chain(rest);
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename={name}")))
        .streaming(chunks))
}

fn content_type(format: Format) -> &'static str {
    match format {
        Format::Json => "application/json",
        Format::Tsv | Format::Csv => "application/octet-stream",
    }
}

async fn by_ids(sheepdog: Arc<Sheepdog>, project_id: String, asked: &Asked) -> Result<HttpResponse, Error> {
    let dictionary = &sheepdog.dictionary;
    let mut connection = store::export::snapshot(&sheepdog.pool).await?;
    within_limit(asked.ids.len())?;
    let types = store::export::types_of(&mut connection, dictionary, &asked.ids).await?;
    let mut found = store::export::in_project(&mut connection, dictionary, &types, &project_id).await?;
    if found.is_empty() {
        return Err(Error::NotFound(format!("Unable to find {}", asked.ids.join(", "))));
    }
    if asked.with_children {
        let of_type = |(label, ids): (String, Vec<String>)| (label, ids.into_iter().collect());
        let mut ids: BTreeMap<String, BTreeSet<String>> = found.into_iter().map(of_type).collect();
        let categories = asked.categories.as_deref();
        add_descendants(&mut connection, dictionary, &mut ids, categories, MAX_BY_IDS).await?;
        within_limit(ids.values().map(BTreeSet::len).sum())?;
        found = store::export::in_project(&mut connection, dictionary, &ids, &project_id).await?;
    }
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, asked.ids.join(",").as_bytes()).simple();
    let (content_type, name) = match (&found[..], asked.format) {
        ([(label, _)], format) => (content_type(format), format!("{label}.{}", format.as_str())),
        (_, Format::Json) => (content_type(Format::Json), format!("gdc_export_{digest}.json")),
        _ => ("application/octet-stream", format!("gdc_export_{digest}.tar.gz")),
    };
    let export = asked.export(&sheepdog, project_id, Selection::Ids(found));
    streamed(export, connection, content_type, &name).await
}

fn within_limit(records: usize) -> Result<(), Error> {
    match records > MAX_BY_IDS {
        true => {
            let text = format!("more than {MAX_BY_IDS} records: export them with `node_label`");
            Err(Error::BadRequest(text))
        }
        false => Ok(()),
    }
}
