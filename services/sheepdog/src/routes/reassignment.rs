//! `PUT /admin/{program}/{project}/files/{id}/reassign`.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;

use super::{body, permit::permit_files};
use crate::{
    Error, Sheepdog,
    model::project::ProjectPath,
    reassignment::{self, Reassignment},
    utf8,
};

/// Bodies are one short object.
const BODY_LIMIT: usize = 64 << 10;

#[derive(Deserialize)]
struct FileId {
    id: String,
}

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/admin/{program}/{project}/files/{id}/reassign", |methods| methods.put(reassign));
}

async fn reassign(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    id: web::Path<FileId>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let permit = permit_files(&sheepdog, &request, &path).await?;
    let bytes = body::read(payload, BODY_LIMIT).await?;
    let body = utf8::text(&bytes)?.to_owned();
    let url = new_url(&body)?;
    let reassignment = Reassignment::new(permit, id.into_inner().id, url, body);
    Ok(HttpResponse::Ok().json(reassignment::run(sheepdog.into_inner(), reassignment).await?))
}

fn new_url(body: &str) -> Result<String, Error> {
    let malformed = || {
        Error::BadRequest(
            "expected a JSON object with the key `s3_url`, for example s3://bucket/key".to_owned(),
        )
    };
    let body = documents::value(body).map_err(|_| malformed())?;
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
