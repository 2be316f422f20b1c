//! `/bulk`: several documents at once. The original answers 500 to every well-formed one.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::{resource, submission::find_project};
use crate::{Error, Sheepdog, body, document::parse_json};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    for path in ["/{program}/{project}/bulk", "/{program}/{project}/bulk/_dry_run"] {
        cfg.service(resource(path).route(web::put().to(bulk)).route(web::post().to(bulk)));
    }
}

async fn bulk(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let (program, code) = path.into_inner();
    find_project(&sheepdog, &program, &code).await?;
    sheepdog.permit(&request, &["create", "update"], &program, &code).await?;
    let bytes = body::read(payload, sheepdog.config.body_limit).await?;
    match parse_json(body::text(&bytes)?)? {
        Value::Array(items) if items.iter().all(Value::is_object) => {
            Err(Error::NotImplemented("bulk submission"))
        }
        _ => Err(Error::BadRequest(
            "Bulk transfers must be an array of JSON objects of format: {\n    \"name\": string,\n    \
             \"doc_format\": string,\n    \"doc\": string,\n}"
                .to_owned(),
        )),
    }
}
