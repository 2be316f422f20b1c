//! Who asks, and what their right to read rests on.

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use authz::{AuthzError, Subject};
use tokens::{Expect, Purpose, TokenError};

use crate::{
    access::{Published, Rights},
    error::Error,
    service::Peregrine,
};

/// On whose behalf something is read.
pub(crate) enum Reader {
    /// For this subject, with the rights that arborist gives it.
    Caller(Subject),
    /// For everybody, because the operator publishes the figures.
    Everybody(Published),
}

impl Reader {
    /// Whose turns it takes.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Caller(Subject::User(name)) => format!("user {name}"),
            Self::Caller(Subject::Client(id)) => format!("client {id}"),
            Self::Caller(Subject::Anonymous | Subject::Token(_)) | Self::Everybody(_) => String::new(),
        }
    }
}

impl Peregrine {
    /// The bearer of a valid token.
    pub(crate) async fn authenticate(&self, request: &HttpRequest) -> Result<Subject, Error> {
        let refuse = |reason: &str| Error::Unauthenticated(reason.to_owned());
        let header =
            request.headers().get(AUTHORIZATION).ok_or_else(|| refuse("no authorization header provided"))?;
        let header = header.to_str().unwrap_or_default();
        let token = tokens::bearer(header).ok_or_else(|| refuse("could not parse authorization header"))?;
        let expect = Expect { scopes: &["openid"], purpose: Some(Purpose::Access), ..Expect::default() };
        let claims = self.verifier.verify(token, expect).await.map_err(|error| refuse(&wording(&error)))?;
        Ok(match (claims.username(), claims.client_id()) {
            (Some(name), _) => Subject::User(name.to_owned()),
            (None, Some(client)) => Subject::Client(client.to_owned()),
            (None, None) => Subject::Anonymous,
        })
    }

    /// What `reader` may read as of now; open projects only if arborist knows nobody of that name or cannot
    /// be reached (peregrine 3.2.6).
    pub(crate) async fn rights(&self, reader: &Reader) -> Rights {
        let subject = match reader {
            Reader::Caller(subject) => subject,
            Reader::Everybody(proof) => return Rights::Published(*proof),
        };
        match self.authz.mapping(subject).await {
            Ok(mapping) => Rights::Permitted(mapping),
            Err(error) => {
                if matches!(error, AuthzError::Unavailable(_)) {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, "no answer from arborist: only open projects are readable");
                }
                Rights::OpenProjects
            }
        }
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
