//! `POST /download`.

use actix_web::{
    HttpResponse,
    http::Method,
    web::{Bytes, Data},
};
use serde::Deserialize;
use serde_json::json;

use crate::{error::Error, service::Guppy};

#[derive(Deserialize)]
struct Body {
    #[serde(rename = "type")]
    doc_type: Option<String>,
}

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.endpoint(Method::POST, "/download", download);
}

/// All documents of an index, which are none.
async fn download(guppy: Data<Guppy>, body: Bytes) -> Result<HttpResponse, Error> {
    let body: Body = serde_json::from_slice(&body).map_err(|_| Error::NoType)?;
    let doc_type = body.doc_type.unwrap_or_default();
    if !guppy.config.indices.iter().any(|index| index.doc_type == doc_type) {
        return Err(Error::UnknownType(doc_type));
    }
    Ok(HttpResponse::Ok().json(json!([])))
}
