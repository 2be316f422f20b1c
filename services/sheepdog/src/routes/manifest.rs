//! Manifests: made for data files, and checked.

use ::web::{Params, Routes};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{Method, header::CONTENT_TYPE},
    web,
};
use serde_json::json;

use super::{answers, body};
use crate::{Error, Sheepdog, export, forms, model::project::ProjectPath, utf8};

/// Largest manifest to be checked, in bytes: anybody may send one.
const BODY_LIMIT: usize = 4 << 20;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::POST, "/validation/upload_manifest", validate);
    for name in ["manifest", "upload_manifest"] {
        routes.resource(&format!("/{{program}}/{{project}}/{name}"), |methods| methods.get(get));
    }
}

/// Whether the body, JSON or YAML, is a manifest. Needs no login: it says nothing about the commons.
async fn validate(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    let text = utf8::text(&bytes)?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let manifest = match content_type {
        Some("application/json") => documents::value(text)?,
        _ => {
            yaml::parse(text).map_err(|error| Error::BadRequest(format!("Unable to parse yaml: {error}")))?
        }
    };
    let errors = forms::manifest::violations(&manifest);
    Ok(HttpResponse::Ok().json(if errors.is_empty() {
        json!({ "valid": true })
    } else {
        json!({ "valid": false, "errors": errors })
    }))
}

async fn get(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    params: Params,
) -> Result<HttpResponse, Error> {
    let permit = sheepdog.permit_reading(&request, path.into_inner()).await?;
    let ids = params.get("ids").filter(|ids| !ids.is_empty()).ok_or_else(|| {
        Error::BadRequest("No ids specified. Use query parameter 'ids', e.g. 'ids=id1,id2'.".to_owned())
    })?;
    let ids: Vec<String> = ids.split(',').map(str::to_owned).collect();
    let text = export::manifest::of(&sheepdog, &permit, &ids).await?;
    Ok(answers::attachment("text/html; charset=utf-8", "submission_manifest.yaml").body(text))
}
