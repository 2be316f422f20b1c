//! The browser session: its state lives in the signed cookie alone, and its end slides with every answer.
//! Only that somebody has logged out is remembered elsewhere, because a copy of the cookie would not know.

use std::{cell::RefCell, rc::Rc};

use actix_web::{FromRequest, HttpMessage as _, HttpRequest, dev::Payload};
use rand::Rng as _;
use serde_json::{Map, Value};
use tokens::Claims;
use uuid::Uuid;

use crate::{clock::now, config::Config, error::Error, store::users::User};

/// Browsers cut cookies off at 4096 characters; two such strings leave room for the rest of the token.
pub(crate) const LONGEST_TEXT: usize = 800;

/// So much of a UUID stays: 60 random bits of it.
const NAME: usize = 18;

/// What a browser session remembers. Claim `context` of the session cookie's token.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Session {
    /// By this name the session's end is remembered: the beginning of claim `jti`, which stays while the
    /// cookie is renewed.
    name: Option<String>,
    context: Map<String, Value>,
}

impl Session {
    /// The session of a verified cookie, unless its longest life is over.
    pub(crate) fn from_claims(claims: Claims, config: &Config) -> Option<Self> {
        let context = claims.context?.rest;
        let started = context.get("session_started").and_then(Value::as_i64)?;
        let lives = started.saturating_add(config.tokens.session_lifetime) > now();
        let name = claims.jti.as_deref().and_then(|jti| jti.get(..NAME)).map(str::to_owned);
        lives.then_some(Self { name, context })
    }

    /// A session that remembers nothing yet.
    pub(crate) fn begin() -> Self {
        let context = Map::from_iter([("session_started".to_owned(), now().into())]);
        Self { name: None, context }
    }

    /// Claim `jti` of the next token of this session: another one each time, as everywhere, whose beginning
    /// is the session's name.
    pub(crate) fn next_jti(&self) -> String {
        let mut jti = Uuid::new_v4().to_string();
        if let Some(name) = &self.name {
            jti.replace_range(..NAME, name);
        }
        jti
    }

    /// When it began, in seconds since the epoch.
    pub(crate) fn started(&self) -> Option<i64> {
        self.context.get("session_started").and_then(Value::as_i64)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.context.get(key).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// Who is logged in.
    pub(crate) fn username(&self) -> Option<&str> {
        self.text("username")
    }

    /// By which name its end is remembered, and when that can be forgotten.
    pub(crate) fn name_and_end(&self, config: &Config) -> Option<(&str, i64)> {
        Some((self.name.as_deref()?, self.started()?.saturating_add(config.tokens.session_lifetime)))
    }

    /// The id of who is logged in.
    pub(crate) fn user_id(&self) -> Option<&str> {
        self.text("user_id")
    }

    /// What is only known to sessions and shown on the user's page (`fence_idp` and so on).
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.text(key)
    }

    /// Whether there is anything to remember.
    pub(crate) fn is_empty(&self) -> bool {
        self.context.keys().all(|key| key == "session_started")
    }

    pub(crate) fn context(&self) -> &Map<String, Value> {
        &self.context
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Begins a session of this user in place of whatever was there, so that nothing of an earlier visitor
    /// is carried over (session fixation).
    pub(crate) fn log_in(&mut self, user: &User, idp: &str) {
        let name = Uuid::new_v4().to_string()[..NAME].to_owned();
        *self = Self { name: Some(name), ..Self::begin() };
        self.context.insert("username".into(), user.username.as_str().into());
        self.context.insert("user_id".into(), user.id.to_string().into());
        self.context.insert("provider".into(), idp.into());
    }

    /// Remembers a string, unless it is so long that the cookie might become too long for browsers.
    pub(crate) fn remember(&mut self, key: &str, text: String) {
        if text.len() <= LONGEST_TEXT && !text.is_empty() {
            self.context.entry("session_started").or_insert_with(|| now().into());
            self.context.insert(key.to_owned(), text.into());
        }
    }

    /// Takes out what was remembered under `key`.
    pub(crate) fn forget(&mut self, key: &str) -> Option<String> {
        match self.context.remove(key) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// The token that forms of this session carry; made when it is first asked for.
    pub(crate) fn csrf_token(&mut self) -> String {
        if let Some(token) = self.text("csrf_token") {
            return token.to_owned();
        }
        let mut random = [0_u8; 32];
        rand::rng().fill_bytes(&mut random);
        let token = hex::encode(random);
        self.context.entry("session_started").or_insert_with(|| now().into());
        self.context.insert("csrf_token".into(), token.clone().into());
        token
    }

    /// Whether `given` is this session's token.
    pub(crate) fn accepts_csrf_token(&self, given: Option<&str>) -> bool {
        use subtle::ConstantTimeEq as _;
        match (self.text("csrf_token"), given) {
            (Some(token), Some(given)) => token.as_bytes().ct_eq(given.as_bytes()).into(),
            _ => false,
        }
    }

    /// When the cookie that is sent now expires: the time slides, up to the end of the session's life.
    pub(crate) fn expires(&self, config: &Config) -> i64 {
        let started = self.context.get("session_started").and_then(Value::as_i64).unwrap_or_else(now);
        (now() + config.tokens.session_timeout).min(started.saturating_add(config.tokens.session_lifetime))
    }
}

/// The session of the request at hand, for handlers. What they change goes into the answer's cookies.
#[derive(Debug, Clone, Default)]
pub(crate) struct CurrentSession(pub(crate) Rc<RefCell<Session>>);

impl FromRequest for CurrentSession {
    type Error = Error;
    type Future = std::future::Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = request.extensions().get::<Self>().cloned();
        // The middleware puts one into every request; without it nobody is logged in.
        std::future::ready(Ok(session.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ada() -> User {
        User {
            id: 7,
            username: "ada".into(),
            display_name: None,
            phone_number: None,
            email: None,
            is_admin: None,
            active: true,
            google_proxy_group_id: None,
            idp: "dev".into(),
            valid_from: None,
            sessions_from: None,
            registered: false,
        }
    }

    #[test]
    fn logging_in_forgets_what_was_there_before() {
        let mut session = Session::default();
        let token = session.csrf_token();
        assert!(session.accepts_csrf_token(Some(&token)));
        session.log_in(&ada(), "dev");
        assert_eq!((session.username(), session.user_id()), (Some("ada"), Some("7")));
        assert!(!session.accepts_csrf_token(Some(&token)), "the old token is gone");
        assert!(!session.accepts_csrf_token(None));
        assert!(!session.accepts_csrf_token(Some("")));
    }

    #[test]
    fn a_session_slides_but_not_beyond_its_life() {
        let config = Config::default();
        let mut session = Session::default();
        session.log_in(&ada(), "dev");
        assert_eq!(session.expires(&config), now() + 900);
        session.context.insert("session_started".into(), (now() - 28_700).into());
        assert_eq!(session.expires(&config), now() + 100);
    }
}
