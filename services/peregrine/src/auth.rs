//! Who asks, and what their right to read rests on.

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use authz::{AuthzError, Subject};
use tokens::{Claims, Expect, TokenError};

use crate::{
    access::{Published, Rights},
    error::Error,
    service::Peregrine,
};

/// On whose behalf something is read.
pub(crate) enum Reader {
    /// For the bearer of a token, with the rights that arborist gives it.
    Caller(Caller),
    /// For everybody, because the operator publishes the figures.
    Everybody(Published),
}

/// The bearer of a token. A client that acts for a user may read what both may.
pub(crate) struct Caller {
    /// Of a user it is the token, because arborist knows whose tokens have ended.
    first: Subject,
    /// The client, if `first` is a user who came through one.
    through: Option<Subject>,
    /// Whose turns it takes: those of the user, through whichever client.
    name: String,
}

impl Caller {
    fn of(claims: &Claims, token: &str) -> Self {
        let client = claims.client_id().map(|client| Subject::Client(client.to_owned()));
        match (claims.username(), client) {
            (Some(name), through) => {
                Self { first: Subject::Token(token.to_owned()), through, name: format!("user {name}") }
            }
            (None, Some(Subject::Client(id))) => {
                let name = format!("client {id}");
                Self { first: Subject::Client(id), through: None, name }
            }
            (None, _) => Self { first: Subject::Anonymous, through: None, name: String::new() },
        }
    }
}

impl Reader {
    /// Whose turns it takes; everybody has the same.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Caller(caller) => caller.name.clone(),
            Self::Everybody(_) => String::new(),
        }
    }
}

impl Peregrine {
    /// The bearer of a valid token.
    pub(crate) async fn authenticate(&self, request: &HttpRequest) -> Result<Caller, Error> {
        let refuse = |reason: &str| Error::Unauthenticated(reason.to_owned());
        let header =
            request.headers().get(AUTHORIZATION).ok_or_else(|| refuse("no authorization header provided"))?;
        let header = header.to_str().unwrap_or_default();
        let token = tokens::bearer(header).ok_or_else(|| refuse("could not parse authorization header"))?;
        let expect = Expect::of_access(&["openid"]);
        let claims = self.verifier.verify(token, expect).await.map_err(|error| refuse(&wording(&error)))?;
        Ok(Caller::of(&claims, token))
    }

    /// What `reader` may read as of now; open projects only if arborist does not know the caller, or the
    /// client, or cannot be reached (peregrine 3.2.6).
    ///
    /// # Errors
    /// 401 for a token that arborist refuses, such as that of a user who was deactivated.
    pub(crate) async fn rights(&self, reader: &Reader) -> Result<Rights, Error> {
        let caller = match reader {
            Reader::Caller(caller) => caller,
            Reader::Everybody(proof) => return Ok(Rights::Published(*proof)),
        };
        let mut mappings = Vec::new();
        for subject in std::iter::once(&caller.first).chain(&caller.through) {
            match self.authz.mapping(subject).await {
                Ok(mapping) => mappings.push(mapping),
                Err(AuthzError::Unauthenticated(reason)) => return Err(Error::Unauthenticated(reason)),
                Err(error) => {
                    if matches!(error, AuthzError::Unavailable(_)) {
                        let error = &error as &dyn std::error::Error;
                        tracing::warn!(error, "no answer from arborist: only open projects are readable");
                    }
                    return Ok(Rights::OpenProjects);
                }
            }
        }
        Ok(Rights::Permitted(mappings))
    }
}

/// The words of the original's token library.
fn wording(error: &TokenError) -> String {
    match error {
        TokenError::Signature => "Signature verification failed".to_owned(),
        TokenError::Expired => "Signature has expired".to_owned(),
        TokenError::Scope(_) => "token is missing required scopes: {'openid'}".to_owned(),
        other => other.to_string(),
    }
}
