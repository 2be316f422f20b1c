//! The cookies of a browser: the session, and the access token that the gateway makes a header of.

use actix_web::cookie::{Cookie, SameSite, time::OffsetDateTime};
use tokens::{Claims, Expect, Purpose};

use super::{issuer::AUDIENCE, session::Session};
use crate::{
    clock::now,
    error::Error,
    service::Fence,
    store::{denylist, users},
};

/// The session in a request's cookie, or an empty one. A session that was ended by logging out is none.
///
/// # Errors
/// When the database fails.
pub(crate) async fn read_session(fence: &Fence, cookie: Option<Cookie<'static>>) -> Result<Session, Error> {
    let Some(cookie) = cookie else { return Ok(Session::default()) };
    let expect = Expect { audience: Some("fence"), purpose: Some(Purpose::Session), ..Expect::default() };
    let claims = fence.verifier.verify(cookie.value(), expect).await.ok();
    let session = claims.and_then(|claims| Session::from_claims(claims, &fence.config)).unwrap_or_default();
    if let Some((name, _)) = session.name_and_end(&fence.config)
        && denylist::contains(&mut *fence.pool.acquire().await?, name).await?
    {
        return Ok(Session::default());
    }
    Ok(session)
}

/// What cookies a request came with.
pub(crate) enum Carried {
    Nothing,
    SessionOnly,
    /// The access token, with or without a session.
    AccessToken(String),
}

impl Carried {
    fn access_token(&self) -> Option<&str> {
        if let Self::AccessToken(token) = self { Some(token) } else { None }
    }
}

/// The cookies of the answer: renewed while somebody is logged in, expired otherwise.
pub(crate) async fn renewed(
    fence: &Fence,
    session: &Session,
    carried: &Carried,
) -> Result<Vec<Cookie<'static>>, Error> {
    if session.is_empty() {
        return Ok(match carried {
            Carried::Nothing => Vec::new(),
            Carried::SessionOnly | Carried::AccessToken(_) => both_expired(fence).into(),
        });
    }
    let mut access_cookie = None;
    match session.username() {
        Some(username) if !is_fresh(fence, session, carried.access_token()).await => {
            let mut connection = fence.pool.acquire().await?;
            let user = users::by_name(&mut connection, username).await?.filter(|user| user.active);
            let Some(user) = user else { return Ok(both_expired(fence).into()) };
            let scopes = &fence.config.session_allowed_scopes;
            let access = fence.issuer.access(&user, scopes, fence.config.access_token_expires_in)?;
            let name = &fence.config.access_token_cookie_name;
            access_cookie = Some(cookie(fence, name, access.token, access.exp));
        }
        None if carried.access_token().is_some() => {
            let [_, expired] = both_expired(fence);
            access_cookie = Some(expired);
        }
        Some(_) | None => {}
    }
    let signed = fence.issuer.session(session, session.expires(&fence.config))?;
    let session_cookie = cookie(fence, &fence.config.session_cookie_name, signed.token, signed.exp);
    Ok([session_cookie].into_iter().chain(access_cookie).collect())
}

/// Whether the access token that the browser has is the session user's own and will live for a while.
async fn is_fresh(fence: &Fence, session: &Session, token: Option<&str>) -> bool {
    let Some(token) = token else { return false };
    let expect = Expect { audience: Some(AUDIENCE), purpose: Some(Purpose::Access), ..Expect::default() };
    let fits = |claims: Claims| {
        claims.sub.as_deref() == session.user_id()
            && claims.exp > now() + fence.config.access_token_renewal_threshold
    };
    fence.verifier.verify(token, expect).await.is_ok_and(fits)
}

fn cookie(fence: &Fence, name: &str, value: String, exp: i64) -> Cookie<'static> {
    let expires = OffsetDateTime::from_unix_timestamp(exp).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let mut cookie = Cookie::build(name.to_owned(), value)
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(fence.checked.secure_cookies)
        .expires(expires)
        .finish();
    if let Some(domain) = &fence.config.session_cookie_domain {
        cookie.set_domain(domain.clone());
    }
    cookie
}

/// Both cookies, expired: first the session, then the access token.
fn both_expired(fence: &Fence) -> [Cookie<'static>; 2] {
    let names = [&fence.config.session_cookie_name, &fence.config.access_token_cookie_name];
    let mut cookies = names.map(|name| cookie(fence, name, String::new(), 0));
    // As fence does it; a cookie that goes needs no policy.
    cookies[0].set_same_site(None);
    cookies
}
