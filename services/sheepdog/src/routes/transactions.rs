//! Committing and closing dry runs.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};
use psqlgraph::transactions::TransactionId;
use serde::Deserialize;
use serde_json::json;

use super::{answers, permit::permit};
use crate::{Error, Sheepdog, model::project::ProjectPath, replay};

#[derive(Deserialize)]
struct LogId {
    id: i32,
}

pub(super) fn routes(routes: &mut Routes<'_>) {
    // More digits than an id has are an unknown path, too.
    routes.resource("/{program}/{project}/transactions/{id:[0-9]{1,9}}/commit", |methods| {
        methods.put(commit).post(commit)
    });
    routes.resource("/{program}/{project}/transactions/{id:[0-9]{1,9}}/close", |methods| {
        methods.put(close).post(close)
    });
}

async fn commit(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    id: web::Path<LogId>,
) -> Result<HttpResponse, Error> {
    let sheepdog = sheepdog.into_inner();
    let permit = permit(&sheepdog, &request, &path).await?;
    let id = TransactionId(id.id);
    Ok(answers::transaction(replay::commit(&sheepdog, permit, id, request.path()).await?))
}

async fn close(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    id: web::Path<LogId>,
) -> Result<HttpResponse, Error> {
    let permit = permit(&sheepdog, &request, &path).await?;
    let id = TransactionId(id.id);
    replay::close(sheepdog.into_inner(), permit, id).await?;
    let answer = json!({ "code": 200, "message": "Closed transaction.", "transaction_id": id });
    Ok(HttpResponse::Ok().json(answer))
}
