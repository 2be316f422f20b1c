//! `/oauth2`: users let clients act for them, and clients get tokens (RFC 6749, OpenID Connect Core).

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, CACHE_CONTROL, REFERRER_POLICY},
    },
    web::Data,
};
use serde_json::json;
use url::{Url, form_urlencoded::Serializer as Query};
use web::{Params, Routes};

use super::{
    body::Body,
    document::{document, public_path},
    login::shown,
};
use crate::{
    actions::told_scopes,
    config::CONSENT,
    error::Error,
    identity::{
        consent::{Decision, Word, decide},
        session::CurrentSession,
    },
    pages,
    provider::{authorization::Asked, parameters::Parameters},
    providers::route,
    service::Fence,
    store::users::User,
};

const AUTHORIZE: &str = "/oauth2/authorize";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource(AUTHORIZE, |methods| methods.get(authorize).post(authorize));
    routes.resource(CONSENT, |methods| methods.post(consent));
}

async fn authorize(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    query: Params,
    body: Body,
) -> Result<HttpResponse, Error> {
    let form = if body.is_form() { body.form() } else { Vec::new() };
    let parameters = read(&query, form)?;
    let current = session.0.borrow().clone();
    let Ok(user) = fence.session_user(&current).await else {
        return log_in_first(&fence, &session, &request, &query, &parameters).await;
    };
    let asked = fence.asked(&parameters).await?;
    let word = word(&request, &parameters);
    match decide(asked, user, word) {
        Decision::Granted(proof) => Ok(lead(&request, &fence.grant(&proof).await?)),
        Decision::Refused(asked) => Ok(lead(&request, &denied(&asked))),
        Decision::Open(asked, user) if asked.prompts.is_empty() => {
            Ok(ask(&fence, &session, &asked, &user, &parameters))
        }
        Decision::Open(asked, user) => {
            prompted(&fence, &session, &request, (&asked, &user), &parameters).await
        }
    }
}

fn read(query: &Params, form: Vec<(String, String)>) -> Result<Parameters, Error> {
    Parameters::new(query, form).map_err(|refusal| Error::BadRequest(refusal.to_string()))
}

fn denied(asked: &Asked) -> String {
    asked.error("access_denied", "The resource owner or authorization server denied the request")
}

/// What the request itself says about consent. A link on a foreign page cannot say it for the user: browsers
/// tell where a request comes from.
fn word(request: &HttpRequest, parameters: &Parameters) -> Word {
    let site = request.headers().get("sec-fetch-site").and_then(|site| site.to_str().ok());
    let is_foreign = !matches!(site, None | Some("same-origin" | "none"));
    match parameters.get("confirm") {
        None => Word::Nothing,
        Some("yes") if is_foreign && *request.method() == Method::GET => Word::Nothing,
        Some("yes") => Word::Yes,
        Some(_) => Word::No,
    }
}

/// Sends a browser on. Scripts do not follow redirects to other sites, so they are told in JSON.
fn lead(request: &HttpRequest, to: &str) -> HttpResponse {
    if *request.method() == Method::POST {
        return HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({ "redirect": to }));
    }
    found(to)
}

fn found(to: &str) -> HttpResponse {
    HttpResponse::Found()
        // As the original says, though there is nothing to read.
        .content_type("text/html; charset=utf-8")
        .insert_header((header::LOCATION, to))
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .finish()
}

/// Where the user logs in: at the provider that the request names, or at the default one.
fn login_page(fence: &Fence, idp: Option<&str>) -> Result<Url, Error> {
    let address = match idp {
        None => fence
            .checked
            .default_login
            .as_ref()
            .and_then(|default| shown(fence, default)["urls"][0]["url"].as_str().map(str::to_owned)),
        Some(idp) => {
            let is_known = fence.config.openid_connect.contains_key(idp)
                || fence.checked.logins.iter().any(|option| option.idp == idp);
            is_known.then(|| format!("{}/login/{}", fence.config.base_url, route(idp)))
        }
    };
    let told = || match idp {
        Some(idp) => format!("idp {idp} is not supported"),
        None => "this commons has no login page".to_owned(),
    };
    address.and_then(|address| Url::parse(&address).ok()).ok_or_else(|| Error::BadRequest(told()))
}

/// Nobody is logged in: the browser goes to a login and comes back.
async fn log_in_first(
    fence: &Fence,
    session: &CurrentSession,
    request: &HttpRequest,
    query: &Params,
    parameters: &Parameters,
) -> Result<HttpResponse, Error> {
    if parameters.get("prompt").is_some_and(|prompt| prompt.trim() == "none")
        && let Ok(asked) = fence.asked(parameters).await
    {
        return Ok(found(&asked.error("login_required", "The user must log in first")));
    }
    let mut login = login_page(fence, query.get("idp").filter(|idp| !idp.is_empty()))?;
    let back = format!("{}{AUTHORIZE}?{}", fence.config.base_url, request.query_string());
    {
        let mut pairs = login.query_pairs_mut();
        pairs.append_pair("redirect", &back);
        let (fence_idp, shib_idp) = (query.get("fence_idp"), query.get("shib_idp"));
        match (query.get("idp"), fence_idp) {
            (Some("fence"), Some(idp)) => {
                pairs.append_pair("idp", idp);
                if let ("shibboleth", Some(shib_idp)) = (idp, shib_idp) {
                    pairs.append_pair("shib_idp", shib_idp);
                }
            }
            (Some("shibboleth"), _) => {
                if let Some(shib_idp) = shib_idp {
                    pairs.append_pair("shib_idp", shib_idp);
                }
            }
            _ => {}
        }
    }
    if let Some(client) = query.get("client_id") {
        session.0.borrow_mut().remember("client_id", client.to_owned());
    }
    Ok(found(login.as_str()))
}

/// The request says how the user is to be asked (OpenID Connect Core §3.1.2.1).
async fn prompted(
    fence: &Fence,
    session: &CurrentSession,
    request: &HttpRequest,
    (asked, user): (&Asked, &User),
    parameters: &Parameters,
) -> Result<HttpResponse, Error> {
    if asked.has_prompt("none") {
        let address = match asked.prompts.len() {
            1 => denied(asked),
            _ => asked.error("invalid_request", "Invalid 'prompt' parameter."),
        };
        return Ok(lead(request, &address));
    }
    if asked.has_prompt("login") {
        let ended = session.0.borrow().clone();
        fence.end_session(&ended).await?;
        session.0.borrow_mut().clear();
        return Ok(lead(request, &again(fence, parameters)));
    }
    Ok(ask(fence, session, asked, user, parameters))
}

/// The same request once more, which finds nobody logged in and does not ask for a login again.
fn again(fence: &Fence, parameters: &Parameters) -> String {
    let mut query = Query::new(String::new());
    for (name, value) in parameters.iter().filter(|(name, _)| !matches!(*name, "csrf_token" | "confirm")) {
        if name != "prompt" {
            query.append_pair(name, value);
            continue;
        }
        let left: Vec<&str> = value.split_whitespace().filter(|prompt| *prompt != "login").collect();
        if !left.is_empty() {
            query.append_pair(name, &left.join(" "));
        }
    }
    format!("{}{AUTHORIZE}?{}", fence.config.base_url, query.finish())
}

/// The page that asks the user.
fn ask(
    fence: &Fence,
    session: &CurrentSession,
    asked: &Asked,
    user: &User,
    parameters: &Parameters,
) -> HttpResponse {
    let csrf_token = session.0.borrow_mut().csrf_token();
    let carried: Vec<(&str, &str)> =
        parameters.iter().filter(|(name, _)| !matches!(*name, "csrf_token" | "confirm")).collect();
    let page = pages::Consent {
        action: &public_path(fence, CONSENT),
        csrf_token: &csrf_token,
        client: &asked.client.name,
        redirect_uri: &asked.redirect_uri,
        username: &user.username,
        scopes: &told_scopes(asked),
        carried: &carried,
    };
    document(fence, StatusCode::OK).body(pages::consent(&fence.config, &page))
}

/// What the user said on the page. Unlike [`authorize`] it wants the page's own token from everybody, so that
/// it needs no script and no header.
async fn consent(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    let parameters = read(&Params::default(), if body.is_form() { body.form() } else { Vec::new() })?;
    let current = session.0.borrow().clone();
    let user = fence.session_user(&current).await?;
    if !current.accepts_csrf_token(parameters.get("csrf_token")) {
        return Err(Error::BadRequest("CSRF verification failed: please open the page again".into()));
    }
    let asked = fence.asked(&parameters).await?;
    match decide(asked, user, word(&request, &parameters)) {
        Decision::Granted(proof) => Ok(found(&fence.grant(&proof).await?)),
        Decision::Refused(asked) | Decision::Open(asked, _) => Ok(found(&denied(&asked))),
    }
}
