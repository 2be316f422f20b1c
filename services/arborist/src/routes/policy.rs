//! Policies.

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    web::{Data, Path},
};
use indexmap::IndexMap;
use serde_json::{Value, json};

use crate::{
    Arborist, Error,
    http::{Answer, Body, created, has_flag, no_content, ok},
    model::Policy,
    store::policy::{self, Known},
};

pub(crate) async fn list(arborist: Data<Arborist>, req: HttpRequest) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    Ok(match has_flag(&req, "expand") {
        true => ok(json!({ "policies": policy::load_expanded(&mut tx).await? })).respond_to(&req),
        false => ok(json!({ "policies": policy::load(&mut tx, None).await? })).respond_to(&req),
    })
}

pub(crate) async fn read(arborist: Data<Arborist>, id: Path<String>) -> Result<Answer<Policy>, Error> {
    let mut tx = arborist.begin().await?;
    let found = policy::load(&mut tx, Some(&[id.as_str()])).await?.pop();
    found.map(ok).ok_or_else(|| Error::NotFound(format!("no policy found with id: {id}")))
}

fn id_missing() -> Error {
    Error::BadRequest("policy ID cannot be absent or empty".into())
}

pub(crate) async fn create(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Policy::read(&body.0)?;
    if new.id.is_empty() {
        return Err(id_missing());
    }
    let mut tx = arborist.begin().await?;
    let known = Known::load(&mut tx, std::slice::from_ref(&new)).await?;
    known.check(&new, "failed to create policy")?;
    if policy::create(&mut tx, &[&new]).await?.is_empty() {
        let text = format!("failed to insert policy: policy with this ID already exists: {}", new.id);
        return Err(Error::Conflict(text));
    }
    tx.commit().await?;
    Ok(created(json!({ "created": new })))
}

/// `PUT /policy/{id}`: the identifier of the URL counts, that of the body is only answered.
pub(crate) async fn overwrite(
    arborist: Data<Arborist>,
    id: Path<String>,
    body: Body,
) -> Result<Answer<Value>, Error> {
    overwrite_one(&arborist, &id, Policy::read(&body.0)?).await
}

pub(crate) async fn overwrite_named_in_body(
    arborist: Data<Arborist>,
    body: Body,
) -> Result<Answer<Value>, Error> {
    let new = Policy::read(&body.0)?;
    overwrite_one(&arborist, &new.id.clone(), new).await
}

async fn overwrite_one(arborist: &Arborist, id: &str, new: Policy) -> Result<Answer<Value>, Error> {
    match overwrite_each(arborist, &[(id, &new)]).await? {
        Some(error) => Err(error),
        None => Ok(created(json!({ "updated": new }))),
    }
}

/// `PUT /bulk/policy`: those that can be overwritten are; otherwise the answer is the first error.
pub(crate) async fn overwrite_many(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let policies = Policy::read_many(&body.0)?;
    let named: Vec<(&str, &Policy)> = policies.iter().map(|policy| (policy.id.as_str(), policy)).collect();
    match overwrite_each(&arborist, &named).await? {
        Some(error) => Err(error),
        None => Ok(created(json!({ "updated": policies }))),
    }
}

/// Overwrites what can be; gives the error of the first that cannot.
async fn overwrite_each(arborist: &Arborist, policies: &[(&str, &Policy)]) -> Result<Option<Error>, Error> {
    let mut tx = arborist.begin().await?;
    let parts: Vec<Policy> = policies.iter().map(|(_, policy)| (*policy).clone()).collect();
    let known = Known::load(&mut tx, &parts).await?;
    let names: Vec<&str> = policies.iter().map(|(name, _)| *name).collect();
    let existing = policy::existing(&mut tx, &names).await?;
    let mut good: IndexMap<&str, &Policy> = IndexMap::new();
    let mut first_error = None;
    for (name, policy) in policies {
        let checked = match existing.contains(*name) {
            _ if name.is_empty() => Err(id_missing()),
            true => known.check(policy, "failed to update policy"),
            false => known.check(policy, "failed to update policy").and(Err(Error::NotFound(format!(
                "failed to update policy: no policy found with id: {name}"
            )))),
        };
        match checked {
            Ok(()) => {
                good.insert(name, policy);
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let good: Vec<(&str, &Policy)> = good.into_iter().collect();
    policy::overwrite(&mut tx, &good).await?;
    tx.commit().await?;
    Ok(first_error)
}

pub(crate) async fn delete(arborist: Data<Arborist>, id: Path<String>) -> Result<HttpResponse, Error> {
    let mut tx = arborist.begin().await?;
    policy::delete(&mut tx, &id).await?;
    tx.commit().await?;
    Ok(no_content())
}
