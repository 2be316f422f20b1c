//! `DELETE /data/{guid}`: the bytes, then the record.

use actix_web::{
    HttpResponse, ResponseError as _,
    http::header::RETRY_AFTER,
    web::{Data, Path},
};
use indexclient::Record;
use serde_json::json;
use web::Routes;

use crate::{
    error::Error,
    files::{self, access::may_delete},
    identity::caller::{Bearer, Caller},
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/data/{guid:.+}", |methods| methods.delete(delete));
}

async fn delete(fence: Data<Fence>, caller: Caller, guid: Path<String>) -> Result<HttpResponse, Error> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let record = files::find(&*fence.index, &guid).await?;
    Ok(match delete_permitted(&fence, &bearer, &record).await {
        Ok(()) => HttpResponse::NoContent().content_type("text/html; charset=utf-8").finish(),
        Err(error) => json_only(&error),
    })
}

async fn delete_permitted(fence: &Fence, bearer: &Bearer, record: &Record) -> Result<(), Error> {
    let proof = may_delete(fence, bearer, record).await?;
    fence.delete_file(proof).await
}

/// What becomes of a record is told in JSON to browsers too, as in the original.
fn json_only(error: &Error) -> HttpResponse {
    let usual = error.error_response();
    let mut answer = HttpResponse::build(usual.status());
    if let Some(wait) = usual.headers().get(RETRY_AFTER) {
        answer.insert_header((RETRY_AFTER, wait.clone()));
    }
    answer.json(json!({ "message": error.public_message() }))
}
