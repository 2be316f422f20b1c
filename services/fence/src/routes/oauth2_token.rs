//! `/oauth2/token` (RFC 6749 §3.2) and `/oauth2/revoke` (RFC 7009).

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{AUTHORIZATION, CACHE_CONTROL, PRAGMA},
    },
    web::Data,
};
use serde_json::{Map, Value, json};
use web::{Params, Routes};

use super::body::Body;
use crate::{
    actions::{Redemption, Revoked, TokenSet},
    error::Error,
    identity::{
        caller::Caller,
        oauth_client::{Methods, may_use_client},
        permits::{may_revoke, may_revoke_own},
    },
    provider::{
        client::Grant,
        credentials::{Credentials, is_basic},
        parameters::Parameters,
        refusal::Refusal,
    },
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/oauth2/token", |methods| methods.post(token));
    routes.resource("/oauth2/revoke", |methods| methods.post(revoke));
    routes.resource("/oauth2/errors", |methods| methods.get(errors));
}

/// Nothing may keep an answer with tokens.
fn answer(status: StatusCode) -> HttpResponseBuilder {
    let mut answer = HttpResponse::build(status);
    answer.insert_header((CACHE_CONTROL, "no-store")).insert_header((PRAGMA, "no-cache"));
    answer
}

fn header(request: &HttpRequest) -> Option<&str> {
    request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok())
}

fn parameters(query: &Params, body: &Body) -> Result<Parameters, Error> {
    Ok(Parameters::new(query, if body.is_form() { body.form() } else { Vec::new() })?)
}

async fn token(
    fence: Data<Fence>,
    request: HttpRequest,
    query: Params,
    body: Body,
) -> Result<HttpResponse, Error> {
    let parameters = parameters(&query, &body)?;
    let grant = parameters.get("grant_type").and_then(Grant::of);
    let named = match grant {
        Some(Grant::Code) => "authorization_code",
        Some(Grant::Refresh) => "refresh_token",
        Some(Grant::ClientCredentials) => "client_credentials",
        Some(Grant::Implicit) | None => "other",
    };
    let tokens = fence.counts.answered(named, granted(&fence, &request, &parameters, grant).await)?;
    Ok(answer(StatusCode::OK).json(tokens))
}

async fn granted(
    fence: &Fence,
    request: &HttpRequest,
    parameters: &Parameters,
    grant: Option<Grant>,
) -> Result<TokenSet, Error> {
    let credentials = Credentials::read(header(request), parameters);
    let missing = |name: &str| Refusal::invalid_request(format!("Missing '{name}' in request."));
    match grant {
        Some(Grant::Code) => {
            let proof = may_use_client(fence, &credentials, Methods::All).await?;
            let redemption = Redemption {
                code: parameters.get("code").ok_or_else(|| missing("code"))?,
                redirect_uri: parameters.get("redirect_uri"),
                verifier: parameters.get("code_verifier"),
            };
            fence.redeem(&proof, redemption).await
        }
        Some(Grant::Refresh) => {
            let proof = may_use_client(fence, &credentials, Methods::All).await?;
            let token = parameters.get("refresh_token").ok_or_else(|| missing("refresh_token"))?;
            fence.refresh(&proof, token, parameters.get("scope")).await
        }
        Some(Grant::ClientCredentials) => {
            let proof = may_use_client(fence, &credentials, Methods::Basic).await?;
            fence.client_token(&proof, parameters.get("scope"))
        }
        Some(Grant::Implicit) | None => Err(Refusal::unsupported_grant_type().into()),
    }
}

async fn revoke(
    fence: Data<Fence>,
    caller: Caller,
    request: HttpRequest,
    query: Params,
    body: Body,
) -> Result<HttpResponse, Error> {
    let parameters = parameters(&query, &body);
    let by_body = || parameters.as_ref().is_ok_and(|parameters| parameters.filled("client_id").is_some());
    let methods = match header(&request) {
        Some(header) if is_basic(header) => Some(Methods::Basic),
        // Clients of other libraries say who they are among the parameters.
        None if by_body() => Some(Methods::All),
        _ => None,
    };
    if let Some(methods) = methods {
        return revoke_as_client(&fence, &request, &parameters?, methods).await;
    }
    let token = body.form().into_iter().find(|(key, _)| key == "token");
    let Some((_, token)) = token.filter(|_| body.is_form()) else {
        return Err(Error::BadRequest("please send the token in a form, as the field token".into()));
    };
    match fence.revoke(may_revoke(&fence, &caller, &token).await?).await? {
        Revoked::Now => Ok(nothing()),
        Revoked::Before => Err(Error::Unauthorized("token is denylisted".into())),
    }
}

async fn revoke_as_client(
    fence: &Fence,
    request: &HttpRequest,
    parameters: &Parameters,
    methods: Methods,
) -> Result<HttpResponse, Error> {
    let credentials = Credentials::read(header(request), parameters);
    let proof = may_use_client(fence, &credentials, methods).await?;
    let missing = || Refusal::invalid_request("").terse();
    let token = parameters.get("token").ok_or_else(missing)?;
    // What opens nothing any more is revoked (RFC 7009 §2.2).
    let Some(proof) = may_revoke_own(fence, &proof, token).await? else { return Ok(nothing()) };
    fence.revoke(proof).await?;
    Ok(answer(StatusCode::OK).json(json!({})))
}

fn nothing() -> HttpResponse {
    answer(StatusCode::OK).content_type("text/html; charset=utf-8").finish()
}

/// Where failed authorisations of OAuth clients end: shows what was said about them.
async fn errors(params: Params) -> HttpResponse {
    let said: Map<String, Value> =
        params.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    HttpResponse::Ok().json(said)
}
