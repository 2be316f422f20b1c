//! `/v1/archive`, `/v1/retrieve`, `/v1/verify`, and reports of such runs.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, LOCATION},
    web::{Data, Path, Payload},
};
use archive::Task;
use web::Params;

use crate::{
    asked::{NewArchiveRun, ReportPage, body, id},
    problem::Problem,
    service::Operations,
};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/v1/archive", |methods| methods.get(state).post(archive));
    routes.resource("/v1/retrieve", |methods| methods.post(retrieve));
    routes.resource("/v1/verify", |methods| methods.post(verify));
    routes.resource("/v1/runs/{id}/report", |methods| methods.get(report));
}

/// Its tiers, and what they have.
async fn state(operations: Data<Operations>, request: HttpRequest) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_read(&caller, archive::ARCHIVE).await?;
    Ok(HttpResponse::Ok().json(operations.archive_state(&permit).await?))
}

async fn archive(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    begin(&operations, Task::Archive, &request, payload).await
}

async fn retrieve(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    begin(&operations, Task::Retrieve, &request, payload).await
}

async fn verify(
    operations: Data<Operations>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    begin(&operations, Task::Verify, &request, payload).await
}

/// 201 with the run, which is another one's if that does the same; 200 with what it would do for a dry run.
async fn begin(
    operations: &Operations,
    task: Task,
    request: &HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_start(caller, task.kind()).await?;
    let bytes = web::read_body(payload, operations.config.list_limit).await?;
    let asked: NewArchiveRun = body(&bytes)?;
    let planned = operations.plan(&permit, task, &asked.params).await?;
    if asked.dry_run {
        return Ok(HttpResponse::Ok().json(planned));
    }
    let run = operations.start(&permit, planned.params).await?;
    Ok(HttpResponse::Created().insert_header((LOCATION, format!("/ops/v1/runs/{}", run.id))).json(run))
}

/// A page as JSON, or all of it as TSV.
async fn report(
    operations: Data<Operations>,
    request: HttpRequest,
    path: Path<String>,
    params: Params,
) -> Result<HttpResponse, Problem> {
    let caller = operations.caller(request.headers()).await?;
    let permit = operations.may_see(&caller, id(&path)?).await?;
    let page = ReportPage::read(&params)?;
    if !page.is_tsv {
        return Ok(HttpResponse::Ok().json(operations.report_page(&permit, &page).await?));
    }
    let name = format!("attachment; filename=\"report-{}.tsv\"", permit.run().id);
    let text = operations.into_inner().report_text(permit, page.after)?;
    Ok(HttpResponse::Ok()
        .content_type("text/tab-separated-values; charset=utf-8")
        .insert_header((CONTENT_DISPOSITION, name))
        .streaming(text))
}
