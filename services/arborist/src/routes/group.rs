//! Groups, their members, and the policies granted to them.

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
    model::{Group, Held, Holder, Label, Membership, NewMember, PolicyName},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/group", |methods| methods.get(list).post(create).put(put));
    routes.resource("/group/{name}", |methods| methods.get(read).delete(delete));
    routes.resource("/group/{name}/user", |methods| methods.post(add_member));
    routes.resource("/group/{name}/user/{user}", |methods| methods.delete(remove_member));
    routes.resource("/group/{name}/policy", |methods| methods.post(grant));
    routes.resource("/group/{name}/policy/{policy}", |methods| methods.delete(revoke));
}

async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    Ok(ok(json!({ "groups": arborist.groups().await? })))
}

async fn read(arborist: Data<Arborist>, name: Path<String>) -> Result<Answer<Group>, Error> {
    Ok(ok(arborist.group(&name).await?))
}

async fn create(arborist: Data<Arborist>, label: Label, body: Body) -> Result<Answer<Value>, Error> {
    let new = Group::read(&body.0)?;
    arborist.create_group(&new, &label).await?;
    Ok(created(json!({ "created": new })))
}

async fn put(arborist: Data<Arborist>, label: Label, body: Body) -> Result<Answer<Value>, Error> {
    let new = Group::read(&body.0)?;
    arborist.put_group(&new, &label).await?;
    Ok(created(json!({ "created": new })))
}

async fn delete(arborist: Data<Arborist>, name: Path<String>) -> Result<HttpResponse, Error> {
    arborist.delete_group(&name).await?;
    Ok(no_content())
}

async fn add_member(
    arborist: Data<Arborist>,
    name: Path<String>,
    label: Label,
    body: Body,
) -> Result<HttpResponse, Error> {
    let member = NewMember::read(&body.0)?;
    arborist.add_member(&name, &member, &label).await?;
    Ok(no_content())
}

async fn remove_member(
    arborist: Data<Arborist>,
    membership: Path<Membership>,
    label: Label,
) -> Result<HttpResponse, Error> {
    arborist.remove_member(&membership, &label).await?;
    Ok(no_content())
}

async fn grant(
    arborist: Data<Arborist>,
    name: Path<String>,
    label: Label,
    body: Body,
) -> Result<HttpResponse, Error> {
    let policy = PolicyName::read(&body.0)?;
    arborist.grant_to_group(&name, &policy, &label).await?;
    Ok(no_content())
}

async fn revoke(
    arborist: Data<Arborist>,
    path: Path<(String, PolicyName)>,
    label: Label,
) -> Result<HttpResponse, Error> {
    let (name, policy) = &*path;
    arborist.revoke(Holder::Group(name), Held::One(&policy.0), &label).await?;
    Ok(no_content())
}
