//! OAuth clients and the policies granted to them.

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
    model::{Client, Held, Holder, Label, PolicyName},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/client", |methods| methods.get(list).post(create));
    routes.resource("/client/{id}", |methods| methods.get(read).delete(delete));
    routes.resource("/client/{id}/policy", |methods| methods.post(grant).delete(revoke_all));
    routes.resource("/client/{id}/policy/{policy}", |methods| methods.delete(revoke));
}

async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    Ok(ok(json!({ "clients": arborist.clients().await? })))
}

async fn read(arborist: Data<Arborist>, id: Path<String>) -> Result<Answer<Client>, Error> {
    Ok(ok(arborist.client(&id).await?))
}

async fn create(arborist: Data<Arborist>, label: Label, body: Body) -> Result<Answer<Value>, Error> {
    let new = Client::read(&body.0)?;
    arborist.create_client(&new, &label).await?;
    Ok(created(json!({ "created": new })))
}

async fn delete(arborist: Data<Arborist>, id: Path<String>) -> Result<HttpResponse, Error> {
    arborist.delete_client(&id).await?;
    Ok(no_content())
}

async fn grant(
    arborist: Data<Arborist>,
    id: Path<String>,
    label: Label,
    body: Body,
) -> Result<HttpResponse, Error> {
    let policy = PolicyName::read(&body.0)?;
    arborist.grant_to_client(&id, &policy, &label).await?;
    Ok(no_content())
}

async fn revoke_all(arborist: Data<Arborist>, id: Path<String>, label: Label) -> Result<HttpResponse, Error> {
    arborist.revoke(Holder::Client(&id), Held::All, &label).await?;
    Ok(no_content())
}

async fn revoke(
    arborist: Data<Arborist>,
    path: Path<(String, PolicyName)>,
    label: Label,
) -> Result<HttpResponse, Error> {
    let (id, policy) = &*path;
    arborist.revoke(Holder::Client(id), Held::One(&policy.0), &label).await?;
    Ok(no_content())
}
