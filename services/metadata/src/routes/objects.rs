//! `/objects`: files of the index with their documents.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, StatusCode},
    web::{Data, Payload},
};
use serde_json::json;
use web::Params;

use super::{
    body::{read, read_untold},
    documents,
    paths::Guid,
};
use crate::{
    access::header,
    actions::Which,
    document::Document,
    error::Error,
    granted::{Asker, Bytes},
    input::NewFile,
    service::Metadata,
};

/// The parameter with which the bytes are deleted too.
const WITH_BYTES: &str = "delete_file_locations";

/// Clients post to `/objects`, which the original does not answer any more, or to `/objects/upload`. With
/// another method the paths with an ending are those of a GUID.
pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/objects", |methods| methods.get(get).post(create));
    routes.endpoint(Method::GET, "/objects/{guid:.+}/download", download);
    routes.endpoint(Method::GET, "/objects/{guid:.+}/latest", latest);
    routes.resource("/objects/{guid:.+}", |methods| methods.get(get).post(create).delete(delete));
}

/// The original looks at the body before it looks for a token.
async fn create(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let header = header(request.headers());
    let (asker, uploader) = (Asker::of(header), metadata.uploader(header).await);
    // The path that only clients know, and the original does not.
    let body = if guid.is_empty() {
        read_untold(&metadata, &uploader, &request, payload).await?
    } else {
        read(&metadata, &uploader, &request, payload).await?
    };
    let object = if matches!(guid.as_str(), "" | "upload") {
        let (file, authz) = NewFile::read_with_authz(body)?;
        metadata.create_object(&uploader?, &asker, file, authz).await?
    } else {
        let file = NewFile::read(body)?;
        metadata.create_version(&uploader?, &asker, &guid, file).await?
    };
    Ok(HttpResponse::Created().json(object))
}

async fn get(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    show(&metadata, &request, &guid, Which::Named).await
}

async fn latest(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    show(&metadata, &request, &guid, Which::Latest).await
}

async fn show(
    metadata: &Metadata,
    request: &HttpRequest,
    key: &str,
    which: Which,
) -> Result<HttpResponse, Error> {
    let permit = metadata.reads(header(request.headers())).await?;
    let found = metadata.object(&permit, key, which).await?;
    let record = found.record.map_or_else(|| json!({}), |record| json!(record));
    let document = found.document.map_or_else(|| "{}".to_owned(), Document::into_string);
    let body = format!(r#"{{"record":{record},"metadata":{document}}}"#);
    Ok(documents::json(StatusCode::OK, body))
}

async fn download(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
) -> Result<HttpResponse, Error> {
    let url = metadata.download_url(&Asker::of(header(request.headers())), &guid).await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}

async fn delete(
    metadata: Data<Metadata>,
    request: HttpRequest,
    Guid(guid): Guid,
    params: Params,
) -> Result<HttpResponse, Error> {
    let bytes = match params.get(WITH_BYTES) {
        None => Bytes::Keep,
        Some("") => Bytes::Delete,
        Some(value) => {
            let value = python::repr_text(value);
            return Err(Error::bad(format!(
                "Query param `{WITH_BYTES}` should not contain any value, and not {value}"
            )));
        }
    };
    metadata.delete_object(&Asker::of(header(request.headers())), &guid, bytes).await?;
    Ok(HttpResponse::NoContent().finish())
}
