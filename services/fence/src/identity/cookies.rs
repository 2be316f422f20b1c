//! The cookies of a browser: the session, and the access token that the gateway makes a header of.

use actix_web::cookie::{Cookie, SameSite, time::OffsetDateTime};
use sqlx::PgConnection;
use tokens::{Claims, Expect, Purpose, TokenError};

use super::{issuer::AUDIENCE, session::Session};
use crate::{
    clock::now,
    error::Error,
    service::Fence,
    store::{
        denylist,
        users::{self, User},
    },
};

/// The session in a request's cookie, or an empty one. A session that was ended by logging out, or is over,
/// is none; `None` stands for what never was one.
///
/// # Errors
/// When the database fails.
pub(crate) async fn read_session(
    fence: &Fence,
    cookie: Option<Cookie<'static>>,
) -> Result<Option<Session>, Error> {
    let Some(cookie) = cookie else { return Ok(Some(Session::default())) };
    let expect = Expect { audience: Some("fence"), purpose: Some(Purpose::Session), ..Expect::default() };
    let claims = match fence.verifier.verify(cookie.value(), expect).await {
        Ok(claims) => claims,
        Err(TokenError::Expired) => return Ok(Some(Session::default())),
        Err(_) => return Ok(None),
    };
    let session = Session::from_claims(claims, &fence.config).unwrap_or_default();
    if let Some((name, _)) = session.name_and_end(&fence.config)
        && denylist::contains(&mut *fence.pool.acquire().await?, name).await?
    {
        return Ok(Some(Session::default()));
    }
    Ok(Some(session))
}

/// Who is logged in by `session`: its user, who must still be the same person under this name, be active, and
/// not have been shut out since it began.
pub(crate) async fn session_user(
    connection: &mut PgConnection,
    session: &Session,
) -> Result<Option<User>, sqlx::Error> {
    let Some(username) = session.username() else { return Ok(None) };
    let user = users::by_name(connection, username).await?;
    Ok(user.filter(|user| {
        let is_same = session.user_id().is_none_or(|id| id == user.id.to_string());
        is_same && session.started().is_some_and(|started| user.honours_session(started))
    }))
}

/// What cookies a request came with.
pub(crate) enum Carried {
    Nothing,
    /// A session that is none of ours.
    Broken,
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
            // As the original does it: an empty one takes its place.
            Carried::Broken => vec![session_cookie(fence, &Session::begin())?],
            Carried::SessionOnly | Carried::AccessToken(_) => both_expired(fence).into(),
        });
    }
    let mut access_cookie = None;
    match session.username() {
        Some(_) if !is_fresh(fence, session, carried.access_token()).await => {
            let mut connection = fence.pool.acquire().await?;
            let user = session_user(&mut connection, session).await?;
            let Some(user) = user else { return Ok(both_expired(fence).into()) };
            let scopes = &fence.config.tokens.session_allowed_scopes;
            let access = fence.issuer.access(&user, scopes, fence.config.tokens.access_token_expires_in)?;
            let name = &fence.config.access_token_cookie_name;
            access_cookie = Some(cookie(fence, name, access.token, access.exp));
        }
        None if carried.access_token().is_some() => {
            let [_, expired] = both_expired(fence);
            access_cookie = Some(expired);
        }
        Some(_) | None => {}
    }
    Ok([session_cookie(fence, session)?].into_iter().chain(access_cookie).collect())
}

fn session_cookie(fence: &Fence, session: &Session) -> Result<Cookie<'static>, Error> {
    let signed = fence.issuer.session(session, session.expires(&fence.config))?;
    Ok(cookie(fence, &fence.config.session_cookie_name, signed.token, signed.exp))
}

/// Whether the access token that the browser has is the session user's own and will live for a while.
async fn is_fresh(fence: &Fence, session: &Session, token: Option<&str>) -> bool {
    let Some(token) = token else { return false };
    let expect = Expect { audience: Some(AUDIENCE), purpose: Some(Purpose::Access), ..Expect::default() };
    let fits = |claims: Claims| {
        claims.sub.as_deref() == session.user_id()
            && claims.exp > now() + fence.config.tokens.access_token_renewal_threshold
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
