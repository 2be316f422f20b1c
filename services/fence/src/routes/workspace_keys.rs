//! `/workspace-keys`: for the workspace service, never from outside.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use apikeys::KeyId;
use uuid::Uuid;
use web::Routes;

use crate::{
    error::Error,
    identity::{caller::Caller, permits::may_manage_keys},
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/workspace-keys/{id}", |methods| methods.post(make).delete(take_back));
}

async fn make(fence: Data<Fence>, caller: Caller, id: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_manage_keys(&fence, &caller).await?;
    let key = fence.make_workspace_key(&proof, key_id(&id)?).await?;
    Ok(HttpResponse::Ok().json(key))
}

async fn take_back(fence: Data<Fence>, id: Path<String>) -> Result<HttpResponse, Error> {
    fence.take_workspace_key_back(key_id(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn key_id(text: &str) -> Result<KeyId, Error> {
    let id = Uuid::parse_str(text).map_err(|_| Error::BadRequest("the id of a key is a UUID".into()))?;
    Ok(KeyId::of(id))
}
