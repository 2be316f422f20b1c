//! Roles.

use ::web::Routes;
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use super::{
    answer::{Answer, created, no_content, ok},
    body::Body,
};
use crate::{
    Arborist, Error,
    model::{PutOutcome, Role},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/role", |methods| methods.get(list).post(create));
    routes.resource("/role/{id}", |methods| methods.get(read).put(put).delete(delete));
}

async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    Ok(ok(json!({ "roles": arborist.roles().await? })))
}

async fn read(arborist: Data<Arborist>, id: Path<String>) -> Result<Answer<Role>, Error> {
    Ok(ok(arborist.role(&id).await?))
}

async fn create(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Role::read(&body.0)?;
    arborist.create_role(&new).await?;
    Ok(created(json!({ "created": new })))
}

async fn put(arborist: Data<Arborist>, id: Path<String>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Role::read(&body.0)?;
    Ok(match arborist.put_role(&id, &new).await? {
        PutOutcome::Created => created(json!({ "created": new })),
        PutOutcome::Updated => ok(json!({ "updated": new })),
    })
}

async fn delete(arborist: Data<Arborist>, id: Path<String>) -> Result<HttpResponse, Error> {
    arborist.delete_role(&id).await?;
    Ok(no_content())
}
