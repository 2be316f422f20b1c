//! `/urls` and `/_query/urls`.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{
    Error, Indexd,
    document::UrlDocument,
    hashes::{self, Accepted},
    query::{MAX_LIMIT, Params},
    store::urls::{self, UrlFilter},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/urls", web::get().to(list))
        .route("/_query/urls/q", web::get().to(by_pattern))
        .route("/_query/urls/metadata/q", web::get().to(by_metadata));
}

/// No pattern query gives more rows than this at once.
const MAX_ROWS: i64 = 100_000;

/// The SDK takes the values of this document in the order of its keys.
#[derive(Serialize)]
struct Envelope {
    hashes: IndexMap<String, String>,
    limit: i64,
    size: Value,
    start: i64,
    urls: Vec<UrlDocument>,
}

/// `start` and `limit` of a list of urls.
pub(super) fn window(params: &Params) -> Result<(i64, i64), Error> {
    let start = params.integer("start")?.unwrap_or(0);
    let limit = params.integer("limit")?.unwrap_or(100);
    match (start, limit) {
        (start, _) if start < 0 => Err(Error::bad("start must be >= 0")),
        (_, limit) if limit < 0 => Err(Error::bad("limit must be >= 0")),
        (_, limit) if limit > MAX_LIMIT => Err(Error::bad("limit must be <= 1024")),
        window => Ok(window),
    }
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let hashes = hashes::parse_query(&params.all("hash"), Accepted::All)?;
    let given = params.get("size").is_some_and(|text| !text.is_empty());
    let size = if given { params.integer("size")? } else { None };
    if size.is_some_and(|size| size < 0) {
        return Err(Error::bad("size must be >= 0"));
    }
    let (start, limit) = window(&params)?;
    let filter = UrlFilter {
        size: size.filter(|size| *size != 0),
        hashes,
        dids: params.list("ids").filter(|ids| ids != &[""]),
    };
    let urls = urls::list(&mut *indexd.pool.acquire().await?, &filter, start, limit).await?;
    let size = size.map_or_else(|| json!(params.get("size")), Value::from);
    Ok(HttpResponse::Ok().json(Envelope { hashes: filter.hashes, limit, size, start, urls }))
}

/// What both pattern queries have in common.
struct Shape<'a> {
    versioned: Option<bool>,
    fields: Option<Vec<&'a str>>,
    offset: i64,
    limit: i64,
}

impl<'a> Shape<'a> {
    fn parse(params: &'a Params) -> Result<Self, Error> {
        let offset = params.integer("offset")?.unwrap_or(0);
        let limit = params.integer("limit")?.unwrap_or(1000);
        if offset < 0 || !(0..=MAX_ROWS).contains(&limit) {
            return Err(Error::bad(format!("offset must be >= 0 and limit between 0 and {MAX_ROWS}")));
        }
        let yes = |text: &str| ["true", "t", "yes", "y"].contains(&text.to_ascii_lowercase().as_str());
        Ok(Self {
            versioned: params.get("versioned").map(yes),
            fields: params.get("fields").map(|text| text.split(',').collect()),
            offset,
            limit,
        })
    }

    /// The wanted fields of a row.
    fn row<const N: usize>(&self, fields: [(&'static str, Value); N]) -> Value {
        let wanted = |name: &str| self.fields.as_ref().is_none_or(|fields| fields.contains(&name));
        let kept = fields.into_iter().filter(|(name, _)| wanted(name));
        Value::Object(kept.map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>())
    }
}

async fn by_pattern(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    params.only(&["include", "exclude", "versioned", "fields", "offset", "limit"])?;
    let shape = Shape::parse(&params)?;
    let non_empty = |name| params.get(name).filter(|text| !text.is_empty());
    let rows = urls::by_pattern(
        &mut *indexd.pool.acquire().await?,
        non_empty("include"),
        non_empty("exclude"),
        shape.versioned,
        shape.offset,
        shape.limit,
    )
    .await?;
    let rows: Vec<Value> =
        rows.into_iter().map(|(did, urls)| shape.row([("did", json!(did)), ("urls", json!(urls))])).collect();
    Ok(HttpResponse::Ok().json(rows))
}

async fn by_metadata(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    params.only(&["key", "value", "url", "versioned", "fields", "offset", "limit"])?;
    let (Some(key), Some(value)) = (params.get("key"), params.get("value")) else {
        return Err(Error::bad("key and value are required"));
    };
    let shape = Shape::parse(&params)?;
    let rows = urls::by_metadata(
        &mut *indexd.pool.acquire().await?,
        (key, value),
        params.get("url").filter(|text| !text.is_empty()),
        shape.versioned,
        shape.offset,
        shape.limit,
    )
    .await?;
    let row = |(did, url, rev): (String, String, Option<String>)| {
        shape.row([("did", json!(did)), ("urls", json!([url])), ("rev", json!(rev))])
    };
    Ok(HttpResponse::Ok().json(rows.into_iter().map(row).collect::<Vec<_>>()))
}
