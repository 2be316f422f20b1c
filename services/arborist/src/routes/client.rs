//! OAuth clients.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use crate::{
    Arborist, Error,
    http::{Answer, Body, Provider, created, no_content, ok},
    model::{Client, read_policy_name},
    store::client,
};

pub(crate) async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    let mut tx = arborist.begin().await?;
    Ok(ok(json!({ "clients": client::load(&mut tx, None).await? })))
}

pub(crate) async fn read(arborist: Data<Arborist>, id: Path<String>) -> Result<Answer<Client>, Error> {
    let mut tx = arborist.begin().await?;
    let found = client::load(&mut tx, Some(&id)).await?.pop();
    found.map(ok).ok_or_else(|| Error::NotFound(format!("no client found with clientID: {id}")))
}

pub(crate) async fn create(
    arborist: Data<Arborist>,
    provider: Provider,
    body: Body,
) -> Result<Answer<Value>, Error> {
    let new = Client::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    client::create(&mut tx, &new, provider.label()).await?;
    tx.commit().await?;
    Ok(created(json!({ "created": new })))
}

pub(crate) async fn delete(arborist: Data<Arborist>, id: Path<String>) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    client::delete(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn grant(
    arborist: Data<Arborist>,
    id: Path<String>,
    provider: Provider,
    body: Body,
) -> Result<HttpResponse, Error> {
    let policy = read_policy_name(&body.0)?;
    let mut tx = arborist.begin().await?;
    client::grant_one(&mut tx, &id, &policy, provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn revoke_all(
    arborist: Data<Arborist>,
    id: Path<String>,
    provider: Provider,
) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    client::revoke(&mut tx, &id, None, provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn revoke(
    arborist: Data<Arborist>,
    path: Path<(String, String)>,
    provider: Provider,
) -> Result<HttpResponse, Error> {
    let (id, policy) = path.into_inner();
    let mut tx = arborist.begin().await?;
    client::revoke(&mut tx, &id, Some(&policy), provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}
