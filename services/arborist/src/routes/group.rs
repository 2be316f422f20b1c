//! Groups.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use crate::{
    Arborist, Error,
    http::{Answer, Body, Provider, created, no_content, ok},
    model::{Group, NewMember, read_policy_name},
    store::{group, is_built_in},
};

pub(crate) async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    let mut tx = arborist.begin().await?;
    Ok(ok(json!({ "groups": group::load(&mut tx, None).await? })))
}

pub(crate) async fn read(arborist: Data<Arborist>, name: Path<String>) -> Result<Answer<Group>, Error> {
    let mut tx = arborist.begin().await?;
    let found = group::load(&mut tx, Some(&name)).await?.pop();
    found.map(ok).ok_or_else(|| Error::NotFound(format!("no group found with name: {name}")))
}

pub(crate) async fn create(
    arborist: Data<Arborist>,
    provider: Provider,
    body: Body,
) -> Result<Answer<Value>, Error> {
    let new = Group::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    group::create(&mut tx, &new, provider.label()).await?;
    tx.commit().await?;
    Ok(created(json!({ "created": new })))
}

pub(crate) async fn put(
    arborist: Data<Arborist>,
    provider: Provider,
    body: Body,
) -> Result<Answer<Value>, Error> {
    let new = Group::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    group::put(&mut tx, &new, provider.label()).await?;
    tx.commit().await?;
    Ok(created(json!({ "created": new })))
}

pub(crate) async fn delete(arborist: Data<Arborist>, name: Path<String>) -> Result<HttpResponse, Error> {
    if is_built_in(&name) {
        return Err(Error::BadRequest(format!("built-in group {name} cannot be deleted")));
    }
    let mut tx = arborist.begin().await?;
    group::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn add_member(
    arborist: Data<Arborist>,
    name: Path<String>,
    provider: Provider,
    body: Body,
) -> Result<HttpResponse, Error> {
    let member = NewMember::read(&body.0)?;
    if is_built_in(&name) {
        return Err(Error::BadRequest("can't add users to built-in groups".into()));
    }
    let mut tx = arborist.begin().await?;
    group::add_member(&mut tx, &name, &member, provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn remove_member(
    arborist: Data<Arborist>,
    path: Path<(String, String)>,
    provider: Provider,
) -> Result<HttpResponse, Error> {
    let (name, user) = path.into_inner();
    let mut tx = arborist.begin().await?;
    group::remove_member(&mut tx, &name, &user, provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn grant(
    arborist: Data<Arborist>,
    name: Path<String>,
    provider: Provider,
    body: Body,
) -> Result<HttpResponse, Error> {
    let policy = read_policy_name(&body.0)?;
    let mut tx = arborist.begin().await?;
    group::grant_one(&mut tx, &name, &policy, provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn revoke(
    arborist: Data<Arborist>,
    path: Path<(String, String)>,
    provider: Provider,
) -> Result<HttpResponse, Error> {
    let (name, policy) = path.into_inner();
    let mut tx = arborist.begin().await?;
    group::revoke(&mut tx, &name, Some(&policy), provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}
