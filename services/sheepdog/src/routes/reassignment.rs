//! `PUT /admin/{program}/{project}/files/{id}/reassign`.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::{resource, submission::find_project};
use crate::{
    Error, Sheepdog,
    auth::{PROGRAM_ADMIN, PROJECT_ADMIN, Permitted},
    body, document,
    reassignment::{self, Request},
};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let path = "/admin/{program}/{project}/files/{id}/reassign";
    cfg.service(resource(path).route(web::put().to(reassign)));
}

/// Bodies are one short object.
const BODY_LIMIT: usize = 64 << 10;

async fn reassign(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let (program, code, id) = path.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    let permitted = permit_files(&request, &sheepdog, &program, &code).await?;
    let bytes = body::read(payload, BODY_LIMIT).await?;
    let body = body::text(&bytes)?.to_owned();
    let url = new_url(&body)?;
    let work = Request { project, permitted, id, url, body };
    let answer = reassignment::run(&sheepdog.into_inner(), work).await?;
    Ok(HttpResponse::Ok().json(answer))
}

/// The right to handle the files of a project: all methods on it, and the administration of programs and projects.
pub(super) async fn permit_files(
    request: &HttpRequest,
    sheepdog: &Sheepdog,
    program: &str,
    code: &str,
) -> Result<Permitted, Error> {
    let methods = ["create", "update", "delete", "download", "read"];
    let permitted = sheepdog.permit(request, &methods, program, code).await?;
    sheepdog.permit_admin(request, PROGRAM_ADMIN).await?;
    sheepdog.permit_admin(request, PROJECT_ADMIN).await?;
    Ok(permitted)
}

fn new_url(body: &str) -> Result<String, Error> {
    let malformed = || {
        Error::BadRequest(
            "expected a JSON object with the key `s3_url`, for example s3://bucket/key".to_owned(),
        )
    };
    let body = document::parse_json(body).map_err(|_| malformed())?;
    let url = body.get("s3_url").and_then(Value::as_str).ok_or_else(malformed)?;
    let is_url = url.split_once("://").is_some_and(|(scheme, rest)| {
        !rest.is_empty()
            && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && !url.contains(char::is_control)
    });
    if is_url { Ok(url.to_owned()) } else { Err(malformed()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_new_location_is_a_url() {
        assert_eq!(new_url(r#"{"s3_url": "s3://bucket/a b"}"#).unwrap(), "s3://bucket/a b");
        for body in
            ["", "[]", "{}", r#"{"s3_url": 1}"#, r#"{"s3_url": "bucket/key"}"#, r#"{"s3_url": "s3://"}"#]
        {
            assert!(matches!(new_url(body), Err(Error::BadRequest(_))), "{body}");
        }
    }
}
