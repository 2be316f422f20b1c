//! `/login/…` and `/logout`: logging in by an identity provider, the way there and back. Mock
//! providers and the development login exist only where fence is reached by a loopback address.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path},
};
use auditlog::Login;
use serde_json::{Value, json};
use url::{Url, form_urlencoded};
use web::{Params, Routes};

use super::redirect::redirect;
use crate::{
    actions::Entered,
    config::{LoginOption, Upstreams},
    error::Error,
    identity::{
        login::{MayLogIn, PENDING, host, may_log_in_by_answer, may_log_in_by_mock},
        registration::IN_PROGRESS,
        session::{CurrentSession, Session},
        shibboleth::{self, may_log_in_by_proxy},
    },
    providers::{Issuer, Kind, Pending, RAS, SHIBBOLETH as PROXY, VisasAsked, route},
    service::Fence,
};

/// What a session remembers of a login, under the names of the original.
const REDIRECT: &str = "redirect";
const LOGIN_PAGE: &str = "post_registration_redirect";
const UPSTREAM: &str = "upstream_idp";
const SHIBBOLETH: &str = "shib_idp";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/login/{idp}", |methods| methods.get(begin));
    routes.resource("/login/{idp}/login", |methods| methods.get(end));
    routes.resource("/login/ras/callback", |methods| methods.get(end_at_ras));
    routes.resource("/logout", |methods| methods.get(logout));
}

/// Where a login of a form of ours leads; to the front page if nothing is said.
pub(super) async fn target(
    fence: &Fence,
    request: &HttpRequest,
    asked: Option<&str>,
) -> Result<String, Error> {
    let asked = asked.filter(|target| !target.is_empty());
    fence.login_target(host(request).as_ref(), asked.unwrap_or("/")).await
}

/// A login option as login pages read it, with an address for each provider behind this one that it names.
pub(super) fn shown(fence: &Fence, option: &LoginOption) -> Value {
    let url = format!("{}/login/{}", fence.config.base_url, route(&option.idp));
    let behind = |id: &str| {
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("idp", id).finish();
        format!("{url}?{query}")
    };
    let shibboleth = |id: &str| {
        let mut query = form_urlencoded::Serializer::new(String::new());
        format!("{url}?{}", query.append_pair("idp", "shibboleth").append_pair("shib_idp", id).finish())
    };
    let older = Upstreams::These(option.fence_idp.iter().cloned().collect());
    let urls = upstreams(fence, option, &option.shib_idps, Kind::Shibboleth, &shibboleth)
        .or_else(|| upstreams(fence, option, &option.upstream_idps, Kind::Option, &behind))
        .or_else(|| upstreams(fence, option, &older, Kind::Option, &behind))
        .unwrap_or_else(|| vec![json!({ "name": option.name, "url": url })]);
    json!({
        "id": option.idp,
        "idp": option.idp,
        "name": option.name,
        "url": url,
        "urls": urls,
        "desc": option.desc,
        "secondary": option.secondary.is_on(),
    })
}

/// The addresses of the providers behind an option, with the names that are known of them; nothing where the
/// option has none, or has all of those that nobody knows.
fn upstreams(
    fence: &Fence,
    option: &LoginOption,
    wanted: &Upstreams,
    kind: Kind,
    address: &dyn Fn(&str) -> String,
) -> Option<Vec<Value>> {
    let known = fence.behind.known(&option.idp, kind);
    let is_shown = |id: &str| !fence.config.hide_idps.iter().any(|hidden| hidden == id);
    let line = |id: &str, name: &str| json!({ "name": name, "url": address(id) });
    match (wanted.listed(), &known) {
        (Some([]), _) | (None, None) => None,
        (Some(ids), _) => {
            let name = |id: &String| known.as_ref().and_then(|known| known.get(id)).unwrap_or(&option.name);
            Some(ids.iter().filter(|id| is_shown(id)).map(|id| line(id, name(id))).collect())
        }
        (None, Some(known)) => {
            Some(known.iter().filter(|(id, _)| is_shown(id)).map(|(id, name)| line(id, name)).collect())
        }
    }
}

/// The public address of this very request.
fn own_address(fence: &Fence, request: &HttpRequest) -> String {
    let path = request.uri().path_and_query().map_or_else(String::new, ToString::to_string);
    format!("{}{path}", fence.config.base_url)
}

pub(super) async fn begin(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
    idp: Path<String>,
) -> Result<HttpResponse, Error> {
    let asked = params.get(REDIRECT);
    let page = own_address(&fence, &request);
    if fence.checked.mocks.contains_key(idp.as_str()) {
        let cookie = request.cookie(&fence.config.dev_login_cookie_name);
        let proof = may_log_in_by_mock(&fence, &request, &idp, cookie.as_ref().map(|cookie| cookie.value()))?;
        let target = fence.login_target(host(&request).as_ref(), asked.unwrap_or_default()).await?;
        let way_back = WayBack { redirect: Some(&target), login_page: &page };
        return finish(&fence, &request, &session, proof, way_back).await;
    }
    if *idp == route(PROXY) {
        // First, because without it there is no such address.
        let (pending, address) = shibboleth::begin(&fence, &params)?;
        let target = fence.login_target(host(&request).as_ref(), asked.unwrap_or_default()).await?;
        let mut session = session.0.borrow_mut();
        remember_way_back(&mut session, &pending, Some(target), page);
        session.forget(SHIBBOLETH);
        session.remember(SHIBBOLETH, params.get(SHIBBOLETH).unwrap_or_default().to_owned());
        return Ok(redirect(&address));
    }
    let issuer = fence.providers.get(idp.as_str()).ok_or_else(Error::no_such_url)?;
    // The original lets only this provider do without.
    let target = match asked {
        None if issuer.upstream.idp == "fence" => None,
        asked => Some(fence.login_target(host(&request).as_ref(), asked.unwrap_or_default()).await?),
    };
    let (mut pending, url) = issuer.begin(&params).await?;
    pending.visas = visas_asked(target.as_deref());
    let mut session = session.0.borrow_mut();
    remember_way_back(&mut session, &pending, target, page);
    remember_upstream(&mut session, issuer, &params);
    Ok(redirect(url.as_str()))
}

/// What a session remembers while its browser is away.
fn remember_way_back(session: &mut Session, pending: &Pending, target: Option<String>, page: String) {
    session.remember(PENDING, pending.to_text());
    session.forget(REDIRECT);
    session.remember(REDIRECT, target.unwrap_or_default());
    session.forget(LOGIN_PAGE);
    session.remember(LOGIN_PAGE, page);
}

/// Whether the client that the login leads back to asks for the rights of visas.
fn visas_asked(target: Option<&str>) -> VisasAsked {
    let (_, query) = target.and_then(|target| target.split_once('?')).unwrap_or_default();
    let asked = Params::parse(query).get("parse_visas").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    if asked { VisasAsked::Asked } else { VisasAsked::NotAsked }
}

/// Which provider behind this one was chosen, for the user's page.
fn remember_upstream(session: &mut Session, issuer: &Issuer, params: &Params) {
    session.forget(UPSTREAM);
    session.forget(SHIBBOLETH);
    let Some(upstream) = params.get("idp") else { return };
    session.remember(UPSTREAM, upstream.to_owned());
    if issuer.upstream.idp == "fence" && upstream == "shibboleth" {
        session.remember(SHIBBOLETH, params.get(SHIBBOLETH).unwrap_or_default().to_owned());
    }
}

/// The browser comes back from another issuer.
async fn end(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
    idp: Path<String>,
) -> Result<HttpResponse, Error> {
    come_back(&fence, &session, &params, &request, &idp).await
}

/// As [`end`], at the address that this issuer has always known.
async fn end_at_ras(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    come_back(&fence, &session, &params, &request, RAS).await
}

async fn come_back(
    fence: &Fence,
    session: &CurrentSession,
    params: &Params,
    request: &HttpRequest,
    idp: &str,
) -> Result<HttpResponse, Error> {
    if params.get("error").is_some_and(|error| !error.is_empty()) && fence.providers.contains_key(idp) {
        return failed(fence, session, params).await;
    }
    let pending = session.0.borrow_mut().forget(PENDING);
    let proof = if idp == route(PROXY) {
        may_log_in_by_proxy(fence, request, pending, params).await?
    } else {
        may_log_in_by_answer(fence, idp, pending, params).await?
    };
    let (target, page) = {
        let session = session.0.borrow();
        (session.get(REDIRECT).map(str::to_owned), session.get(LOGIN_PAGE).unwrap_or_default().to_owned())
    };
    let way_back = WayBack { redirect: target.as_deref(), login_page: &page };
    finish(fence, request, session, proof, way_back).await
}

/// The user, or the issuer, did not want to: whoever sent the browser to us is told, with the issuer's words.
async fn failed(fence: &Fence, session: &CurrentSession, params: &Params) -> Result<HttpResponse, Error> {
    let back = {
        let mut session = session.0.borrow_mut();
        session.forget(PENDING);
        session.get(REDIRECT).map_or_else(|| fence.config.base_url.clone(), str::to_owned)
    };
    let (path, query) = back.split_once('?').unwrap_or((&back, ""));
    let own: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    // A client of ours that began all this is told itself, if it is one.
    let client = own.iter().find(|(name, _)| name == "redirect_uri").map(|(_, value)| value.clone());
    let client = match client {
        Some(client) if fence.may_redirect_to(&client).await? => Some(client),
        _ => None,
    };
    let target = client.as_deref().map_or(path, |client| client.split('?').next().unwrap_or(client));
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&own).extend_pairs(params.iter());
    Ok(redirect(&format!("{target}?{}", query.finish())))
}

/// Where a login leads.
pub(super) struct WayBack<'a> {
    pub(super) redirect: Option<&'a str>,
    /// The address at which the login can be made again.
    pub(super) login_page: &'a str,
}

pub(super) async fn finish(
    fence: &Fence,
    request: &HttpRequest,
    session: &CurrentSession,
    proof: MayLogIn<'_>,
    way_back: WayBack<'_>,
) -> Result<HttpResponse, Error> {
    let WayBack { redirect: target, login_page } = way_back;
    let before = session.0.borrow().clone();
    let mut changed = before.clone();
    let entered = fence.log_in(&mut changed, &proof).await?;
    // What registration and later steps of a login return to, under the names of the original.
    changed.remember(REDIRECT, target.unwrap_or_default().to_owned());
    changed.remember(LOGIN_PAGE, login_page.to_owned());
    let answer = match entered {
        Entered::AfterRegistration { username } => {
            changed.remember(IN_PROGRESS, username);
            redirect(&format!("{}/register/", fence.config.base_url))
        }
        Entered::Now => {
            let username = changed.username().unwrap_or_default().to_owned();
            for name in [UPSTREAM, SHIBBOLETH] {
                changed.remember(name, before.get(name).unwrap_or_default().to_owned());
            }
            tracing::info!(user.id = changed.user_id(), login.idp = proof.idp(), "a user has logged in");
            let answer = match target {
                Some(target) => redirect(target),
                None => HttpResponse::Ok().json(json!({ "username": username })),
            };
            let known = |name| before.get(name).filter(|text| !text.is_empty()).map(str::to_owned);
            fence.note_login(request, || Login {
                status_code: answer.status().as_u16().into(),
                username: username.clone(),
                sub: changed.user_id().and_then(|id| id.parse().ok()),
                idp: proof.idp().to_owned(),
                fence_idp: known(UPSTREAM),
                shib_idp: known(SHIBBOLETH),
                ..Login::default()
            });
            changed.remember(IN_PROGRESS, username);
            answer
        }
    };
    *session.0.borrow_mut() = changed;
    Ok(answer)
}

async fn logout(fence: Data<Fence>, session: CurrentSession, params: Params) -> Result<HttpResponse, Error> {
    let root = fence.checked.base.origin().ascii_serialization();
    let next = match params.get("next") {
        None => fence.config.base_url.clone(),
        Some(path) if path.is_empty() || path.starts_with('/') => format!("{root}{path}"),
        Some(address) => address.to_owned(),
    };
    if !fence.may_redirect_to(&next).await? {
        return Err(Error::BadRequest(format!("invalid logout redirect URL: {next}")));
    }
    let ended = session.0.borrow().clone();
    fence.end_session(&ended).await?;
    session.0.borrow_mut().clear();
    let everywhere =
        params.get("force_era_global_logout").is_some_and(|text| text.eq_ignore_ascii_case("true"));
    let theirs = provider_logout(&fence, &ended, &next, everywhere).await;
    Ok(redirect(theirs.as_deref().unwrap_or(&next)))
}

/// Where the session ends that the user has with their identity provider, for those that end it by a
/// redirect. One that does not answer does not keep the user from leaving us.
async fn provider_logout(fence: &Fence, session: &Session, next: &str, everywhere: bool) -> Option<String> {
    let encoded =
        |name: &str| form_urlencoded::Serializer::new(String::new()).append_pair(name, next).finish();
    let provider = session.get("provider").unwrap_or_default();
    if everywhere || provider == "itrust" {
        let address = &fence.config.itrust_global_logout;
        let next: String = form_urlencoded::byte_serialize(next.as_bytes()).collect();
        return (!address.is_empty()).then(|| format!("{address}{next}"));
    }
    let settings = fence.config.openid_connect.get(provider)?;
    match provider {
        "fence" if !settings.api_base_url.is_empty() => {
            let base = settings.api_base_url.trim_end_matches('/');
            Some(format!("{base}/logout?{}", encoded("next")))
        }
        "cognito" => {
            let said = fence.providers.get(&route(provider))?.endpoints().await.ok()?;
            let mut url = Url::parse(&said.end_session_endpoint).ok()?;
            url.query_pairs_mut()
                .append_pair("client_id", &settings.client_id)
                .append_pair("logout_uri", next);
            Some(url.into())
        }
        _ => None,
    }
}
