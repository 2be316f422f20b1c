//! `/archiver/jobs`: jobs as SciCat's archiver takes them, and as SciCat tells and changes them.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::LOCATION,
    web::{Data, Path, Payload},
};
use web::Params;

use crate::{
    scicat::{JobPage, Order, id, wanted},
    scicat_refusal::JobRefusal,
    service::Operations,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/archiver/jobs", |methods| methods.get(list).post(create));
    routes.resource("/archiver/jobs/{id}", |methods| methods.get(one).patch(change));
}

async fn create(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, JobRefusal> {
    let caller = operations.caller(request.headers()).await?;
    let bytes = web::read_body(payload, operations.config.body_limit).await?;
    let order = Order::read(&bytes)?;
    let job = operations.order_job(caller, &order).await?;
    let place = format!("/archiver/jobs/{}", job["id"].as_str().unwrap_or_default());
    Ok(HttpResponse::Created().insert_header((LOCATION, place)).json(job))
}

async fn list(
    operations: Data<Operations>,
    request: HttpRequest,
    params: Params,
) -> Result<HttpResponse, JobRefusal> {
    let caller = operations.caller(request.headers()).await?;
    let seen = operations.visible_jobs(&caller).await?;
    let page = JobPage::read(&params, seen.filter())?;
    Ok(HttpResponse::Ok().json(operations.list_jobs(&page).await?))
}

async fn one(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, JobRefusal> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_see_job(&caller, id(&path)?).await?;
    Ok(HttpResponse::Ok().json(operations.told_job(&permit).await?))
}

async fn change(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
    payload: Payload,
) -> Result<HttpResponse, JobRefusal> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_give_up(&caller, id(&path)?).await?;
    let bytes = web::read_body(payload, operations.config.body_limit).await?;
    let wanted = wanted(&bytes)?;
    Ok(HttpResponse::Ok().json(operations.set_job(&permit, wanted).await?))
}
