//! Records taken out of a project: all of a node type as a stream, or some by id.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::CONTENT_DISPOSITION,
    web::{self, Bytes},
};
use dictionary::{Dictionary, NodeType};
use futures_util::{StreamExt as _, stream};
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use uuid::Uuid;

use super::{resource, templates::attachment};
use crate::{
    Error, Sheepdog, archive, body, document,
    export::{self, Layout, Record},
    export_stream,
    store::{self, export::add_descendants},
    template::Format,
};

/// Most records of one export by ids; by node type there is no such limit.
const MAX_BY_IDS: usize = 100_000;
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
    let bytes = body::read(payload, sheepdog.config.body_limit).await?;
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
}

async fn answer(
    sheepdog: Arc<Sheepdog>,
    (program, project): (String, String),
    asked: &Map<String, Value>,
) -> Result<HttpResponse, Error> {
    let asked = Asked::of(asked)?;
    let project_id = psqlgraph::ids::project_id(&program, &project);
    match &asked.node_label {
        _ if !asked.ids.is_empty() => by_ids(&sheepdog, &project_id, &asked).await,
        Some(label) => by_label(sheepdog.clone(), project_id, label, &asked).await,
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
    let connection = sheepdog.pool.acquire().await?;
    let (sender, mut receiver) = mpsc::channel(WAITING_CHUNKS);
    let export = export_stream::Export {
        dictionary: sheepdog.dictionary.clone(),
        label: label.to_owned(),
        project_id,
        format: asked.format,
        without_id: asked.without_id,
    };
    tokio::spawn(export.run(connection, sender));
    // Nothing has been answered until the first chunk is there, so a failure can still be said.
    let first = receiver.recv().await.transpose()?;
    let rest = stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)));
    let chunks = stream::iter(first.map(Ok::<Bytes, Error>)).chain(rest);
    Ok(HttpResponse::Ok()
        .content_type(content_type(asked.format))
        .insert_header((
            CONTENT_DISPOSITION,
            format!("attachment; filename={label}.{}", asked.format.as_str()),
        ))
        .streaming(chunks))
}

fn content_type(format: Format) -> &'static str {
    match format {
        Format::Json => "application/json",
        Format::Tsv | Format::Csv => "application/octet-stream",
    }
}

async fn by_ids(sheepdog: &Sheepdog, project_id: &str, asked: &Asked) -> Result<HttpResponse, Error> {
    let dictionary = &sheepdog.dictionary;
    let mut connection = store::export::snapshot(&sheepdog.pool).await?;
    within_limit(asked.ids.len())?;
    let types = store::export::types_of(&mut connection, dictionary, &asked.ids).await?;
    let mut found = store::export::find(&mut connection, dictionary, &types, project_id).await?;
    if found.is_empty() {
        return Err(Error::NotFound(format!("Unable to find {}", asked.ids.join(", "))));
    }
    if asked.with_children {
        let ids_of = |records: &[Record]| records.iter().map(|record| record.id.clone()).collect();
        let mut ids = found.iter().map(|(node, records)| (node.id.clone(), ids_of(records))).collect();
        let categories = asked.categories.as_deref();
        add_descendants(&mut connection, dictionary, &mut ids, categories, MAX_BY_IDS).await?;
        within_limit(ids.values().map(std::collections::BTreeSet::len).sum())?;
        found = store::export::find(&mut connection, dictionary, &ids, project_id).await?;
    }
    match &found[..] {
        [(node, records)] => {
            let name = format!("{}.{}", node.id, asked.format.as_str());
            let layout = Layout::of(dictionary, node, asked.without_id);
            Ok(attachment(content_type(asked.format), &name, render(&layout, records, asked.format)))
        }
        _ => several_types(dictionary, &found, asked),
    }
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

/// All records of one type.
fn render(layout: &Layout<'_>, records: &[Record], format: Format) -> Vec<u8> {
    let delimiters = match format {
        Format::Json => {
            let all: Value = records.iter().map(|record| layout.complete(record)).collect();
            return format!("{all:#}").into_bytes();
        }
        Format::Tsv => export::Delimiters::TSV,
        Format::Csv => export::Delimiters::CSV,
    };
    let mut text = export::line(&layout.header(), delimiters, "\r\n");
    for record in records {
        text.push_str(&export::line(&layout.cells(record, delimiters), delimiters, "\r\n"));
    }
    text.into_bytes()
}

/// One list, or an archive with a file a type.
fn several_types(
    dictionary: &Dictionary,
    found: &[(&NodeType, Vec<Record>)],
    asked: &Asked,
) -> Result<HttpResponse, Error> {
    let layout = |node| Layout::of(dictionary, node, asked.without_id);
    let digest = Uuid::new_v5(&Uuid::NAMESPACE_OID, asked.ids.join(",").as_bytes()).simple();
    if asked.format == Format::Json {
        let all = found.iter().flat_map(|(node, records)| {
            let layout = layout(node);
            records.iter().map(|record| layout.complete(record)).collect::<Vec<_>>()
        });
        let text = format!("{:#}", all.collect::<Value>());
        return Ok(attachment(content_type(asked.format), &format!("gdc_export_{digest}.json"), text));
    }
    let files = found.iter().map(|(node, records)| {
        let name = format!("{}.{}", node.id, asked.format.as_str());
        (name, render(&layout(node), records, asked.format))
    });
    let name = format!("gdc_export_{digest}.tar.gz");
    Ok(attachment("application/octet-stream", &name, archive::tar_gz(files)?))
}
