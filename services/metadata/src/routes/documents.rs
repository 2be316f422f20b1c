//! `/metadata` and `/metadata/{guid}`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};
use web::Params;

use super::{body::permitted, paths::Guid};
use crate::{
    access::header,
    document::Document,
    error::Error,
    filters::Filter,
    input,
    service::Metadata,
    store::documents::{Change, Existing, Query, Written},
    values,
};

/// Documents of an answer without `limit`.
const USUAL: i64 = 10;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/metadata", |methods| methods.get(list).post(write_all));
    routes.resource("/metadata/{guid:.*}", |methods| methods.get(get).post(write).put(update).delete(delete));
}

async fn list(metadata: Data<Metadata>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let permit = metadata.reads(header(request.headers())).await?;
    let most = i64::try_from(metadata.config.most_results).unwrap_or(i64::MAX);
    let with_data = values::boolean(&params, "data", false)?;
    let query = Query {
        limit: values::count(&params, "limit", USUAL, most)?,
        offset: values::count(&params, "offset", 0, i64::MAX)?,
        filters: Filter::read(&params)?,
    };
    if with_data {
        let _place = metadata.lists.take().await?;
        Ok(json(StatusCode::OK, object(&metadata.documents(&permit, &query).await?)))
    } else {
        Ok(HttpResponse::Ok().json(metadata.guids(&permit, &query).await?))
    }
}

async fn get(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    let permit = metadata.reads(header(request.headers())).await?;
    Ok(json(StatusCode::OK, metadata.document(&permit, &guid).await?.into_string()))
}

async fn write_all(
    metadata: Data<Metadata>,
    request: HttpRequest,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await;
    let (permit, body) = permitted(&metadata, permit, &request, payload).await?;
    let existing = existing(&params, true)?;
    Ok(HttpResponse::Created().json(metadata.write_all(&permit, input::batch(body)?, existing).await?))
}

async fn write(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await;
    let (permit, body) = permitted(&metadata, permit, &request, payload).await?;
    let existing = existing(&params, false)?;
    let document = input::document(body)?;
    let status = match metadata.write(&permit, &guid, &document, existing).await? {
        Written::Created => StatusCode::CREATED,
        Written::Replaced => StatusCode::OK,
    };
    Ok(json(status, document.into_string()))
}

async fn update(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await;
    let (permit, body) = permitted(&metadata, permit, &request, payload).await?;
    let change = change(&params)?;
    let document = metadata.update(&permit, &guid, &input::document(body)?, change).await?;
    Ok(json(StatusCode::OK, document.into_string()))
}

async fn delete(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    let permit = metadata.administers(header(request.headers())).await?;
    Ok(json(StatusCode::OK, metadata.delete(&permit, &guid).await?.into_string()))
}

fn existing(params: &Params, overwrite: bool) -> Result<Existing, Error> {
    let overwrite = values::boolean(params, "overwrite", overwrite)?;
    Ok(if overwrite { Existing::Replace } else { Existing::Keep })
}

/// What `merge` says.
pub(super) fn change(params: &Params) -> Result<Change, Error> {
    Ok(if values::boolean(params, "merge", false)? { Change::Merge } else { Change::Replace })
}

/// An answer whose body is JSON already.
pub(super) fn json(status: StatusCode, body: String) -> HttpResponse {
    HttpResponse::build(status).content_type("application/json").body(body)
}

/// One object of documents by GUID.
fn object(documents: &[(String, Document)]) -> String {
    let mut body = String::from("{");
    for (guid, document) in documents {
        if body.len() > 1 {
            body.push(',');
        }
        body.push_str(&serde_json::Value::from(guid.as_str()).to_string());
        body.push(':');
        body.push_str(document.as_str());
    }
    body.push('}');
    body
}
