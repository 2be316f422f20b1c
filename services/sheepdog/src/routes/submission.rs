//! `PUT` and `POST` of entities.

use ::web::{Params, Routes};
use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web};
use authz::Permission;
use documents::Format;

use super::{answers, body, permit::permit, projects};
use crate::{
    Error, Sheepdog,
    auth::{Create, ProjectPermit, SubmissionPermit, Update},
    model::project::ProjectPath,
    submission::{
        accept::{Wait, accept},
        body::{Submission, SubmittedBody},
    },
    transaction::Mode,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    let put = |mode| {
        move |request, sheepdog, path, payload| submit::<Update>(request, sheepdog, path, payload, mode)
    };
    let post = |mode| {
        move |request, sheepdog, path, payload| submit::<Create>(request, sheepdog, path, payload, mode)
    };
    routes.resource("/{program}/{project}/_dry_run", |methods| {
        methods.put(put(Mode::DryRun)).post(post(Mode::DryRun))
    });
    routes.resource("/{program}/{project}", |methods| {
        methods.put(put(Mode::Real)).post(post(Mode::Real)).delete(projects::delete)
    });
}

async fn submit<P: Permission>(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    payload: web::Payload,
    mode: Mode,
) -> Result<HttpResponse, Error>
where
    SubmissionPermit: From<ProjectPermit<P>>,
{
    let sheepdog = sheepdog.into_inner();
    let permit = permit::<P>(&sheepdog, &request, &path).await?;
    let spool = body::receive(payload, sheepdog.config.body_limit, sheepdog.config.place()).await?;
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    let format = Format::of(header(CONTENT_TYPE.as_str()).unwrap_or_default());
    let body = SubmittedBody { name: header("X-Document-Name").map(str::to_owned), format, spool };
    let submission = Submission { permit: SubmissionPermit::from(permit).into(), mode, body };
    Ok(answers::transaction(accept(&sheepdog, submission, request.path(), wait(&request)).await?))
}

fn wait(request: &HttpRequest) -> Wait {
    let params = Params::parse(request.query_string());
    if params.get("async").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        Wait::InBackground
    } else {
        Wait::UntilDone
    }
}
