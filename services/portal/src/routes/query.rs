//! `/query`: the page, its files, and its example queries.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    web::{Data, Path},
};
use serde_json::json;
use web::Params;

use crate::{assets, delivery, error::Error, page, service::Portal};

/// The project in examples when none is asked for. People put theirs in its place.
const ANY_PROJECT: &str = "PROGRAM-PROJECT";
/// The longest id of a project, in bytes.
const PROJECT_LIMIT: usize = 1024;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/query", |methods| methods.get(page));
    routes.resource("/query/examples.json", |methods| methods.get(examples));
    routes.resource("/query/assets/{name}", |methods| methods.get(asset));
}

/// `GET /query`: GraphiQL.
async fn page() -> HttpResponse {
    let page = page::query(&page::nonce());
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, page.policy))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .body(page.html)
}

/// `GET /query/examples.json?project=P-Q`: queries for which the dictionary in use gives reason. Anybody may
/// read them, as anybody may read the dictionary.
async fn examples(portal: Data<Portal>, params: Params) -> Result<HttpResponse, Error> {
    let project = params.get("project").unwrap_or(ANY_PROJECT);
    if project.len() > PROJECT_LIMIT {
        return Err(Error::LongProjectId);
    }
    let dictionary = (portal.dictionary)();
    let examples = dictionary::examples(&dictionary, project);
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .json(json!({ "project": project, "dictionary": dictionary.digest, "examples": examples })))
}

/// `GET /query/assets/NAME-DIGEST.EXTENSION`
async fn asset(request: HttpRequest, name: Path<String>) -> Result<HttpResponse, Error> {
    Ok(delivery::asset(&request, assets::find(&name).ok_or(Error::NotFound)?))
}
