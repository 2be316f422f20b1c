//! `PUT` and `POST` of entities.

use actix_web::{
    HttpRequest, HttpResponse, body::SizedStream, http::StatusCode, http::header::CONTENT_TYPE, web,
};
use futures_util::StreamExt as _;
use psqlgraph::transactions::Role;

use super::resource;
use crate::{
    Error, Sheepdog, background, body,
    document::Format,
    intake,
    spool::Spool,
    store::{self, projects::Project},
    submission::{self, Source, Submission},
};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let dry_run = resource("/{program}/{project}/_dry_run");
    cfg.service(dry_run.route(web::put().to(put_dry_run)).route(web::post().to(post_dry_run)));
}

/// The handlers of `/{program}/{project}`, which has more methods than these.
pub(super) async fn put(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    submit(request, sheepdog, path.into_inner(), payload, Role::Update, false).await
}

pub(super) async fn post(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    submit(request, sheepdog, path.into_inner(), payload, Role::Create, false).await
}

async fn put_dry_run(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    submit(request, sheepdog, path.into_inner(), payload, Role::Update, true).await
}

async fn post_dry_run(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    submit(request, sheepdog, path.into_inner(), payload, Role::Create, true).await
}

async fn submit(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    (program, code): (String, String),
    payload: web::Payload,
    role: Role,
    is_dry_run: bool,
) -> Result<HttpResponse, Error> {
    let sheepdog = sheepdog.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    let methods: &[&str] = if role == Role::Create { &["create"] } else { &["create", "update"] };
    let permitted = sheepdog.permit(&request, methods, &program, &code).await?;
    let body = body::receive(payload, sheepdog.config.body_limit, sheepdog.place()).await?;
    let format = Format::of(header(&request, CONTENT_TYPE.as_str()).unwrap_or_default());
    let room = sheepdog.room.take(body.len()).await?;
    let documents = intake::examine(&sheepdog, format, &body).await?;
    require_state(&project, request.path(), "open")?;
    let name = header(&request, "X-Document-Name").map(str::to_owned);
    let source = Source { name, format, body };
    let submission = Submission {
        project,
        permitted: permitted.into(),
        role,
        is_dry_run,
        commits: None,
        documents,
        source,
    };
    if wants_background(&request) {
        return Ok(answer_with(200, background::start(&sheepdog, submission).await?));
    }
    let (code, answer) = submission::run(&sheepdog, submission, room).await?;
    Ok(answer_with(code, answer))
}

fn wants_background(request: &HttpRequest) -> bool {
    let query = web::Query::<std::collections::HashMap<String, String>>::from_query(request.query_string());
    query.is_ok_and(|query| query.get("async").is_some_and(|value| value.eq_ignore_ascii_case("true")))
}

fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    request.headers().get(name).and_then(|value| value.to_str().ok())
}

/// The project in the path, which must exist before anything else is asked.
pub(super) async fn find_project(sheepdog: &Sheepdog, program: &str, code: &str) -> Result<Project, Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    store::projects::project(&mut connection, &sheepdog.dictionary, program, code).await
}

/// Refuses work on a project in another state than `wanted`.
pub(super) fn require_state(project: &Project, path: &str, wanted: &str) -> Result<(), Error> {
    let state = project.state().unwrap_or("None");
    if state == wanted {
        return Ok(());
    }
    Err(Error::BadRequest(format!(
        "Project is in state '{state}', which prevents {path}. In order to perform this action, the project must \
         be in state <{wanted}>."
    )))
}

/// A transaction's answer.
pub(super) fn answer_with(code: u16, answer: impl Into<Spool>) -> HttpResponse {
    let answer: Spool = answer.into();
    let mut response = HttpResponse::build(StatusCode::from_u16(code).unwrap_or(StatusCode::OK));
    response.content_type("application/json");
    match answer.in_memory() {
        Some(bytes) => response.body(bytes),
        None => response.body(SizedStream::new(answer.len(), answer.stream().boxed_local())),
    }
}
