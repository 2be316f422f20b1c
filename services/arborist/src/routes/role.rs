//! Roles.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use crate::{
    Arborist, Error,
    http::{Answer, Body, created, no_content, ok},
    model::Role,
    store::role,
};

pub(crate) async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    let mut tx = arborist.begin().await?;
    Ok(ok(json!({ "roles": role::load(&mut tx, None).await? })))
}

pub(crate) async fn read(arborist: Data<Arborist>, id: Path<String>) -> Result<Answer<Role>, Error> {
    let mut tx = arborist.begin().await?;
    let found = role::load(&mut tx, Some(&[id.as_str()])).await?.pop();
    found.map(ok).ok_or_else(|| Error::NotFound(format!("no role found with id: {id}")))
}

pub(crate) async fn create(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Role::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    if role::create(&mut tx, &[&new]).await?.is_empty() {
        let text = format!("failed to insert role: role with this ID already exists: {}", new.id);
        return Err(Error::Conflict(text));
    }
    tx.commit().await?;
    Ok(created(json!({ "created": new })))
}

/// `PUT /role/{id}`: creates or updates; permissions that are not listed stay.
pub(crate) async fn put(
    arborist: Data<Arborist>,
    id: Path<String>,
    body: Body,
) -> Result<Answer<Value>, Error> {
    let new = Role::read(&body.0)?;
    if new.id != *id {
        return Err(Error::BadRequest(format!(
            "role ID in the body, {}, is not that of the URL, {id}",
            new.id
        )));
    }
    let mut tx = arborist.begin().await?;
    let is_new = role::put(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(match is_new {
        true => created(json!({ "created": new })),
        false => ok(json!({ "updated": new })),
    })
}

pub(crate) async fn delete(arborist: Data<Arborist>, id: Path<String>) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    role::delete(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(no_content())
}
