//! Status, version, counters, GUIDs, other index services.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::json;
use web::{Params, Routes, Service as _};

use crate::{Error, Indexd, parameters::integer, store::stats::Month};

/// No request mints more GUIDs than this.
const MAX_MINTED: i64 = 10_000;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/_status", status);
    routes.endpoint(Method::GET, "/_version", version);
    routes.endpoint(Method::GET, "/_stats", stats);
    routes.endpoint(Method::GET, "/_dist", dist);
    routes.endpoint(Method::GET, "/guid/mint", mint);
    routes.endpoint(Method::GET, "/guid/prefix", prefix);
}

const TEXT: &str = "text/html; charset=utf-8";

async fn status(indexd: Data<Indexd>) -> HttpResponse {
    match indexd.ready().await {
        Ok(()) => HttpResponse::Ok().content_type(TEXT).body("Healthy"),
        Err(error) => {
            tracing::error!(error, "unhealthy");
            HttpResponse::InternalServerError().content_type(TEXT).body("Unhealthy")
        }
    }
}

async fn version() -> HttpResponse {
    let commit = option_env!("COMMONS_COMMIT").unwrap_or("unknown");
    HttpResponse::Ok().json(json!({ "commit": commit, "version": env!("CARGO_PKG_VERSION") }))
}

async fn stats(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Error> {
    let month = match (integer(&params, "month")?, integer(&params, "year")?) {
        (None, None) => None,
        (Some(month), Some(year)) => {
            let small = |number: i64, name: &str| {
                i32::try_from(number).map_err(|_| Error::bad(format!("{name} is out of range")))
            };
            if !(1..=12).contains(&month) {
                return Err(Error::bad("month must be between 1 and 12"));
            }
            Some(Month { month: small(month, "month")?, year: small(year, "year")? })
        }
        _ => return Err(Error::bad("month and year must be given together")),
    };
    Ok(HttpResponse::Ok().json(indexd.totals(month).await?))
}

async fn dist(indexd: Data<Indexd>) -> HttpResponse {
    HttpResponse::Ok().json(indexd.dist.entries())
}

async fn mint(indexd: Data<Indexd>, params: Params) -> HttpResponse {
    let text = params.get("count").unwrap_or("1");
    let refuse = |reason: String| HttpResponse::BadRequest().content_type(TEXT).body(reason);
    let Ok(count) = text.trim().parse::<i64>() else {
        let shown: String = text.chars().filter(|c| !matches!(c, '<' | '>' | '&')).take(100).collect();
        return refuse(format!("Count {shown} is not a valid integer"));
    };
    if count < 0 {
        return refuse("You cannot provide a count less than 0".into());
    }
    if count > MAX_MINTED {
        return refuse(format!("You cannot provide a count greater than {MAX_MINTED}"));
    }
    let prefix = indexd.config.index.minted_prefix();
    let guids: Vec<String> = (0..count).map(|_| format!("{prefix}{}", uuid::Uuid::new_v4())).collect();
    HttpResponse::Ok().json(json!({ "guids": guids }))
}

async fn prefix(indexd: Data<Indexd>) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "prefix": indexd.config.index.minted_prefix() }))
}
