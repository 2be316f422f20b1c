//! `/user/cert`: certificates that users upload.

use actix_web::{
    HttpResponse,
    http::header,
    web::{Data, Path},
};
use web::{Params, Routes};

use super::body::Body;
use crate::{
    error::Error,
    identity::{caller::Caller, session::CurrentSession},
    service::Fence,
    store::{certificates::Certificate, users::User},
};

/// What a certificate may be, and the type of each.
const KINDS: [(&str, &str); 5] = [
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("txt", "text/plain; charset=utf-8"),
];

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/user/cert", |methods| methods.get(missing));
    routes.resource("/user/cert/{name}", |methods| methods.get(download).put(upload));
}

async fn user(fence: &Fence, caller: &Caller, session: &CurrentSession) -> Result<User, Error> {
    let session = session.0.borrow().clone();
    fence.own_user(caller, &session).await.map(|(user, _)| user)
}

async fn missing(fence: Data<Fence>, caller: Caller, session: CurrentSession) -> Result<HttpResponse, Error> {
    let user = user(&fence, &caller, &session).await?;
    Ok(HttpResponse::Ok().json(fence.missing_certificates(&user).await?))
}

async fn upload(
    fence: Data<Fence>,
    caller: Caller,
    session: CurrentSession,
    params: Params,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let user = user(&fence, &caller, &session).await?;
    let asked = params.get("extension").unwrap_or_default().to_ascii_lowercase();
    let Some((extension, _)) = KINDS.into_iter().find(|(kind, _)| *kind == asked) else {
        let kinds = KINDS.map(|(kind, _)| kind).join(", ");
        return Err(Error::BadRequest(format!("`extension` must be one of {kinds}")));
    };
    let certificate = Certificate { extension: extension.to_owned(), data: body.bytes().to_vec() };
    fence.keep_certificate(&user, &name, &certificate).await?;
    Ok(HttpResponse::Created().finish())
}

async fn download(
    fence: Data<Fence>,
    caller: Caller,
    session: CurrentSession,
    name: Path<String>,
) -> Result<HttpResponse, Error> {
    let user = user(&fence, &caller, &session).await?;
    let Certificate { extension, data } = fence.certificate(&user, &name).await?;
    let kind = KINDS.into_iter().find(|(kind, _)| *kind == extension);
    let (_, kind) = kind.unwrap_or(("", "application/octet-stream"));
    // Somebody else's bytes are not a page of ours, whatever they are.
    Ok(HttpResponse::Ok()
        .content_type(kind)
        .insert_header((header::CONTENT_DISPOSITION, disposition(&name, &extension)))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(data))
}

/// A file name that every browser understands (RFC 6266, RFC 8187).
fn disposition(name: &str, extension: &str) -> header::ContentDisposition {
    let name = format!("{name}.{extension}");
    let value = header::ExtendedValue {
        charset: header::Charset::Ext("UTF-8".into()),
        language_tag: None,
        value: name.into_bytes(),
    };
    header::ContentDisposition {
        disposition: header::DispositionType::Attachment,
        parameters: vec![header::DispositionParam::FilenameExt(value)],
    }
}
