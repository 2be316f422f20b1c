//! `/submission/graphql` and `/submission/getschema`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, IF_NONE_MATCH},
    web::{self, Data},
};
use futures_util::StreamExt as _;

use crate::{Peregrine, body::GraphqlRequest, error::Error, execute::Reply, query::Reader};

/// `POST /v0/submission/graphql`: `{"data": ...}`, with status 400 and `errors` when something failed.
pub(super) async fn query(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let subject = peregrine.authenticate(&request).await?;
    let body = read(payload, peregrine.config.body_limit).await?;
    let sent = GraphqlRequest::parse(&body)?;
    let reader = Reader::Subject(subject);
    let reply = peregrine.into_inner().query(&reader, &sent.query, &sent.variables).await?;
    Ok(respond(reply))
}

fn respond(reply: Reply) -> HttpResponse {
    let mut response = match &reply {
        Reply::Whole(answer) if !answer.errors.is_empty() => HttpResponse::BadRequest(),
        _ => HttpResponse::Ok(),
    };
    response.content_type("application/json");
    match reply {
        Reply::Whole(answer) => response.body(answer.body),
        Reply::Begun(begun, arriving) => response.streaming(arriving.pieces(begun)),
    }
}

/// `GET /v0/submission/getschema`: the introspection, the same until the dictionary changes.
pub(super) async fn schema(peregrine: Data<Peregrine>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let etag = format!("\"{}-{}\"", peregrine.config.version, peregrine.dictionary.digest);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, etag)).finish());
    }
    let body = peregrine.introspection()?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag)).content_type("application/json").body(body))
}

async fn read(mut payload: web::Payload, limit: usize) -> Result<web::Bytes, Error> {
    let mut body = web::BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Error::BadRequest("the body cannot be read".to_owned()))?;
        if body.len() + chunk.len() > limit {
            return Err(Error::TooLarge(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}
