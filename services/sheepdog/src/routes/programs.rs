//! Programs: list, create, update, delete.

use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, http::header::CONTENT_TYPE, web};
use authz::ResourceSpec;
use serde_json::{Map, Value, json};

use super::resource;
use crate::{
    Error, Sheepdog,
    auth::PROGRAM_ADMIN,
    body,
    document::{Format, parse},
    python, store,
    task::to_the_end,
};

/// Largest body, in bytes: one document.
const BODY_LIMIT: usize = 1 << 20;

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    let root = resource("").route(web::get().to(list_programs));
    cfg.service(
        root.route(web::put().to(put_program))
            .route(web::post().to(put_program))
            .route(web::patch().to(put_program)),
    );
}

async fn list_programs(request: HttpRequest, sheepdog: web::Data<Sheepdog>) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    let mut connection = sheepdog.pool.acquire().await?;
    let names = store::projects::program_names(&mut connection).await?;
    let links: Vec<String> = names.iter().map(|name| format!("/v0/submission/{name}")).collect();
    Ok(HttpResponse::Ok().json(json!({ "links": links })))
}

async fn put_program(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    sheepdog.permit_admin(&request, PROGRAM_ADMIN).await?;
    let document = read_one(&request, &sheepdog, payload, "program").await?;
    let kind = document.get("type").unwrap_or(&Value::Null);
    if kind.as_str() != Some("program") {
        return Err(Error::BadRequest(format!("Invalid type in key type='{}'", python::str(kind))));
    }
    let name = text(&document, "name").map(str::to_owned);
    let name = name.ok_or_else(|| Error::BadRequest("No program specified in key 'name'".to_owned()))?;
    let number = text(&document, "dbgap_accession_number").map(str::to_owned);
    let answer = to_the_end(write_program(sheepdog.into_inner(), name, number)).await?;
    Ok(HttpResponse::Ok().json(answer))
}

async fn write_program(
    sheepdog: Arc<Sheepdog>,
    name: String,
    number: Option<String>,
) -> Result<Value, Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    let created = store::projects::put_program(&mut transaction, &name, number.as_deref()).await?;
    transaction.commit().await?;
    if let Some(number) = number {
        sheepdog.make_resource(&format!("/programs/{number}")).await;
    }
    let message = if created { "Program registered." } else { "Program is updated!" };
    let id = psqlgraph::ids::program_id(&name);
    Ok(json!({ "id": id, "name": name, "message": message }))
}

/// `DELETE /{program}`.
pub(super) async fn delete_program(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    name: web::Path<String>,
) -> Result<HttpResponse, Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    let program = store::projects::program(&mut connection, &name).await?;
    let program = program.ok_or_else(|| Error::NotFound(format!("Program {name} not found")))?;
    drop(connection);
    sheepdog.permit_admin(&request, PROGRAM_ADMIN).await?;
    to_the_end(remove_program(sheepdog.into_inner(), name.into_inner(), program.node_id)).await?;
    Ok(no_content())
}

async fn remove_program(sheepdog: Arc<Sheepdog>, name: String, node_id: String) -> Result<(), Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::lock_program(&mut transaction, &node_id).await?;
    let codes = store::projects::codes(&mut transaction, &sheepdog.dictionary, &node_id).await?;
    if !codes.is_empty() {
        let message = format!("ERROR: Can not delete the program. Program {name} is not empty");
        return Err(Error::BadRequest(message));
    }
    psqlgraph::nodes::delete_nodes(&mut transaction, "program", &[node_id]).await?;
    transaction.commit().await?;
    Ok(())
}

impl Sheepdog {
    /// Creates the resource of a program or project. arborist may know better; then the log says so, no more.
    pub(super) async fn make_resource(&self, path: &str) {
        if let Err(error) = self.authz.ensure_resource(path, &ResourceSpec::default()).await {
            tracing::warn!(resource.path = path, error = %error, "the resource could not be made");
        }
    }
}

/// The one document of a program or project body.
pub(super) async fn read_one(
    request: &HttpRequest,
    sheepdog: &Sheepdog,
    payload: web::Payload,
    what: &str,
) -> Result<Map<String, Value>, Error> {
    let bytes = body::read(payload, sheepdog.config.body_limit.min(BODY_LIMIT)).await?;
    let content_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let format = Format::of(content_type.unwrap_or_default());
    let mut documents = parse(format, body::text(&bytes)?, &sheepdog.dictionary)?;
    match (documents.pop(), documents.is_empty()) {
        (Some(Value::Object(document)), true) => Ok(document),
        (last, _) => {
            documents.extend(last);
            let received = python::repr(&Value::Array(documents));
            Err(Error::BadRequest(format!(
                "The {what} creation endpoint only supports single documents (dict). Received data of type \
                 <class 'list'>: {received}"
            )))
        }
    }
}

/// A string that is not empty.
pub(super) fn text<'a>(document: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    document.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
}

/// 204 as the original sends it: with a content type.
pub(super) fn no_content() -> HttpResponse {
    HttpResponse::NoContent().content_type("application/json").finish()
}
