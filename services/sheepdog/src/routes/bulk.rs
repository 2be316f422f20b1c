//! `/bulk`: several documents in one transaction.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};
use authz::Permission;
use documents::Format;
use serde_json::Value;

use super::{answers, body, permit::permit};
use crate::{
    Error, Sheepdog,
    auth::{Create, ProjectPermit, SubmissionPermit, Update},
    model::project::ProjectPath,
    submission::bulk::{self, BulkDocument},
    transaction::{Mode, require_state},
    utf8,
};

/// Largest body, in bytes: its documents are in memory at once.
const BODY_LIMIT: usize = 128 << 20;

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
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    let documents = documents_of(utf8::text(&bytes)?)?;
    require_state(&permit.project().props, request.path(), &["open"])?;
    Ok(answers::transaction(bulk::run(&sheepdog, permit.into(), mode, documents).await?))
}

/// The documents of the body.
fn documents_of(text: &str) -> Result<Vec<BulkDocument>, Error> {
    let malformed = || {
        Error::BadRequest(
            "Bulk transfers must be an array of JSON objects of format: {\n    \"name\": string,\n    \
             \"doc_format\": string,\n    \"doc\": string,\n}"
                .to_owned(),
        )
    };
    let Value::Array(items) = documents::value(text)? else { return Err(malformed()) };
    if items.is_empty() {
        return Err(malformed());
    }
    let document = |item: Value| {
        let text = |key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned).ok_or_else(malformed);
        let format = text("doc_format")?;
        let format = Format::named(&format).ok_or_else(|| {
            Error::BadRequest(format!("Unsupported document format '{format}' in a bulk transfer"))
        })?;
        Ok(BulkDocument { name: text("name")?, format, text: text("doc")? })
    };
    items.into_iter().map(document).collect()
}
