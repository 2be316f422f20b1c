//! Policies.

use ::web::{Params, Routes};
use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use super::{
    answer::{Answer, created, no_content, ok},
    body::Body,
};
use crate::{Arborist, Error, model::Policy};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/policy", |methods| methods.get(list).post(create).put(overwrite_named_in_body));
    routes.resource("/bulk/policy", |methods| methods.put(overwrite_many));
    routes.resource("/policy/{id}", |methods| methods.get(read).put(overwrite).delete(delete));
}

async fn list(arborist: Data<Arborist>, params: Params) -> Result<Answer<Value>, Error> {
    if params.has("expand") {
        Ok(ok(json!({ "policies": arborist.expanded_policies().await? })))
    } else {
        Ok(ok(json!({ "policies": arborist.policies().await? })))
    }
}

async fn read(arborist: Data<Arborist>, id: Path<String>) -> Result<Answer<Policy>, Error> {
    Ok(ok(arborist.policy(&id).await?))
}

async fn create(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Policy::read(&body.0)?;
    arborist.create_policy(&new).await?;
    Ok(created(json!({ "created": new })))
}

/// `PUT /policy/{id}`: the identifier of the URL counts, that of the body is only answered.
async fn overwrite(arborist: Data<Arborist>, id: Path<String>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Policy::read(&body.0)?;
    arborist.overwrite_policies(&[(&id, &new)]).await?;
    Ok(created(json!({ "updated": new })))
}

async fn overwrite_named_in_body(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let new = Policy::read(&body.0)?;
    arborist.overwrite_policies(&[(&new.id, &new)]).await?;
    Ok(created(json!({ "updated": new })))
}

/// `PUT /bulk/policy`: those that can be overwritten are; otherwise the answer is the first error.
async fn overwrite_many(arborist: Data<Arborist>, body: Body) -> Result<Answer<Value>, Error> {
    let policies = Policy::read_many(&body.0)?;
    let named: Vec<(&str, &Policy)> = policies.iter().map(|policy| (policy.id.as_str(), policy)).collect();
    arborist.overwrite_policies(&named).await?;
    Ok(created(json!({ "updated": policies })))
}

async fn delete(arborist: Data<Arborist>, id: Path<String>) -> Result<HttpResponse, Error> {
    arborist.delete_policy(&id).await?;
    Ok(no_content())
}
