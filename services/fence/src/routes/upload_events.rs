//! `/data/events`: stores tell of uploads, each in its own form.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};
use serde_json::json;
use web::{BodyError, Params, Routes, read_body};

use crate::{
    error::Error,
    service::Fence,
    upload_events::{Message, Refused, Topics, read_azure, read_google, read_s3},
};

/// The longest body: Event Grid sends up to 1 MB together.
const LONGEST_BODY: usize = 1_048_576;
/// The parameter that holds a secret, where a store cannot send headers.
const SECRET: &str = "token";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/data/events/s3", |methods| methods.post(s3));
    routes.resource("/data/events/google", |methods| methods.post(google));
    routes.resource("/data/events/azure", |methods| methods.post(azure));
}

async fn s3(
    fence: Data<Fence>,
    request: HttpRequest,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let settings = &fence.config.upload_indexing;
    let topics = Topics { names: &settings.sns_topics, endpoint: settings.sns_endpoint.as_ref() };
    hear(&fence, &request, &params, payload, |body| read_s3(body, topics)).await
}

async fn google(
    fence: Data<Fence>,
    request: HttpRequest,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    hear(&fence, &request, &params, payload, read_google).await
}

async fn azure(
    fence: Data<Fence>,
    request: HttpRequest,
    params: Params,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    hear(&fence, &request, &params, payload, read_azure).await
}

/// The answer is a success once what was told is noted, so that a sender who gets none sends it again.
async fn hear(
    fence: &Fence,
    request: &HttpRequest,
    params: &Params,
    payload: Payload,
    read: impl FnOnce(&[u8]) -> Result<Message, Refused>,
) -> Result<HttpResponse, Error> {
    let teller = fence.teller(request.headers(), params.get(SECRET)).await?;
    let body = read_body(payload, LONGEST_BODY).await.map_err(|error| match error {
        BodyError::TooLarge { .. } => Error::TooLarge(error.to_string()),
        BodyError::BrokenOff(_) => Error::BadRequest(error.to_string()),
    })?;
    let message = read(&body).map_err(|refused| match refused {
        Refused::Form(told) => Error::BadRequest(told),
        Refused::Sender(told) => Error::Forbidden(told),
    })?;
    match message {
        Message::Uploaded(urls) => fence.uploads_are_there(&teller, urls).await?,
        Message::Confirm(address) => fence.confirm_subscription(&teller, address).await?,
        Message::Repeat(code) => return Ok(HttpResponse::Ok().json(json!({ "validationResponse": code }))),
    }
    Ok(HttpResponse::NoContent().finish())
}
