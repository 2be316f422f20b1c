//! `DELETE /data/{guid}`: the bytes, then the record.

use actix_web::{HttpResponse, ResponseError as _, web};
use authz::{AuthzError, Subject};
use indexclient::{Caller as IndexCaller, Record};
use serde_json::json;
use storage::{Location, StorageError};

use super::resource;
use crate::{
    Fence,
    access::owners,
    caller::{Bearer, Caller},
    downloads,
    error::FenceError,
};

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/data/{guid:.+}").route(web::delete().to(delete)));
}

async fn delete(
    fence: web::Data<Fence>,
    caller: Caller,
    guid: web::Path<String>,
) -> Result<HttpResponse, FenceError> {
    let bearer = caller.bearer(&fence, &["data"]).await?;
    let record = downloads::record(&fence, &guid).await?;
    match delete_file(&fence, &bearer, &record).await {
        Ok(()) => Ok(HttpResponse::NoContent().content_type("text/html; charset=utf-8").finish()),
        // Errors of this route are always JSON.
        Err(error) => {
            let response = error.error_response();
            Ok(HttpResponse::build(response.status()).json(json!({ "message": error.public_message() })))
        }
    }
}

async fn delete_file(fence: &Fence, bearer: &Bearer, record: &Record) -> Result<(), FenceError> {
    may_delete(fence, bearer, record).await?;
    for owner in owners(fence, std::slice::from_ref(record)).await?.values() {
        may_delete(fence, bearer, owner).await?;
    }
    for location in locations(record)? {
        fence.storage.head(&location).await.map_err(|error| match error {
            StorageError::NotFound => FenceError::NotFound(format!("{} does not exist", location.s3_url())),
            other => other.into(),
        })?;
        fence.storage.delete(&location).await?;
    }
    fence.index.delete(&IndexCaller::Service, &record.revision()).await?;
    forget_unfinished(fence, record).await;
    Ok(())
}

/// Resource paths decide alone when the record has any; otherwise only its uploader may.
async fn may_delete(fence: &Fence, bearer: &Bearer, record: &Record) -> Result<(), FenceError> {
    if record.authz.is_empty() {
        return match record
            .uploader
            .as_deref()
            .is_some_and(|uploader| bearer.claims.username() == Some(uploader))
        {
            true => Ok(()),
            false => Err(FenceError::Forbidden(
                "You cannot delete this file because the uploader field indicates it does not belong to you."
                    .into(),
            )),
        };
    }
    let subject = Subject::Token(bearer.token.clone());
    match fence.authz.require::<crate::permissions::Delete>(&subject, record.authz.clone()).await {
        Ok(_) => Ok(()),
        Err(AuthzError::Denied) => {
            Err(FenceError::Forbidden("You do not have arborist permissions to delete this file.".into()))
        }
        Err(error) => Err(error.into()),
    }
}

/// The copies in our stores. Locations elsewhere are not ours to delete.
fn locations(record: &Record) -> Result<Vec<Location>, FenceError> {
    let found = record.urls.iter().filter_map(|url| Location::from_s3_url(url));
    Ok(found.collect::<Result<Vec<_>, _>>()?)
}

/// What was uploaded for a record that was never filled, if anything: nobody will find it any more.
async fn forget_unfinished(fence: &Fence, record: &Record) {
    let (None, true, Some(name)) = (record.size, record.urls.is_empty(), &record.file_name) else { return };
    let Ok(location) = Location::new(&fence.config.data_upload_bucket, format!("{}/{name}", record.did))
    else {
        return;
    };
    if let Err(error) = fence.storage.delete(&location).await {
        tracing::info!(file.guid = record.did, error = %error, "an unfinished upload may remain in the store");
    }
}
