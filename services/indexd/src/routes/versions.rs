//! `/index/{guid}/versions` and `/index/{guid}/latest`.

use actix_web::{HttpResponse, http::Method, web::Data};
use indexmap::IndexMap;
use web::{Params, Routes};

use super::body::Json;
use crate::{
    Error, Indexd, auth::Claimant, document::Record, guid::Guid, input::VersionsUpdate,
    store::records::Versions,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/index/{guid:.+}/versions", list);
    routes.endpoint(Method::PUT, "/index/{guid:.+}/versions", update);
    routes.endpoint(Method::GET, "/index/{guid:.+}/latest", latest);
}

/// Keys "0", "1", ... in numeric order, oldest first.
async fn list(indexd: Data<Indexd>, guid: Guid) -> Result<HttpResponse, Error> {
    let versions = indexd.versions(&guid).await?;
    let numbered: IndexMap<String, Record> =
        versions.into_iter().enumerate().map(|(number, record)| (number.to_string(), record)).collect();
    Ok(HttpResponse::Ok().json(numbered))
}

async fn update(
    indexd: Data<Indexd>,
    who: Claimant,
    guid: Guid,
    Json(body): Json,
) -> Result<HttpResponse, Error> {
    let update = VersionsUpdate::parse(&body)?;
    Ok(HttpResponse::Ok().json(indexd.update_versions(&who, &guid, update).await?))
}

async fn latest(indexd: Data<Indexd>, guid: Guid, params: Params) -> Result<HttpResponse, Error> {
    let numbered = params.get("has_version").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let versions = if numbered { Versions::Numbered } else { Versions::All };
    Ok(HttpResponse::Ok().json(indexd.latest(&guid, versions).await?))
}
