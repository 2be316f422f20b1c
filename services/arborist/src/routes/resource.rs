//! The tree of resources.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use serde_json::{Value, json};

use crate::{
    Arborist, Error,
    http::{Answer, Body, created, has_flag, no_content, ok},
    model::{NewResource, Resource},
    path::ResourcePath,
    store::resource,
};

pub(crate) async fn list(arborist: Data<Arborist>) -> Result<Answer<Value>, Error> {
    let mut tx = arborist.begin().await?;
    Ok(ok(json!({ "resources": resource::all(&mut tx).await? })))
}

pub(crate) async fn read(arborist: Data<Arborist>, path: Path<String>) -> Result<Answer<Resource>, Error> {
    let missing = || Error::NotFound(format!("no resource found with path: `/{path}`"));
    // A path that cannot be stored cannot be found.
    let Ok(parsed) = ResourcePath::parse(&path) else { return Err(missing()) };
    let mut tx = arborist.begin().await?;
    let found = resource::by_path(&mut tx, &parsed).await.map_err(Error::from);
    match found {
        Ok(Some(found)) => Ok(ok(found)),
        Ok(None) | Err(Error::BadRequest(_)) => Err(missing()),
        Err(error) => Err(error),
    }
}

pub(crate) async fn read_by_tag(
    arborist: Data<Arborist>,
    tag: Path<String>,
) -> Result<Answer<Resource>, Error> {
    let mut tx = arborist.begin().await?;
    let found = resource::by_tag(&mut tx, &tag).await?;
    found.map(ok).ok_or_else(|| Error::NotFound(format!("no resource found with tag: `{tag}`")))
}

pub(crate) async fn create(
    arborist: Data<Arborist>,
    req: HttpRequest,
    body: Body,
) -> Result<Answer<Value>, Error> {
    create_at(&arborist, &req, "", &body).await
}

pub(crate) async fn create_below(
    arborist: Data<Arborist>,
    req: HttpRequest,
    parent: Path<String>,
    body: Body,
) -> Result<Answer<Value>, Error> {
    create_at(&arborist, &req, &format!("/{parent}"), &body).await
}

async fn create_at(
    arborist: &Arborist,
    req: &HttpRequest,
    parent: &str,
    body: &Body,
) -> Result<Answer<Value>, Error> {
    let new = NewResource::read(&body.0, parent)?;
    let mut tx = arborist.begin().await?;
    let made = resource::create(&mut tx, &new, has_flag(req, "p")).await?;
    tx.commit().await?;
    Ok(created(json!({ "created": made })))
}

pub(crate) async fn put(
    arborist: Data<Arborist>,
    req: HttpRequest,
    body: Body,
) -> Result<Answer<Value>, Error> {
    put_at(&arborist, &req, "", &body).await
}

pub(crate) async fn put_below(
    arborist: Data<Arborist>,
    req: HttpRequest,
    parent: Path<String>,
    body: Body,
) -> Result<Answer<Value>, Error> {
    put_at(&arborist, &req, &format!("/{parent}"), &body).await
}

async fn put_at(
    arborist: &Arborist,
    req: &HttpRequest,
    parent: &str,
    body: &Body,
) -> Result<Answer<Value>, Error> {
    let new = NewResource::read(&body.0, parent)?;
    let mut tx = arborist.begin().await?;
    let made = resource::put(&mut tx, &new, has_flag(req, "p"), has_flag(req, "merge")).await?;
    tx.commit().await?;
    Ok(created(json!({ "created": made })))
}

pub(crate) async fn delete(arborist: Data<Arborist>, path: Path<String>) -> Result<HttpResponse, Error> {
    if let Ok(path) = ResourcePath::parse(&path) {
        let mut tx = arborist.begin().await?;
        match resource::delete(&mut tx, &path).await.map_err(Error::from) {
            Ok(()) => tx.commit().await?,
            // A label that is too long is in no path.
            Err(Error::BadRequest(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(no_content())
}
