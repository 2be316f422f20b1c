//! `/bulk`: several documents in one transaction.

use actix_web::{HttpRequest, HttpResponse, http::Method, web};
use psqlgraph::transactions::Role;
use serde_json::Value;

use super::{
    resource,
    submission::{answer_with, find_project, require_state},
};
use crate::{
    Error, Sheepdog, body,
    bulk::{self, Bulk, Part},
    document::{Format, parse_json},
};

/// Largest body, in bytes: its documents are in memory at once.
const BODY_LIMIT: usize = 128 << 20;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    for (path, handler) in
        [("/{program}/{project}/bulk", false), ("/{program}/{project}/bulk/_dry_run", true)]
    {
        let bulk =
            move |request: HttpRequest,
                  sheepdog: web::Data<Sheepdog>,
                  path: web::Path<(String, String)>,
                  payload: web::Payload| submit(request, sheepdog, path, payload, handler);
        cfg.service(resource(path).route(web::put().to(bulk)).route(web::post().to(bulk)));
    }
}

async fn submit(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
    is_dry_run: bool,
) -> Result<HttpResponse, Error> {
    let sheepdog = sheepdog.into_inner();
    let (program, code) = path.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    let is_post = request.method() == Method::POST;
    let (role, methods): (Role, &[&str]) = match is_post {
        true => (Role::Create, &["create"]),
        false => (Role::Update, &["create", "update"]),
    };
    let permitted = sheepdog.permit(&request, methods, &program, &code).await?;
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    let parts = parts(body::text(&bytes)?)?;
    require_state(&project, request.path(), "open")?;
    let (code, answer) = bulk::run(&sheepdog, Bulk { project, permitted, role, is_dry_run, parts }).await?;
    Ok(answer_with(code, answer))
}

/// The documents of the body.
fn parts(text: &str) -> Result<Vec<Part>, Error> {
    let malformed = || {
        Error::BadRequest(
            "Bulk transfers must be an array of JSON objects of format: {\n    \"name\": string,\n    \
             \"doc_format\": string,\n    \"doc\": string,\n}"
                .to_owned(),
        )
    };
    let Value::Array(items) = parse_json(text)? else { return Err(malformed()) };
    let part = |item: Value| {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(malformed);
        let format = text("doc_format")?;
        let format = Format::named(&format).ok_or_else(|| {
            Error::BadRequest(format!("Unsupported document format '{format}' in a bulk transfer"))
        })?;
        Ok(Part { name: text("name")?, format, text: text("doc")? })
    };
    match items.is_empty() {
        true => Err(malformed()),
        false => items.into_iter().map(part).collect(),
    }
}
