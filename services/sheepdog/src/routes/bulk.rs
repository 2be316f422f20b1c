//! `/bulk`: several documents in one transaction.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};
use authz::Permission;

use super::{answers, body, permit::permit};
use crate::{
    Error, Sheepdog,
    auth::{Create, ProjectPermit, SubmissionPermit, Update},
    model::project::ProjectPath,
    runtime::memory::Need,
    submission::{bulk, bulk_body},
    transaction::{Mode, require_state},
    utf8,
};

/// Largest body, in bytes: its documents are in memory at once.
const BODY_LIMIT: usize = 32 << 20;

pub(super) fn routes(routes: &mut Routes<'_>) {
    for (suffix, mode) in [("", Mode::Real), ("/_dry_run", Mode::DryRun)] {
        let put =
            move |request, sheepdog, path, payload| submit::<Update>(request, sheepdog, path, payload, mode);
        let post =
            move |request, sheepdog, path, payload| submit::<Create>(request, sheepdog, path, payload, mode);
        let path = format!("/{{program}}/{{project}}/bulk{suffix}");
        routes.resource(&path, |methods| methods.put(put).post(post));
    }
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
    let limit = sheepdog.config.body_limit.min(BODY_LIMIT);
    let spool = body::receive(payload, limit, sheepdog.config.place()).await?;
    let most = sheepdog.config.most_bulk_documents;
    let taken = sheepdog.memory.take(Need::of_bulk(&spool, most).await?).await?;
    let bytes = spool.whole().await?;
    let documents = bulk_body::read(utf8::text(&bytes)?, most)?;
    drop((bytes, spool));
    require_state(&permit.project().props, request.path(), &["open"])?;
    Ok(answers::transaction(bulk::run(&sheepdog, permit.into(), mode, documents, taken).await?))
}
