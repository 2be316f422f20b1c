//! GA4GH DRS 1.x access (`/ga4gh/drs/v1/objects/{id}/access/{access_id}`), one file and many. Passports are not
//! accepted.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web};
use serde_json::{Map, Value, json};

use super::{
    body::{json_object, query},
    data_download::one,
    resource,
};
use crate::{
    Fence,
    bulk::{Files, failures},
    caller::Caller,
    downloads::{Wanted, url_life},
    error::FenceError,
};

/// Objects of one bulk request.
const MOST_OBJECTS: usize = 100;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    let objects = "/ga4gh/drs/v1/objects";
    cfg.service(resource(&format!("{objects}/access")).route(web::post().to(bulk)))
        .service(
            resource(&format!("{objects}/{{id:.+}}/access/{{access_id:[^/]+}}"))
                .route(web::get().to(get))
                .route(web::post().to(post)),
        )
        .service(
            resource(&format!("{objects}/{{id:.+}}/access"))
                .route(web::get().to(no_access_id))
                .route(web::post().to(no_access_id)),
        );
}

async fn no_access_id() -> Result<HttpResponse, FenceError> {
    Err(FenceError::BadRequest("Access ID/Protocol is required to access data".into()))
}

fn wanted(fence: &Fence, request: &HttpRequest, access_id: &str) -> Result<Wanted, FenceError> {
    let life = url_life(query(request, "expires_in").as_deref(), fence.config.max_presigned_url_ttl)?;
    let unsigned = query(request, "no_force_sign").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    Ok(Wanted { protocol: Some(access_id.to_owned()), life, sign: !unsigned })
}

async fn get(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, FenceError> {
    let (id, access_id) = path.into_inner();
    let url = one(&fence, &caller, &id, &wanted(&fence, &request, &access_id)?).await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}

async fn post(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    path: web::Path<(String, String)>,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    // `{}` is a body here, unlike elsewhere.
    if body.as_ref() != b"{}" {
        refuse_passports(&caller, &json_object(&request, &body)?)?;
    }
    get(fence, caller, request, path).await
}

fn refuse_passports(caller: &Caller, body: &Map<String, Value>) -> Result<(), FenceError> {
    if !body.contains_key("passports") {
        return Ok(());
    }
    let message = match caller.is_anonymous() {
        true => "DRS access by passports is not available",
        false => "passports and an Authorization header exclude each other",
    };
    Err(FenceError::BadRequest(message.into()))
}

/// The pairs of object and access id that a bulk request asks for.
fn pairs(body: &Map<String, Value>) -> Result<Vec<(String, String)>, FenceError> {
    let wrong =
        || FenceError::BadRequest("`bulk_object_access_ids` must be a list of ids with access ids".into());
    let objects = body.get("bulk_object_access_ids").and_then(Value::as_array).ok_or_else(wrong)?;
    if objects.len() > MOST_OBJECTS {
        return Err(FenceError::TooLarge(format!("at most {MOST_OBJECTS} objects at once")));
    }
    let mut pairs = Vec::new();
    for object in objects {
        let id = object.get("bulk_object_id").and_then(Value::as_str).ok_or_else(wrong)?;
        for access_id in object.get("bulk_access_ids").and_then(Value::as_array).ok_or_else(wrong)? {
            pairs.push((id.to_owned(), access_id.as_str().ok_or_else(wrong)?.to_owned()));
        }
    }
    match pairs.len() > MOST_OBJECTS {
        true => Err(FenceError::TooLarge(format!("at most {MOST_OBJECTS} objects at once"))),
        false => Ok(pairs),
    }
}

async fn bulk(
    fence: web::Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    body: web::Bytes,
) -> Result<HttpResponse, FenceError> {
    let body = json_object(&request, &body)?;
    refuse_passports(&caller, &body)?;
    let pairs = match pairs(&body) {
        Err(FenceError::TooLarge(text)) => {
            let document = json!({ "error_code": 413, "error_description": text });
            return Ok(HttpResponse::PayloadTooLarge().json(document));
        }
        pairs => pairs?,
    };
    let mut asked = Vec::with_capacity(pairs.len());
    for (id, access_id) in &pairs {
        asked.push((id.clone(), wanted(&fence, &request, access_id)?));
    }
    let guids: Vec<String> = pairs.iter().map(|(id, _)| id.clone()).collect();
    let outcomes = Files::find(&fence, &guids).await?.urls(&fence, &caller, &asked).await?;
    let mut resolved: Vec<Value> = Vec::new();
    let mut failed = Vec::new();
    for ((id, access_id), outcome) in pairs.iter().zip(outcomes) {
        match outcome {
            Ok(url) => resolved.push(json!({
                "drs_object_id": id, "drs_access_id": access_id, "url": url, "headers": [],
            })),
            Err(status) => failed.push((id.as_str(), status)),
        }
    }
    let status = bulk_status(resolved.is_empty(), &failed);
    Ok(HttpResponse::build(status).json(json!({
        "summary": { "requested": pairs.len(), "resolved": resolved.len(), "unresolved": failed.len() },
        "unresolved_drs_objects": failures(failed),
        "resolved_drs_object_access_urls": resolved,
    })))
}

/// 200 when anything was resolved or nothing was asked; otherwise the status that most objects have.
fn bulk_status(nothing_resolved: bool, failed: &[(&str, u16)]) -> StatusCode {
    if !nothing_resolved {
        return StatusCode::OK;
    }
    let count = |status: u16| failed.iter().filter(|(_, other)| *other == status).count();
    let most =
        failed.iter().map(|(_, status)| *status).max_by_key(|status| (count(*status), u16::MAX - status));
    most.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bulk_answer_has_the_most_frequent_status_when_nothing_was_resolved() {
        assert_eq!(bulk_status(true, &[]), StatusCode::OK);
        assert_eq!(bulk_status(false, &[("a", 404)]), StatusCode::OK);
        assert_eq!(bulk_status(true, &[("a", 401), ("b", 404), ("c", 404)]), StatusCode::NOT_FOUND);
        assert_eq!(bulk_status(true, &[("b", 404), ("a", 401)]), StatusCode::UNAUTHORIZED);
    }
}
