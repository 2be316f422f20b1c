//! `/index` and `/index/{guid}`: the record API.

use actix_web::{HttpResponse, http::Method, web::Data};
use indexmap::IndexMap;
use serde::Serialize;
use web::{Params, Routes};

use super::body::Json;
use crate::{
    Error, Indexd,
    auth::Claimant,
    document::Entry,
    guid::Guid,
    input::{RecordInput, RecordUpdate},
    query::{AccessFilter, Form, ListQuery, UrlConditions},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/index", list);
    routes.endpoint(Method::POST, "/index", create);
    routes.endpoint(Method::GET, "/index/{guid:.+}", get);
    routes.endpoint(Method::PUT, "/index/{guid:.+}", update);
    routes.endpoint(Method::DELETE, "/index/{guid:.+}", delete);
    routes.endpoint(Method::POST, "/index/{guid:.+}", create_version);
}

/// The envelope of a list, which echoes the query.
#[derive(Serialize)]
pub(super) struct ListEnvelope<'a> {
    acl: Option<&'a [String]>,
    authz: Option<&'a [String]>,
    file_name: Option<&'a str>,
    hashes: Option<&'a IndexMap<String, String>>,
    ids: Echo<&'a [Guid]>,
    limit: i64,
    metadata: &'a IndexMap<String, String>,
    page: Option<i64>,
    records: Vec<Entry>,
    size: Option<i64>,
    start: Option<&'a Guid>,
    urls: &'a [String],
    urls_metadata: Echo<&'a UrlConditions>,
    version: Option<&'a str>,
}

/// A parameter as it was understood, or as it was sent when that is the empty text.
#[derive(Serialize)]
#[serde(untagged)]
enum Echo<T> {
    Given(Option<T>),
    Empty(&'static str),
}

impl<T> Echo<T> {
    fn new(empty: bool, given: Option<T>) -> Self {
        if empty { Self::Empty("") } else { Self::Given(given) }
    }
}

impl<'a> ListEnvelope<'a> {
    pub(super) fn new(query: &'a ListQuery, records: Vec<Entry>) -> Self {
        let filter = &query.filter;
        Self {
            acl: filter.acl.as_ref().map(AccessFilter::echo),
            authz: filter.authz.as_ref().map(AccessFilter::echo),
            file_name: filter.file_name.as_deref(),
            hashes: filter.hashes.as_ref(),
            ids: Echo::new(query.empty_ids, filter.ids.as_deref()),
            limit: query.window.limit,
            metadata: &filter.metadata,
            page: query.window.page,
            records,
            size: filter.size,
            start: query.window.start.as_ref(),
            urls: &filter.urls,
            urls_metadata: Echo::new(query.empty_urls_metadata, filter.urls_metadata.as_ref()),
            version: filter.version.as_deref(),
        }
    }
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let query = ListQuery::parse(&params, Form::Records)?;
    let entries = indexd.list(&query).await?;
    Ok(HttpResponse::Ok().json(ListEnvelope::new(&query, entries)))
}

async fn create(indexd: Data<Indexd>, who: Claimant, Json(body): Json) -> Result<HttpResponse, Error> {
    let input = RecordInput::parse(&body)?;
    let revisions = indexd.create(&who, vec![input]).await?;
    Ok(HttpResponse::Ok().json(revisions.first()))
}

async fn get(indexd: Data<Indexd>, guid: Guid) -> Result<HttpResponse, Error> {
    let mut entry = indexd.entry(&guid).await?;
    if let Entry::Record(record) = &mut entry {
        indexd.decorate(record).await;
    }
    Ok(HttpResponse::Ok().json(entry))
}

async fn update(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    params: Params,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let update = RecordUpdate::parse(&body)?;
    Ok(HttpResponse::Ok().json(indexd.update(&who, &guid, params.get("rev"), update).await?))
}

async fn delete(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    params: Params,
) -> Result<HttpResponse, Error> {
    indexd.delete(&who, &guid, params.get("rev")).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(""))
}

async fn create_version(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let input = RecordInput::parse(&body)?;
    Ok(HttpResponse::Ok().json(indexd.create_version(&who, &guid, input).await?))
}
