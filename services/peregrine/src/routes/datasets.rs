//! `/datasets`: figures of projects (peregrine 3.2.6).

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;
use web::Params;

use crate::{access::Published, auth::Reader, error::Error, service::Peregrine};

/// A request may ask for at most this many types.
const MOST_NODES: usize = 200;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/datasets/projects", |methods| methods.get(projects));
    routes.resource("/datasets", |methods| methods.get(counts));
}

/// The reader is everybody where figures are public, and otherwise the bearer of a token.
async fn reader(peregrine: &Peregrine, request: &HttpRequest) -> Result<Reader, Error> {
    match Published::by(&peregrine.config) {
        Some(proof) => Ok(Reader::Everybody(proof)),
        None => peregrine.authenticate(request).await.map(Reader::Caller),
    }
}

/// `GET /datasets?nodes=case,aliquot`: numbers of nodes by project.
async fn counts(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    let reader = reader(&peregrine, &request).await?;
    let nodes = params.get("nodes").filter(|nodes| !nodes.is_empty());
    let nodes =
        nodes.ok_or_else(|| Error::BadRequest("Need to provide target nodes in query param".to_owned()))?;
    let labels: Vec<String> = nodes.split(',').map(str::to_owned).collect();
    if labels.len() > MOST_NODES {
        return Err(Error::BadRequest(format!("at most {MOST_NODES} nodes can be counted at once")));
    }
    let counts = peregrine.into_inner().project_counts(&reader, labels).await?;
    Ok(HttpResponse::Ok().json(counts))
}

/// `GET /datasets/projects`: what is said of each project.
async fn projects(peregrine: Data<Peregrine>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let reader = reader(&peregrine, &request).await?;
    let projects = peregrine.into_inner().described_projects(&reader).await?;
    Ok(HttpResponse::Ok().json(json!({ "projects": projects })))
}
