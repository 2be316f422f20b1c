//! The tree of resources.

use ::web::{Params, Routes};
use actix_web::{
    Error as ActixError, FromRequest, HttpRequest, HttpResponse,
    dev::Payload,
    guard,
    web::{Data, Path},
};
use futures_util::future::LocalBoxFuture;
use serde_json::{Value, json};

use super::{
    answer::{Answer, created, no_content, ok},
    body::Body,
};
use crate::{
    Arborist, Error,
    model::{MissingParents, NewResource, Resource, UnlistedChildren},
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/resource", |methods| methods.get(list).post(create).put(put));
    routes.resource("/resource/tag/{tag}", |methods| methods.guard(guard::Get()).get(read_by_tag));
    routes.resource("/resource/{path:.*}", |methods| methods.get(read).post(create).put(put).delete(delete));
}

/// The tree of a body, which hangs below the path of the URL if there is one.
struct Tree(NewResource);

impl FromRequest for Tree {
    type Error = ActixError;
    type Future = LocalBoxFuture<'static, Result<Self, ActixError>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let has_path = request.match_info().get("path").is_some();
        let path = has_path.then(|| Path::<String>::extract(request).into_inner()).transpose();
        let body = Body::from_request(request, payload);
        Box::pin(async move {
            let parent = path?.map_or_else(String::new, |path| format!("/{path}"));
            Ok(Self(NewResource::read(&body.await?.0, &parent)?))
        })
    }
}

/// `?p` creates what is missing above a resource.
fn missing_parents(params: &Params) -> MissingParents {
    if params.has("p") { MissingParents::Create } else { MissingParents::Refuse }
}

/// `?merge` keeps the children that a body does not list.
fn unlisted_children(params: &Params) -> UnlistedChildren {
    if params.has("merge") { UnlistedChildren::Keep } else { UnlistedChildren::Delete }
}

async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    Ok(ok(json!({ "resources": arborist.resources().await? })))
}

async fn read(arborist: Data<Arborist>, path: Path<String>) -> Result<Answer<Resource>, Error> {
    Ok(ok(arborist.resource(&path).await?))
}

async fn read_by_tag(arborist: Data<Arborist>, tag: Path<String>) -> Result<Answer<Resource>, Error> {
    Ok(ok(arborist.resource_with_tag(&tag).await?))
}

async fn create(arborist: Data<Arborist>, params: Params, Tree(new): Tree) -> Result<Answer<Value>, Error> {
    let made = arborist.create_resource(&new, missing_parents(&params)).await?;
    Ok(created(json!({ "created": made })))
}

async fn put(arborist: Data<Arborist>, params: Params, Tree(new): Tree) -> Result<Answer<Value>, Error> {
    let made = arborist.put_resource(&new, missing_parents(&params), unlisted_children(&params)).await?;
    Ok(created(json!({ "created": made })))
}

async fn delete(arborist: Data<Arborist>, path: Path<String>) -> Result<HttpResponse, Error> {
    arborist.delete_resource(&path).await?;
    Ok(no_content())
}
