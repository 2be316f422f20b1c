//! `/datasets`: figures of projects (peregrine 3.2.6).

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Query},
};
use serde_json::{Map, json};

use crate::{Peregrine, error::Error, query::Reader};

/// Types in one request.
const MOST_NODES: usize = 200;

impl Peregrine {
    /// Anybody where figures are public, otherwise the bearer of a token.
    async fn dataset_reader(&self, request: &HttpRequest) -> Result<Reader, Error> {
        match self.config.public_datasets {
            true => Ok(Reader::Public),
            false => self.authenticate(request).await.map(Reader::Subject),
        }
    }
}

/// `GET /datasets?nodes=case,aliquot`: numbers of nodes by project.
pub(super) async fn counts(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
    query: Query<HashMap<String, String>>,
) -> Result<HttpResponse, Error> {
    let reader = peregrine.dataset_reader(&request).await?;
    let nodes = query.get("nodes").filter(|nodes| !nodes.is_empty());
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
pub(super) async fn projects(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let reader = peregrine.dataset_reader(&request).await?;
    let project = peregrine.graph.find("project").map(|node| &peregrine.graph.types[node].properties);
    let known = ["name", "code", "dbgap_accession_number", "description", "image_url"];
    let fields: Vec<&str> =
        known.into_iter().filter(|name| project.is_some_and(|project| project.contains_key(*name))).collect();
    let query = format!("{{project(first: 0) {{{}}}}}", fields.join(" "));
    let answer = peregrine.into_inner().ask(&reader, &query, &Map::new()).await?;
    Ok(HttpResponse::Ok().json(json!({ "projects": answer["project"] })))
}
