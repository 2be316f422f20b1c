//! `/coremetadata/{object_id}`: what a file's landing page says (peregrine 3.2.6).

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ACCEPT,
    web::{Data, Path},
};
use serde_json::Value;

use crate::{
    auth::Reader,
    citation::{bibtex, flatten, schema_org, with_citation},
    error::Error,
    service::Peregrine,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/coremetadata/{object_id:.+}", |methods| methods.get(show));
}

/// `GET /coremetadata/{object_id}` as JSON, BibTeX or schema.org JSON, by the `Accept` header.
async fn show(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
    object_id: Path<String>,
) -> Result<HttpResponse, Error> {
    let reader = Reader::Caller(peregrine.authenticate(&request).await?);
    let file = peregrine.into_inner().file(&reader, &object_id).await?;
    let metadata = with_citation(flatten(&file));
    let body = match request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()) {
        Some("x-bibtex") => bibtex(&metadata),
        Some("application/vnd.schemaorg.ld+json") => schema_org(&metadata).to_string(),
        _ => Value::Object(metadata).to_string(),
    };
    // The original never says which of the three it is.
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body))
}
