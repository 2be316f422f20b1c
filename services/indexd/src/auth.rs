//! Who may write.
//!
//! A basic login may do everything. Anybody else is asked about at arborist with the bearer token. Reads need
//! no permission, and a bad token on a read is never looked at.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION};
use authz::{Authz, AuthzError, Request, Subject};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sqlx::PgPool;
use subtle::ConstantTimeEq;

use crate::{Error, store::logins, users};

const SERVICE: &str = "indexd";
/// Whoever has a method here has it on every record.
const ADMIN: &str = "/services/indexd/admin";
/// The older place for the same, which counts for records that nobody guards.
const OLD_ADMIN: &str = "/programs";

/// Proof that somebody may make the change at hand. Only this module makes one.
#[derive(Debug)]
pub(crate) struct Permit(());

/// Who asks, as far as the `Authorization` header says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Claimant {
    /// A basic login.
    Login { username: String, password: String },
    /// A basic login that cannot be read.
    BrokenLogin,
    /// The bearer of a token.
    Token(String),
    /// A header that is neither.
    Unknown,
    /// No header.
    Nobody,
    /// Another service of the same process.
    Service,
}

// Written by hand so that neither a password nor a token can ever reach a log.
impl std::fmt::Debug for Claimant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Login { .. } => "Login(..)",
            Self::BrokenLogin => "BrokenLogin",
            Self::Token(_) => "Token(..)",
            Self::Unknown => "Unknown",
            Self::Nobody => "Nobody",
            Self::Service => "Service",
        })
    }
}

impl Claimant {
    fn from_header(header: Option<&[u8]>) -> Self {
        let Some(header) = header else { return Self::Nobody };
        let Ok(header) = std::str::from_utf8(header) else { return Self::Unknown };
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Self::from_basic(rest.trim()).unwrap_or(Self::BrokenLogin);
        }
        tokens::bearer(header).map_or(Self::Unknown, |token| Self::Token(token.to_owned()))
    }

    fn from_basic(encoded: &str) -> Option<Self> {
        let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (username, password) = decoded.split_once(':')?;
        Some(Self::Login { username: username.to_owned(), password: password.to_owned() })
    }
}

impl From<&indexclient::Caller> for Claimant {
    fn from(caller: &indexclient::Caller) -> Self {
        match caller {
            indexclient::Caller::Service => Self::Service,
            indexclient::Caller::Bearer(token) => Self::Token(token.clone()),
        }
    }
}

impl FromRequest for Claimant {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::from_header(req.headers().get(AUTHORIZATION).map(|value| value.as_bytes()))))
    }
}

/// Asks for permission to do `method` on all of `resources`; none of them means a record that nobody guards,
/// for which only administrators count.
pub(crate) async fn permit(
    pool: &PgPool,
    arborist: Option<&dyn Authz>,
    who: &Claimant,
    method: &str,
    resources: &[String],
) -> Result<Permit, Error> {
    match who {
        Claimant::Service => Ok(Permit(())),
        Claimant::Login { username, password } => login(pool, username, password).await,
        Claimant::BrokenLogin => Err(mismatch()),
        Claimant::Token(token) => {
            ask(configured(arborist)?, &Subject::Token(token.clone()), method, resources).await
        }
        Claimant::Unknown | Claimant::Nobody => {
            configured(arborist)?;
            Err(denied())
        }
    }
}

/// As [`permit`], for routes where only a basic login counts.
pub(crate) async fn permit_login(pool: &PgPool, who: &Claimant) -> Result<Permit, Error> {
    match who {
        Claimant::Service => Ok(Permit(())),
        Claimant::Login { username, password } => login(pool, username, password).await,
        Claimant::BrokenLogin => Err(mismatch()),
        Claimant::Token(_) | Claimant::Unknown | Claimant::Nobody => {
            Err(Error::Login("Username / password required.".into()))
        }
    }
}

fn mismatch() -> Error {
    Error::Login("username / password mismatch".into())
}

fn denied() -> Error {
    Error::Denied("Permission denied.".into())
}

fn configured(arborist: Option<&dyn Authz>) -> Result<&dyn Authz, Error> {
    arborist
        .ok_or_else(|| Error::Login("Arborist is not configured; cannot perform authorization check".into()))
}

async fn login(pool: &PgPool, username: &str, password: &str) -> Result<Permit, Error> {
    if username.contains('\0') {
        return Err(mismatch());
    }
    let stored = logins::digest(&mut *pool.acquire().await?, username).await?;
    let given = users::digest(password);
    // An unknown user costs the same comparison as a known one.
    let expected = stored.as_deref().unwrap_or("");
    let padded = format!("{expected:64.64}");
    let equal = bool::from(padded.as_bytes().ct_eq(given.as_bytes()));
    match equal && stored.is_some() {
        true => Ok(Permit(())),
        false => Err(mismatch()),
    }
}

async fn ask(
    arborist: &dyn Authz,
    subject: &Subject,
    method: &str,
    resources: &[String],
) -> Result<Permit, Error> {
    let mut groups: Vec<Vec<&str>> = Vec::new();
    if !resources.is_empty() {
        let mut all: Vec<&str> = resources.iter().map(String::as_str).collect();
        all.sort_unstable();
        all.dedup();
        groups.push(all);
    }
    groups.push(vec![ADMIN]);
    if resources.is_empty() {
        groups.push(vec![OLD_ADMIN]);
    }
    for group in groups {
        let requests: Vec<Request> =
            group.into_iter().map(|resource| Request::new(resource, SERVICE, method)).collect();
        match arborist.decide(subject, &requests).await {
            Ok(true) => return Ok(Permit(())),
            // A resource that arborist finds malformed is nobody's but the administrators'.
            Ok(false) | Err(AuthzError::Denied | AuthzError::BadRequest(_) | AuthzError::Forbidden(_)) => {}
            Err(error @ (AuthzError::Unauthenticated(_) | AuthzError::Unavailable(_))) => {
                return Err(Error::Denied(format!("request to arborist failed: {error}")));
            }
        }
    }
    Err(denied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_says_who_asks() {
        let login = |username: &str, password: &str| Claimant::Login {
            username: username.into(),
            password: password.into(),
        };
        for (header, expected) in [
            ("Basic b2JqOnNlY3JldA==", login("obj", "secret")),
            ("basic b2JqOmE6Yg==", login("obj", "a:b")),
            ("Basic b2JqOg==", login("obj", "")),
            ("Basic ", Claimant::BrokenLogin),
            ("Basic", Claimant::BrokenLogin),
            ("Basic !!!", Claimant::BrokenLogin),
            ("Basic b2Jq", Claimant::BrokenLogin),
            ("bearer x.y.z", Claimant::Token("x.y.z".into())),
            ("Bearer ", Claimant::Unknown),
            ("Bearer a b", Claimant::Unknown),
            ("x.y.z", Claimant::Unknown),
            ("", Claimant::Unknown),
        ] {
            assert!(Claimant::from_header(Some(header.as_bytes())) == expected, "{header}");
        }
        assert!(Claimant::from_header(None) == Claimant::Nobody);
    }
}
