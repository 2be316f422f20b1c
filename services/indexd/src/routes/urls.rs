//! `/urls` and `/_query/urls`.

use actix_web::{HttpResponse, http::Method, web::Data};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Map, Value, json};
use web::{Params, Routes};

use crate::{
    Error, Indexd,
    document::UrlDocument,
    guid::Guid,
    hashes::{self, Accepted},
    parameters::{integer, non_empty, only},
    query::{self, MAX_LIMIT},
    store::urls::{Pattern, UrlFilter},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/urls", list);
    routes.endpoint(Method::GET, "/_query/urls/q", by_pattern);
    routes.endpoint(Method::GET, "/_query/urls/metadata/q", by_metadata);
}

/// No pattern query gives more rows than this at once.
const MAX_ROWS: i64 = 100_000;

/// The SDK takes the values of this document in the order of its keys.
#[derive(Serialize)]
struct UrlsEnvelope {
    hashes: IndexMap<String, String>,
    limit: i64,
    size: Value,
    start: i64,
    urls: Vec<UrlDocument>,
}

/// `start` and `limit` of a list of urls.
pub(super) fn window(params: &Params) -> Result<(i64, i64), Error> {
    let start = integer(params, "start")?.unwrap_or(0);
    let limit = integer(params, "limit")?.unwrap_or(100);
    match (start, limit) {
        (start, _) if start < 0 => Err(Error::bad("start must be >= 0")),
        (_, limit) if limit < 0 => Err(Error::bad("limit must be >= 0")),
        (_, limit) if limit > MAX_LIMIT => Err(Error::bad("limit must be <= 1024")),
        window => Ok(window),
    }
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let hashes = hashes::parse_query(&params, "hash", Accepted::All)?;
    let given = non_empty(&params, "size").is_some();
    let size = if given { integer(&params, "size")? } else { None };
    if size.is_some_and(|size| size < 0) {
        return Err(Error::bad("size must be >= 0"));
    }
    let (start, limit) = window(&params)?;
    let filter = UrlFilter { size: size.filter(|size| *size != 0), hashes, dids: query::ids(&params) };
    let urls = indexd.urls(&filter, start, limit).await?;
    let size = size.map_or_else(|| json!(params.get("size")), Value::from);
    Ok(HttpResponse::Ok().json(UrlsEnvelope { hashes: filter.hashes, limit, size, start, urls }))
}

/// What both pattern queries have in common.
struct PatternQuery<'a> {
    pattern: Pattern,
    fields: Option<Vec<&'a str>>,
}

impl<'a> PatternQuery<'a> {
    fn parse(params: &'a Params) -> Result<Self, Error> {
        let offset = integer(params, "offset")?.unwrap_or(0);
        let limit = integer(params, "limit")?.unwrap_or(1000);
        if offset < 0 || !(0..=MAX_ROWS).contains(&limit) {
            return Err(Error::bad(format!("offset must be >= 0 and limit between 0 and {MAX_ROWS}")));
        }
        let yes = |text: &str| ["true", "t", "yes", "y"].contains(&text.to_ascii_lowercase().as_str());
        Ok(Self {
            pattern: Pattern { versioned: non_empty(params, "versioned").map(yes), offset, limit },
            fields: params.get("fields").map(|text| text.split(',').collect()),
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
    only(&params, &["include", "exclude", "versioned", "fields", "offset", "limit"])?;
    let query = PatternQuery::parse(&params)?;
    let (include, exclude) = (non_empty(&params, "include"), non_empty(&params, "exclude"));
    let rows = indexd.urls_by_pattern(include, exclude, &query.pattern).await?;
    let row = |(did, urls): (Guid, Vec<String>)| query.row([("did", json!(did)), ("urls", json!(urls))]);
    Ok(HttpResponse::Ok().json(rows.into_iter().map(row).collect::<Vec<_>>()))
}

async fn by_metadata(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    only(&params, &["key", "value", "url", "versioned", "fields", "offset", "limit"])?;
    let (Some(key), Some(value)) = (params.get("key"), params.get("value")) else {
        return Err(Error::bad("key and value are required"));
    };
    let query = PatternQuery::parse(&params)?;
    let rows = indexd.urls_by_metadata(key, value, non_empty(&params, "url"), &query.pattern).await?;
    let row = |(did, url, rev): (Guid, String, Option<String>)| {
        query.row([("did", json!(did)), ("urls", json!([url])), ("rev", json!(rev))])
    };
    Ok(HttpResponse::Ok().json(rows.into_iter().map(row).collect::<Vec<_>>()))
}
