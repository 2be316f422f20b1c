//! Users and their direct grants.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Path},
};
use serde_json::{Value, json};

use super::auth::{Resources, resources as spell_resources};
use crate::{
    Arborist, Error,
    http::{Answer, Body, Provider, created, no_content, ok},
    model::{GrantedPolicy, User, UserChange},
    store::{decision::Subject, user},
};

pub(crate) async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    let mut tx = arborist.begin().await?;
    Ok(ok(json!({ "users": user::all(&mut tx).await? })))
}

pub(crate) async fn read(arborist: Data<Arborist>, name: Path<String>) -> Result<Answer<User>, Error> {
    let mut tx = arborist.begin().await?;
    let found = user::find(&mut tx, &name).await?;
    found.map(ok).ok_or_else(|| Error::NotFound(format!("no user found with username: {name}")))
}

pub(crate) async fn create(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = User::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    user::create(&mut tx, &new).await?;
    tx.commit().await?;
    Ok(created(json!({ "created": new })))
}

pub(crate) async fn change(
    arborist: Data<Arborist>,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let change = UserChange::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    user::change(&mut tx, &name, &change).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn delete(arborist: Data<Arborist>, name: Path<String>) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    user::delete(&mut tx, &name).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn grant(
    arborist: Data<Arborist>,
    name: Path<String>,
    provider: Provider,
    body: Body,
) -> Result<HttpResponse, Error> {
    let grant = GrantedPolicy::read(&body.0)?;
    let mut tx = arborist.begin().await?;
    if let Some(error) = user::grant(&mut tx, &name, &[grant], provider.label()).await? {
        return Err(error);
    }
    tx.commit().await?;
    Ok(no_content())
}

/// `POST /user/{name}/bulk/policy`: what can be granted is; otherwise the answer is the first error.
pub(crate) async fn grant_many(
    arborist: Data<Arborist>,
    name: Path<String>,
    provider: Provider,
    body: Body,
) -> Result<HttpResponse, Error> {
    let (grants, first_error) = GrantedPolicy::read_many(&body.0)?;
    let mut tx = arborist.begin().await?;
    let refused = user::grant(&mut tx, &name, &grants, provider.label()).await?;
    tx.commit().await?;
    match first_error.or(refused) {
        Some(error) => Err(error),
        None => Ok(no_content()),
    }
}

pub(crate) async fn revoke_all(
    arborist: Data<Arborist>,
    name: Path<String>,
    provider: Provider,
) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    user::revoke(&mut tx, &name, None, provider.label()).await?;
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
    let Some(granted_by) = user::provider_of_grant(&mut tx, &name, &policy).await? else {
        let text = format!(
            "policy `{policy}` is not granted to user `{name}` directly, so it is not revoked; a group may have it"
        );
        return Err(Error::BareText(StatusCode::BAD_REQUEST, text));
    };
    if provider.label().is_some_and(|label| granted_by.as_deref() != Some(label)) {
        let text = format!("policy `{policy}` was not granted to user `{name}` under this label");
        return Err(Error::Unauthenticated(text));
    }
    user::revoke(&mut tx, &name, Some(&policy), provider.label()).await?;
    tx.commit().await?;
    Ok(no_content())
}

pub(crate) async fn resources(
    arborist: Data<Arborist>,
    req: HttpRequest,
    name: Path<String>,
) -> Result<Answer<Resources>, Error> {
    let mut tx = arborist.begin().await?;
    if !user::exists(&mut tx, &name).await? {
        return Err(Error::NotFound(format!("no user found with username: `{name}`")));
    }
    drop(tx);
    let reached = arborist.reached_by(&Subject::user(&name), &[]).await?;
    Ok(spell_resources(&req, reached))
}
