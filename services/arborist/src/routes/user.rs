//! Users and what is granted to them directly.

use ::web::{Params, Routes};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use super::{
    answer::{self, Answer, created, no_content, ok},
    body::Body,
};
use crate::{
    Arborist, Error,
    model::{GrantedPolicy, Held, Holder, Label, NewUser, PolicyName, User, UserChange},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/user", |methods| methods.get(list).post(create));
    routes.resource("/user/{name}", |methods| methods.get(read).patch(change).delete(delete));
    routes.resource("/user/{name}/policy", |methods| methods.post(grant).delete(revoke_all));
    routes.resource("/user/{name}/bulk/policy", |methods| methods.post(grant_many));
    routes.resource("/user/{name}/policy/{policy}", |methods| methods.delete(revoke));
    routes.resource("/user/{name}/resources", |methods| methods.get(resources));
    // A name with slashes can only be deleted.
    routes.resource("/user/{name:.+}", |methods| methods.delete(delete));
}

async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    Ok(ok(json!({ "users": arborist.users().await? })))
}

async fn read(arborist: Data<Arborist>, name: Path<String>) -> Result<Answer<User>, Error> {
    Ok(ok(arborist.user(&name).await?))
}

async fn create(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = NewUser::read(&body.0)?;
    arborist.create_user(&new).await?;
    Ok(created(json!({ "created": new })))
}

async fn change(arborist: Data<Arborist>, name: Path<String>, body: Body) -> Result<HttpResponse, Error> {
    let change = UserChange::read(&body.0)?;
    arborist.change_user(&name, &change).await?;
    Ok(no_content())
}

async fn delete(arborist: Data<Arborist>, name: Path<String>) -> Result<HttpResponse, Error> {
    arborist.delete_user(&name).await?;
    Ok(no_content())
}

async fn grant(
    arborist: Data<Arborist>,
    name: Path<String>,
    label: Label,
    body: Body,
) -> Result<HttpResponse, Error> {
    let grant = GrantedPolicy::read(&body.0)?;
    arborist.grant_to_user(&name, grant, &label).await?;
    Ok(no_content())
}

/// `POST /user/{name}/bulk/policy`: what can be granted is; otherwise the answer is the first error.
async fn grant_many(
    arborist: Data<Arborist>,
    name: Path<String>,
    label: Label,
    body: Body,
) -> Result<HttpResponse, Error> {
    let read = GrantedPolicy::read_many(&body.0)?;
    arborist.grant_many_to_user(&name, read, &label).await?;
    Ok(no_content())
}

async fn revoke_all(
    arborist: Data<Arborist>,
    name: Path<String>,
    label: Label,
) -> Result<HttpResponse, Error> {
    arborist.revoke(Holder::User(&name), Held::All, &label).await?;
    Ok(no_content())
}

async fn revoke(
    arborist: Data<Arborist>,
    path: Path<(String, PolicyName)>,
    label: Label,
) -> Result<HttpResponse, Error> {
    let (name, policy) = &*path;
    arborist.revoke_from_user(name, policy, &label).await?;
    Ok(no_content())
}

async fn resources(
    arborist: Data<Arborist>,
    name: Path<String>,
    params: Params,
) -> Result<Answer<answer::Resources>, Error> {
    let reached = arborist.reached_by_user(&name).await?;
    Ok(answer::resources(&params, reached))
}
