//! `/log/{category}`: writing and reading records.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::AUTHORIZATION,
    web::{Data, Path, Payload},
};
use auditlog::{Category, now};
use authz::Subject;
use serde_json::json;
use web::Params;

use crate::{
    error::Error,
    input,
    query::{self, Query},
    service::Audit,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/log/{category}", |methods| methods.get(find).post(write));
}

/// Writes one record down. Only services reach this.
async fn write(audit: Data<Audit>, category: Path<String>, payload: Payload) -> Result<HttpResponse, Error> {
    let category = Category::of(&category).ok_or(Error::NotFound)?;
    let body = web::read_body(payload, audit.config.body_limit).await?;
    let event = input::event(category, &body)?;
    audit.write(&[event]).await?;
    Ok(HttpResponse::Created().json(json!(null)))
}

/// The records that a query asks for.
async fn find(
    audit: Data<Audit>,
    category: Path<String>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, Error> {
    query::times(&params)?;
    let category = Category::of(&category).ok_or_else(|| {
        Error::bad(format!("Category '{category}' is not one of ['login', 'presigned_url']"))
    })?;
    let permit = audit.may_read(&subject(&request), category).await?;
    let query = Query::read(&audit.config, category, &params, now())?;
    let (data, next) = audit.find(&permit, &query).await?;
    Ok(HttpResponse::Ok().json(Answer { next_time_stamp: next, data }))
}

#[derive(serde::Serialize)]
struct Answer {
    #[serde(rename = "nextTimeStamp")]
    next_time_stamp: Option<i64>,
    data: crate::actions::Found,
}

/// Who asks. arborist verifies the token.
fn subject(request: &HttpRequest) -> Subject {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    match header.and_then(tokens::bearer) {
        Some(token) => Subject::Token(token.to_owned()),
        None => Subject::Anonymous,
    }
}
