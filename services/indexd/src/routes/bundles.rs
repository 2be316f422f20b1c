//! `/bundle`.

use actix_web::{HttpResponse, http::Method, web::Data};
use web::{Params, Routes};

use super::{body::Json, records::ListEnvelope};
use crate::{
    Error, Indexd,
    auth::Claimant,
    guid::Guid,
    query::{Depth, Form, ListQuery},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/bundle", list);
    routes.endpoint(Method::POST, "/bundle", create);
    routes.endpoint(Method::GET, "/bundle/{guid:.+}", get);
    routes.endpoint(Method::DELETE, "/bundle/{guid:.+}", delete);
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let query = ListQuery::parse(&params, Form::Bundles)?;
    let entries = indexd.list(&query).await?;
    Ok(HttpResponse::Ok().json(ListEnvelope::new(&query, entries)))
}

async fn create(
    indexd: Data<Indexd>,
    who: Claimant,
    body: Result<Json, Error>,
) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(indexd.create_bundle(&who, body.map(|Json(body)| body)).await?))
}

async fn get(indexd: Data<Indexd>, guid: Guid, params: Params) -> Result<HttpResponse, Error> {
    Ok(HttpResponse::Ok().json(indexd.bundle_view(&guid, Depth::parse(&params)).await?))
}

async fn delete(indexd: Data<Indexd>, who: Claimant, guid: Guid) -> Result<HttpResponse, Error> {
    indexd.delete_bundle(&who, guid).await?;
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(""))
}
