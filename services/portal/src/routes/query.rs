//! `/query`: the page, its files, and its example queries.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, ETAG, IF_NONE_MATCH,
        REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
    web::{Data, Path},
};
use rand::RngExt as _;
use serde_json::json;
use web::Params;

use crate::{
    assets::{self, Encoding},
    error::Error,
    page,
    service::Portal,
};

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
    let asset = assets::find(&name).ok_or(Error::NotFound)?;
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoding = if takes_gzip(header(ACCEPT_ENCODING)) { Encoding::Gzip } else { Encoding::Plain };
    let suffix = match encoding {
        Encoding::Gzip => "-gzip",
        Encoding::Plain => "",
    };
    let etag = format!("\"{}{suffix}\"", asset.digest);
    let known = header(IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return Ok(response.finish());
    }
    response.content_type(asset.content_type);
    if encoding == Encoding::Gzip {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    Ok(response.body(asset.content(encoding).into_owned()))
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
