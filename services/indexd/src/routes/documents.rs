//! `/bulk/documents` and `/bulk/locations`.

use actix_web::{HttpResponse, http::Method, web::Data};
use serde_json::Value;
use web::Routes;

use super::body::Json;
use crate::{Error, Indexd, guid::Guid};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::POST, "/bulk/documents", list);
    routes.endpoint(Method::POST, "/bulk/locations", holders);
}

/// No bulk request asks for more than this. (The original has no limit; its clients send a few thousand.)
const MAX_IDS: usize = 50_000;

/// A list of ids in a body.
pub(super) fn ids(value: &Value) -> Result<Vec<Guid>, Error> {
    let items = value.as_array().ok_or_else(|| Error::bad("the ids are not of type 'array'"))?;
    if items.len() > MAX_IDS {
        return Err(Error::bad(format!("at most {MAX_IDS} ids can be asked for at once")));
    }
    let id = |item: &Value| {
        let text = item.as_str().ok_or_else(|| Error::bad("an id is not of type 'string'"))?;
        Ok(Guid::from(text.to_owned()))
    };
    items.iter().map(id).collect()
}

/// At most this many locations are looked up at once.
const MAX_LOCATIONS: usize = 1000;

/// For each location the records that have the bytes there, for services that decide about these bytes.
async fn holders(indexd: Data<Indexd>, Json(body): Json) -> Result<HttpResponse, Error> {
    let items = body.as_array().ok_or_else(|| Error::bad("the locations are not of type 'array'"))?;
    if items.len() > MAX_LOCATIONS {
        return Err(Error::bad(format!("at most {MAX_LOCATIONS} locations can be asked for at once")));
    }
    let url = |item: &Value| {
        let text = item.as_str().filter(|text| !text.contains('\0'));
        text.map(str::to_owned).ok_or_else(|| Error::bad("a location is not of type 'string'"))
    };
    let urls = items.iter().map(url).collect::<Result<Vec<String>, Error>>()?;
    Ok(HttpResponse::Ok().json(indexd.holders(&urls, None).await?))
}

async fn list(indexd: Data<Indexd>, Json(body): Json) -> Result<HttpResponse, Error> {
    match ids(&body)? {
        ids if ids.is_empty() => Err(Error::bad("No ids provided")),
        ids => Ok(HttpResponse::Ok().json(indexd.records(&ids).await?)),
    }
}
