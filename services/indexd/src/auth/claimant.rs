//! Who asks.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::AUTHORIZATION};
use base64::{Engine as _, engine::general_purpose::STANDARD};

/// Who asks, as far as the `Authorization` header says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Claimant {
    /// A basic login.
    Login { username: String, password: String },
    /// A basic login that cannot be read.
    BrokenLogin,
    /// The bearer of a token.
    Token(String),
    /// The bearer of something else.
    Unknown,
    /// No header.
    Nobody,
    /// Another service of the same process.
    Service,
    /// The user of this name, for whom a service vouches that has every right. It may what the user may.
    User(String),
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
            Self::User(_) => "User(..)",
        })
    }
}

impl Claimant {
    /// Whether it is asked what they may do: whoever has a login has every right.
    pub(super) fn is_asked_about(&self) -> bool {
        matches!(self, Self::Token(_) | Self::User(_))
    }

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
            indexclient::Caller::Header(header) => {
                Self::from_header(header.as_ref().map(|header| header.as_bytes()))
            }
        }
    }
}

impl FromRequest for Claimant {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self::from_header(request.headers().get(AUTHORIZATION).map(|value| value.as_bytes()))))
    }
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
