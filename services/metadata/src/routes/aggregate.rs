//! `/aggregate/…`: studies of other commons.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, json, value::RawValue};
use web::Params;

use super::{
    documents::json as answered,
    paths::{Guid, Name},
};
use crate::{
    access::{MayRead, header},
    actions::aggregate::Page,
    aggregate::STUDY,
    document::Document,
    error::Error,
    service::Metadata,
    store::aggregate::Row,
    values,
};

/// Studies of an answer without `limit`.
const USUAL: i64 = 20;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/aggregate/commons", |methods| methods.get(commons));
    routes.resource("/aggregate/info/{name:.*}", |methods| methods.get(info));
    routes.resource("/aggregate/metadata", |methods| methods.get(list));
    routes.resource("/aggregate/tags", |methods| methods.get(tags));
    routes.resource("/aggregate/metadata/guid/{guid:.*}", |methods| methods.get(study));
    routes.resource("/aggregate/metadata/{name:.+}/info", |methods| methods.get(commons_info));
    routes.resource("/aggregate/metadata/{name:.+}", |methods| methods.get(of_commons));
}

/// The proof that the sender may read, if there is an aggregate at all.
async fn permitted(metadata: &Metadata, request: &HttpRequest) -> Result<MayRead, Error> {
    if !metadata.has_aggregate().await? {
        return Err(Error::NoSuchPath);
    }
    metadata.reads(header(request.headers())).await
}

async fn commons(metadata: Data<Metadata>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    Ok(HttpResponse::Ok().json(json!({ "commons": metadata.aggregated_commons(&permit).await? })))
}

async fn info(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Name(name): Name,
) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    let told = format!("information for {name} not found");
    Ok(answered(StatusCode::OK, metadata.aggregate_info(&permit, &name, told).await?.into_string()))
}

async fn commons_info(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Name(name): Name,
) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    let told = format!("no common exists with the given: {name}");
    Ok(answered(StatusCode::OK, metadata.aggregate_info(&permit, &name, told).await?.into_string()))
}

async fn tags(metadata: Data<Metadata>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    let _place = metadata.large.take().await?;
    Ok(HttpResponse::Ok().json(metadata.aggregated_tags(&permit).await?))
}

async fn study(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    Ok(answered(StatusCode::OK, metadata.aggregated_study(&permit, &guid).await?.into_string()))
}

async fn of_commons(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Name(name): Name,
) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    let _place = metadata.large.take().await?;
    let studies = metadata.aggregated_of(&permit, &name).await?;
    let all: Vec<&str> = studies.iter().map(Document::as_str).collect();
    Ok(answered(StatusCode::OK, format!("[{}]", all.join(","))))
}

async fn list(metadata: Data<Metadata>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let permit = permitted(&metadata, &request).await?;
    let most = i64::try_from(metadata.config.most_results).unwrap_or(i64::MAX);
    let limit = values::count(&params, "limit", USUAL, most)?;
    let offset = values::count(&params, "offset", 0, i64::MAX)?;
    let (is_flat, has_pages) =
        (values::boolean(&params, "flatten", false)?, values::boolean(&params, "pagination", false)?);
    let counts = params.iter().filter(|(name, _)| *name == "counts").last();
    let counted: Vec<&str> = counts.map(|(_, fields)| fields.split(',').collect()).unwrap_or_default();
    let _place = metadata.large.take().await?;
    let Page { studies, hits } = metadata.aggregated(&permit, limit, offset).await?;
    let results = shown(studies, &counted, is_flat)?;
    if !has_pages {
        return Ok(HttpResponse::Ok().json(results));
    }
    let pages = if limit == 0 { 0 } else { (hits + limit - 1) / limit };
    let pagination = json!({ "hits": hits, "offset": offset, "pageSize": limit, "pages": pages });
    Ok(HttpResponse::Ok().json(Paged { results, pagination }))
}

#[derive(Serialize)]
struct Paged {
    results: Shown,
    pagination: Value,
}

/// A study by its GUID. Its document stays the text that it is, wherever nothing of it is counted.
type One = IndexMap<String, Box<RawValue>>;

#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Flat(Vec<One>),
    ByCommons(IndexMap<String, Vec<One>>),
}

/// Studies in a list, or by their commons; of `counted` fields only how long they are.
fn shown(studies: Vec<Row>, counted: &[&str], is_flat: bool) -> Result<Shown, Error> {
    let (mut flat, mut by_commons) = (Vec::new(), IndexMap::<String, Vec<One>>::new());
    for (guid, commons, document) in studies {
        let one = One::from([(guid, summarised(document, counted)?)]);
        if is_flat {
            flat.push(one);
        } else {
            by_commons.entry(commons).or_default().push(one);
        }
    }
    Ok(if is_flat { Shown::Flat(flat) } else { Shown::ByCommons(by_commons) })
}

/// A study in which nothing can be counted, because it is too deep to be read, stays as it is: the others of
/// its page are no worse for it.
fn summarised(document: Document, counted: &[&str]) -> Result<Box<RawValue>, Error> {
    let value: Option<Value> = match counted {
        [] => None,
        _ => serde_json::from_str(document.as_str()).ok(),
    };
    let text = match value {
        None => document.into_string(),
        Some(value) => with_counts(value, counted).to_string(),
    };
    let raw = RawValue::from_string(text);
    Ok(raw.map_err(|error| web::Failure::internal("reading a study of the aggregate", error))?)
}

fn with_counts(mut value: Value, counted: &[&str]) -> Value {
    for field in counted {
        if let Some(value) = value.get_mut(STUDY).and_then(|study| study.get_mut(*field)) {
            *value = match value.take() {
                Value::Null => json!(0),
                Value::Array(all) => json!(all.len()),
                Value::Object(all) => json!(all.len()),
                other => other,
            };
        }
    }
    value
}
