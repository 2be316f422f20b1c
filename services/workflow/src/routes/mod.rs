//! Routes below `/ga4gh/tes/v1` (TES 1.1, gen3-workflow).

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload},
};
use serde_json::json;
use uuid::Uuid;
use web::{BodyError, Params};

use crate::{
    error::Error,
    service::Workflows,
    task::{Filter, LARGEST_BODY, Page, View},
};

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/service-info", |methods| methods.get(service_info));
    routes.resource("/tasks", |methods| methods.get(list).post(create));
    routes.resource("/tasks/{id}:cancel", |methods| methods.post(cancel));
    routes.resource("/tasks/{id}", |methods| methods.get(show));
    routes.resource("/tasks/{id}/outputs/{number}", |methods| methods.get(output));
}

async fn service_info(service: Data<Workflows>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let user = service.user(request.headers()).await?;
    Ok(HttpResponse::Ok().json(service.service_info(&user)))
}

async fn create(
    service: Data<Workflows>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let may = service.may_create(service.user(request.headers()).await?).await?;
    let body = web::read_body(payload, LARGEST_BODY).await.map_err(|error| match error {
        BodyError::TooLarge { limit } => Error::TooLarge(limit),
        BodyError::BrokenOff(_) => Error::BadRequest("the body cannot be read".into()),
    })?;
    let id = service.create(&may, &body).await?;
    Ok(HttpResponse::Ok().json(json!({ "id": id.to_string() })))
}

async fn list(service: Data<Workflows>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    let user = service.user(request.headers()).await?;
    let told = |error: crate::task::PageError| Error::BadRequest(error.to_string());
    let (keys, values) = (params.all("tag_key"), params.all("tag_value"));
    let filter = Filter::parse(params.get("name_prefix"), params.get("state"), keys, values).map_err(told)?;
    let page = Page::parse(params.get("page_size"), params.get("page_token")).map_err(told)?;
    let visible = service.visible(&user).await?;
    Ok(HttpResponse::Ok().json(service.list(&visible, &filter, page, view(&params)?).await?))
}

async fn show(
    service: Data<Workflows>,
    request: HttpRequest,
    id: Path<String>,
    params: Params,
) -> Result<HttpResponse, Error> {
    let user = service.user(request.headers()).await?;
    let view = view(&params)?;
    let may = service.may_read(&user, service.find(&task_id(&id)?).await?).await?;
    Ok(HttpResponse::Ok().json(service.shown(&may, view)))
}

async fn cancel(
    service: Data<Workflows>,
    request: HttpRequest,
    id: Path<String>,
) -> Result<HttpResponse, Error> {
    let user = service.user(request.headers()).await?;
    let may = service.may_cancel(&user, service.find(&task_id(&id)?).await?).await?;
    service.cancel(&may).await?;
    Ok(HttpResponse::Ok().json(json!({})))
}

/// The signed address of a file that was kept, by its place in the log. The standard has no such route: it
/// leaves to the client how an output is reached.
async fn output(
    service: Data<Workflows>,
    request: HttpRequest,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let user = service.user(request.headers()).await?;
    let may = service.may_read(&user, service.find(&task_id(&path.0)?).await?).await?;
    let number: usize = path.1.parse().map_err(|_| Error::NotFound)?;
    let url = service.output_url(&may, number).await?;
    Ok(HttpResponse::Ok().json(json!({ "url": url })))
}

fn task_id(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| Error::NotFound)
}

fn view(params: &Params) -> Result<View, Error> {
    let wrong = || Error::BadRequest("view is none of MINIMAL, BASIC and FULL".into());
    View::of(params.get("view")).ok_or_else(wrong)
}
