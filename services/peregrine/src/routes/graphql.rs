//! `/submission/graphql` and `/submission/getschema`.

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::header::{CONTENT_DISPOSITION, ETAG, IF_NONE_MATCH},
    web::{Data, Payload},
};

use futures_util::{Stream, StreamExt as _, stream};
use resources::Held;

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
    let (reply, held) = peregrine.into_inner().query(caller, &sent.query, &sent.variables).await?;
    Ok(respond(reply, held))
}

/// The answer. It holds its memory until it is sent, or given up.
fn respond(reply: Reply, held: Held) -> HttpResponse {
    let mut response = match &reply {
        Reply::Whole(answer) if !answer.errors.is_empty() => HttpResponse::BadRequest(),
        _ => HttpResponse::Ok(),
    };
    response.content_type("application/json");
    match reply {
        Reply::Whole(answer) => {
            let length = answer.body.len() as u64;
            let whole = stream::iter([Ok::<_, Error>(answer.body)]);
            response.body(SizedStream::new(length, holding(whole, held)))
        }
        Reply::Begun(begun, arriving) => response.streaming(holding(arriving.pieces(begun), held)),
    }
}

/// The same stream, at whose end `held` is given back.
fn holding<S: Stream>(stream: S, held: Held) -> impl Stream<Item = S::Item> {
    stream.map(move |piece| {
        let _ = &held;
        piece
    })
}

/// The original sends a file of this name.
const SCHEMA_FILE: &str = "inline; filename=schema.json";

/// `GET /v0/submission/getschema`: the introspection, which is the same until the dictionary changes.
async fn schema(peregrine: Data<Peregrine>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let etag = format!("\"{}-{}\"", peregrine.config.version, peregrine.dictionary().digest);
    let known = request.headers().get(IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known.is_some_and(|known| known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag)) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, etag)).finish());
    }
    let body = peregrine.introspection()?;
    let mut response = HttpResponse::Ok();
    response.insert_header((ETAG, etag)).insert_header((CONTENT_DISPOSITION, SCHEMA_FILE));
    Ok(response.content_type("application/json").body(body))
}
