//! Logging in through Shibboleth. A proxy in front of fence speaks it, and says by headers who somebody is.
//! fence believes them only beside the secret that it shares with the proxy.

use actix_web::{HttpRequest, http::header::HeaderMap};
use subtle::ConstantTimeEq as _;
use url::form_urlencoded::{Serializer, byte_serialize};
use web::Params;

use super::login::{MayLogIn, answered};
use crate::{
    error::Error,
    providers::{Pending, SHIBBOLETH},
    service::Fence,
};

/// The header with the secret.
const SECRET: &str = "x-shibboleth-proxy-secret";
/// The header with the name that a user has at home.
const NAME_AT_HOME: &str = "eppn";

/// Where a browser is sent that logs in, and what its session remembers.
///
/// # Errors
/// 404 where logins through Shibboleth are off.
pub(crate) fn begin(fence: &Fence, params: &Params) -> Result<(Pending, String), Error> {
    let settings = &fence.config.shibboleth;
    if !settings.is_on() {
        return Err(Error::no_such_url());
    }
    let pending = Pending::by_proxy(SHIBBOLETH);
    let mut query = Serializer::new(String::new());
    query.append_pair("state", pending.state());
    let back = format!("{}/login/shib/login?{}", fence.config.base_url, query.finish());
    let back: String = byte_serialize(back.as_bytes()).collect();
    let mut address = format!("{}{back}", settings.sso_url);
    if let Some(idp) = params.get("shib_idp").filter(|idp| !idp.is_empty()) {
        let idp: String = byte_serialize(idp.as_bytes()).collect();
        address = format!("{address}&entityID={idp}");
    }
    Ok((pending, address))
}

/// Takes the user whom the proxy names, for the login that the session waits for.
///
/// # Errors
/// 404 where logins through Shibboleth are off, 403 for a request that is not the proxy's, 400 for an answer
/// to another login or to none, and 401 where nobody is named.
pub(crate) async fn may_log_in_by_proxy(
    fence: &Fence,
    request: &HttpRequest,
    pending: Option<String>,
    answer: &Params,
) -> Result<MayLogIn<'static>, Error> {
    let settings = &fence.config.shibboleth;
    if !settings.is_on() {
        return Err(Error::no_such_url());
    }
    let headers = request.headers();
    let given = only(headers, SECRET)?.unwrap_or_default();
    let secret = settings.shibboleth_proxy_secret.as_str();
    if !bool::from(given.as_bytes().ct_eq(secret.as_bytes())) {
        return Err(Error::Forbidden("this address is for the proxy that speaks Shibboleth".into()));
    }
    answered(fence, SHIBBOLETH, pending, answer.get("state")).await?;
    let name = match only(headers, NAME_AT_HOME)? {
        Some(name) => Some(name),
        // `https://idp.example/idp!https://sp.example/sp!name`.
        None => only(headers, &settings.shibboleth_header)?.and_then(|id| id.rsplit('!').next()),
    };
    let name = name.map(str::trim).filter(|name| !name.is_empty());
    let name = name.ok_or_else(|| Error::Unauthorized("the proxy does not say who this is".into()))?;
    // Several values of one attribute are apart by semicolons.
    if name.contains(';') {
        return Err(Error::BadRequest("the proxy says several names".into()));
    }
    Ok(MayLogIn::named(name, SHIBBOLETH))
}

/// The value of a header that is there once.
///
/// # Errors
/// 400 for several values, and for one that is no text: which one counts would be anybody's guess.
fn only<'h>(headers: &'h HeaderMap, name: &str) -> Result<Option<&'h str>, Error> {
    let wrong = || Error::BadRequest(format!("the header {name} must be there once, as a text"));
    let mut values = headers.get_all(name);
    let value = values.next().map(|value| std::str::from_utf8(value.as_bytes()));
    if values.next().is_some() {
        return Err(wrong());
    }
    value.transpose().map_err(|_| wrong()).map(|value| value.filter(|value| !value.is_empty()))
}
