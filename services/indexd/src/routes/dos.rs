//! `/ga4gh/dos/v1`: the predecessor of DRS.

use actix_web::{
    HttpResponse,
    web::{self, Data, ServiceConfig},
};
use serde_json::json;

use super::paths::Guid;
use crate::{
    Error, Ga4ghError, Indexd,
    hashes::{self, Accepted},
    query::{Filter, MAX_LIMIT, Params, Window},
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.route("/ga4gh/dos/v1/dataobjects", web::get().to(list))
        .route("/ga4gh/dos/v1/dataobjects/{guid:.+}", web::get().to(get));
}

async fn list(indexd: Data<Indexd>, params: Params) -> Result<HttpResponse, Ga4ghError> {
    let limit = params.integer("page_size")?.unwrap_or(100);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(Error::bad("page_size must be between 1 and 1024").into());
    }
    let start = params.get("page_token").map(str::to_owned);
    let filter = Filter {
        urls: params.all("url").into_iter().map(str::to_owned).collect(),
        hashes: match params.all("checksum") {
            none if none.is_empty() => None,
            checksums => Some(hashes::parse_query(&checksums, Accepted::All)?),
        },
        ..Filter::default()
    };
    let objects = indexd.dos_objects(&filter, &Window { limit, start, page: None }).await?;
    Ok(HttpResponse::Ok().json(json!({ "data_objects": objects })))
}

async fn get(indexd: Data<Indexd>, Guid(guid): Guid) -> Result<HttpResponse, Ga4ghError> {
    Ok(HttpResponse::Ok().json(json!({ "data_object": indexd.dos_object(&guid).await? })))
}
