//! `/v1/search`: studies for people who look for some.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use authz::Subject;

use super::body;
use crate::{access::header, error::Error, input, search::Search, service::Metadata};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/search", |methods| methods.post(search));
}

async fn search(
    metadata: Data<Metadata>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let authorization = header(request.headers());
    let permit = metadata.reads(authorization).await?;
    // A search is small, whoever sends it.
    let body = body::small(&request, payload).await?;
    let search = Search::of(input::search(body)?)?;
    // A basic login says nothing of rights to data.
    let subject = Subject::from_authorization(authorization).unwrap_or(Subject::Anonymous);
    let _place = metadata.large.take().await?;
    Ok(HttpResponse::Ok().json(metadata.search(&permit, &subject, &search).await?))
}
