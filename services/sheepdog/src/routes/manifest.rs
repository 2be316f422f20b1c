//! Manifests: made for data files, and checked.

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web,
};
use serde_json::{Value, json};

use super::resource;
use crate::{Error, Sheepdog, body, document, export::Layout, manifest, store};

/// Largest manifest to be checked, in bytes: anybody may send one.
const BODY_LIMIT: usize = 4 << 20;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/validation/upload_manifest").route(web::post().to(validate)));
    for name in ["manifest", "upload_manifest"] {
        cfg.service(resource(&format!("/{{program}}/{{project}}/{name}")).route(web::get().to(get)));
    }
}

/// Whether the body, JSON or YAML, is a manifest. Needs no login: it says nothing about the commons.
async fn validate(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    let text = body::text(&bytes)?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let manifest = match content_type {
        Some("application/json") => document::parse_json(text)?,
        _ => dictionary::yaml::parse(text)
            .map_err(|error| Error::BadRequest(format!("Unable to parse yaml: {error}")))?,
    };
    let errors = manifest::violations(&manifest);
    Ok(HttpResponse::Ok().json(match errors.is_empty() {
        true => json!({ "valid": true }),
        false => json!({ "valid": false, "errors": errors }),
    }))
}

async fn get(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    sheepdog.permit(&request, &["read"], &path.0, &path.1).await?;
    let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
    let ids = query.ok().and_then(|mut query| query.remove("ids")).filter(|ids| !ids.is_empty());
    let ids = ids.ok_or_else(|| {
        Error::BadRequest("No ids specified. Use query parameter 'ids', e.g. 'ids=id1,id2'.".to_owned())
    })?;
    let ids: Vec<String> = ids.split(',').map(str::to_owned).collect();
    let project_id = psqlgraph::ids::project_id(&path.0, &path.1);
    let entries = entries(&sheepdog, &project_id, &ids).await?;
    let text = serde_yaml_ng::to_string(&manifest::of(entries))
        .map_err(|error| Error::Corrupt(format!("a manifest cannot be written: {error}")))?;
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, "attachment; filename=submission_manifest.yaml"))
        .body(text))
}

/// The entries of the files with these ids, all of which must be data files of the project.
async fn entries(sheepdog: &Sheepdog, project_id: &str, ids: &[String]) -> Result<Vec<Value>, Error> {
    let dictionary = &sheepdog.dictionary;
    let mut connection = store::export::snapshot(&sheepdog.pool).await?;
    let types = store::export::types_of(&mut connection, dictionary, ids).await?;
    let found = store::export::find(&mut connection, dictionary, &types, project_id).await?;
    let mut entries: BTreeMap<&str, Value> = BTreeMap::new();
    for (node, records) in &found {
        let layout = Layout::of(dictionary, node, false);
        for record in records {
            if !node.category.is_data_file() {
                let text = format!("{} {} is not a data file.", node.id, record.id);
                return Err(Error::BadRequest(text));
            }
            entries.insert(&record.id, manifest::entry(layout.complete(record)));
        }
    }
    let missing: Vec<&str> = ids.iter().map(String::as_str).filter(|id| !entries.contains_key(id)).collect();
    if !missing.is_empty() {
        return Err(Error::NotFound(format!("Unable to find {}", missing.join(", "))));
    }
    Ok(entries.into_values().collect())
}
