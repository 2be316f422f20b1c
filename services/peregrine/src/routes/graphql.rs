//! `/submission/graphql` and `/submission/getschema`.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{ETAG, IF_NONE_MATCH},
    web::{Data, Payload},
};

use crate::{body::GraphqlRequest, error::Error, execute::Reply, service::Peregrine};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/submission/graphql", |methods| methods.post(query));
    routes.resource("/submission/getschema", |methods| methods.get(schema));
}

/// `POST /v0/submission/graphql`: `{"data": ...}`, with status 400 and `errors` when something failed.
async fn query(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
    payload: Payload,
) -> Result<HttpResponse, Error> {
    let caller = peregrine.authenticate(&request).await?;
    let body = web::read_body(payload, peregrine.config.body_limit).await?;
    let sent = GraphqlRequest::parse(&body)?;
    let reply = peregrine.into_inner().query(caller, &sent.query, &sent.variables).await?;
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

/// `GET /v0/submission/getschema`: the introspection, which is the same until the dictionary changes.
async fn schema(peregrine: Data<Peregrine>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let etag = format!("\"{}-{}\"", peregrine.config.version, peregrine.dictionary().digest);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, etag)).finish());
    }
    let body = peregrine.introspection()?;
    Ok(HttpResponse::Ok().insert_header((ETAG, etag)).content_type("application/json").body(body))
}
