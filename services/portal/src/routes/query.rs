//! `/query`: the page, its files, and its example queries.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH,
        REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    web::{self, Data},
};
use rand::RngExt as _;
use serde::Deserialize;
use serde_json::json;

use super::not_found;
use crate::{Portal, assets, page};

/// The project of examples for nobody in particular; people put theirs in its place.
const ANY_PROJECT: &str = "PROGRAM-PROJECT";
/// No project's id is longer, in bytes.
const PROJECT_LIMIT: usize = 1024;

/// `GET /query`: GraphiQL.
pub(super) async fn page() -> HttpResponse {
    let nonce: [u8; 16] = rand::rng().random();
    let nonce: String = nonce.iter().map(|byte| format!("{byte:02x}")).collect();
    let page = page::query(&nonce);
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, page.policy))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "DENY"))
        .body(page.html)
}

#[derive(Deserialize)]
pub(super) struct About {
    project: Option<String>,
}

/// `GET /query/examples.json?project=P-Q`: queries that the dictionary in use gives reason for. Anybody may read them, as anybody
/// may read the dictionary.
pub(super) async fn examples(portal: Data<Portal>, about: web::Query<About>) -> HttpResponse {
    let project = about.project.as_deref().unwrap_or(ANY_PROJECT);
    if project.len() > PROJECT_LIMIT {
        return HttpResponse::BadRequest().json(json!({ "message": "no project has so long an id" }));
    }
    let dictionary = (portal.dictionary)();
    let examples = dictionary::examples(&dictionary, project);
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-cache"))
        .json(json!({ "project": project, "dictionary": dictionary.digest, "examples": examples }))
}

/// `GET /query/assets/NAME-DIGEST.EXTENSION`
pub(super) async fn asset(request: HttpRequest, name: web::Path<String>) -> HttpResponse {
    let Some(asset) = assets::find(&name) else { return not_found().await };
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let gzip = takes_gzip(header(ACCEPT_ENCODING));
    let etag = format!("\"{}{}\"", asset.digest, if gzip { "-gzip" } else { "" });
    let known = header(IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return response.finish();
    }
    response.content_type(asset.content_type);
    if gzip {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    match asset.content(gzip) {
        Ok(content) => response.body(content.into_owned()),
        Err(_) => HttpResponse::InternalServerError().finish(),
    }
}

/// Whether `Accept-Encoding` names gzip, and not with weight 0 (RFC 9110, section 12.5.3).
fn takes_gzip(accepted: &str) -> bool {
    let mut codings = accepted.split(',').map(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
        (coding.trim(), weight.trim().trim_start_matches("q="))
    });
    let wanted = |weight: &str| weight.parse::<f32>().map_or(weight.is_empty(), |weight| weight > 0.0);
    codings.any(|(coding, weight)| coding.eq_ignore_ascii_case("gzip") && wanted(weight))
}

#[cfg(test)]
mod tests {
    use super::takes_gzip;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let answers =
            ["gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "gzip;q=0", "deflate", ""].map(takes_gzip);
        assert_eq!(answers, [true, true, false, false, false]);
    }
}
