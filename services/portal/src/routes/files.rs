//! Files of the pages, and of the operator's folder at the paths where the original has them.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, X_CONTENT_TYPE_OPTIONS},
    web::{Data, Json, Path},
};
use serde_json::Value;

use crate::{assets, boot, delivery, error::Error, service::Portal};

/// The longest name of a file of the operator.
const NAME_LIMIT: usize = 100;
/// What an operator's file may do if somebody opens it as a page: nothing.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/portal/assets/{name}", |methods| methods.get(asset));
    routes.resource("/portal/v1/boot", |methods| methods.get(boot_data));
    routes.resource("/data/config/gitops.json", |methods| methods.get(gitops));
    routes.resource("/data/schema.json", |methods| methods.get(schema));
    routes.resource("/data/dictionary.json", |methods| methods.get(dictionary));
    routes.resource("/src/img/{name}", |methods| methods.get(image));
    routes.resource("/src/css/themeoverrides.css", |methods| methods.get(styles));
}

/// `GET /portal/assets/NAME-DIGEST.EXTENSION`
async fn asset(
    portal: Data<Portal>,
    request: HttpRequest,
    name: Path<String>,
) -> Result<HttpResponse, Error> {
    if let Some((content_type, bytes)) = portal.pages.asset(&name) {
        return Ok(delivery::plain(content_type, bytes));
    }
    Ok(delivery::asset(&request, assets::bundled(&name).ok_or(Error::NotFound)?))
}

/// `GET /portal/v1/boot`: what every page begins with.
async fn boot_data(portal: Data<Portal>) -> Json<Value> {
    Json(boot::boot(&portal.config, &portal.folder.settings()))
}

/// `GET /data/config/gitops.json`: the operator's file as it is.
async fn gitops(portal: Data<Portal>) -> HttpResponse {
    sent("application/json", portal.folder.gitops().unwrap_or_else(|| b"{}".to_vec()))
}

/// `GET /data/schema.json`: the schema of the graph, which peregrine has.
async fn schema() -> HttpResponse {
    there("/api/v0/submission/getschema")
}

/// `GET /data/dictionary.json`: the dictionary, which sheepdog has.
async fn dictionary() -> HttpResponse {
    there("/api/v0/submission/_dictionary/_all")
}

/// `GET /src/img/NAME`: a picture of the operator.
async fn image(portal: Data<Portal>, name: Path<String>) -> Result<HttpResponse, Error> {
    let content_type = picture(&name).ok_or(Error::NotFound)?;
    let bytes = portal.folder.file("img", &name).ok_or(Error::NotFound)?;
    Ok(sent(content_type, bytes))
}

/// `GET /src/css/themeoverrides.css`: the operator's style sheet, empty if there is none.
async fn styles(portal: Data<Portal>) -> HttpResponse {
    let bytes = portal.folder.file("css", "themeoverrides.css").unwrap_or_default();
    sent("text/css; charset=utf-8", bytes)
}

/// The type of a picture by its name; `None` for what is no plain name of one.
fn picture(name: &str) -> Option<&'static str> {
    let is_letter = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_' | '.');
    if name.len() > NAME_LIMIT || name.starts_with('.') || !name.chars().all(is_letter) {
        return None;
    }
    match name.rsplit_once('.')?.1.to_ascii_lowercase().as_str() {
        "svg" => Some("image/svg+xml"),
        "png" => Some("image/png"),
        "jpg" | "jpeg" => Some("image/jpeg"),
        "gif" => Some("image/gif"),
        "webp" => Some("image/webp"),
        "ico" => Some("image/x-icon"),
        _ => None,
    }
}

fn sent(content_type: &str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(bytes)
}

fn there(path: &str) -> HttpResponse {
    HttpResponse::Found().insert_header((LOCATION, path)).finish()
}

#[cfg(test)]
mod tests {
    use super::picture;

    #[test]
    fn only_plain_names_of_pictures_are_read() {
        assert_eq!(picture("logo.png"), Some("image/png"));
        assert_eq!(picture("Logo-2.SVG"), Some("image/svg+xml"));
        for name in ["../gitops.json", ".hidden.png", "a/b.png", "gitops.json", "logo", "..png", "a%2fb.png"]
        {
            assert_eq!(picture(name), None, "{name}");
        }
    }
}
