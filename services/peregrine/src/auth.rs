//! Who asks, and which projects that is allowed to read.

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use authz::{AuthzError, Mapping, Subject};
use tokens::{Expect, Purpose, TokenError};

use crate::{Peregrine, error::Error};

impl Peregrine {
    /// The bearer of a valid token.
    pub(crate) async fn authenticate(&self, request: &HttpRequest) -> Result<Subject, Error> {
        let refuse = |text: &str| Error::Unauthenticated(text.to_owned());
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

    /// What arborist permits; nothing when it knows nobody of that name or cannot be reached (peregrine 3.2.6).
    pub(crate) async fn mapping(&self, subject: &Subject) -> Option<Mapping> {
        match self.authz.mapping(subject).await {
            Ok(mapping) => Some(mapping),
            Err(error) => {
                if matches!(error, AuthzError::Unavailable(_)) {
                    tracing::warn!(error = %error, "no answer from arborist: only open projects are readable");
                }
                None
            }
        }
    }
}

/// Texts of the original's token library.
fn wording(error: &TokenError) -> String {
    match error {
        TokenError::Signature => "Signature verification failed".to_owned(),
        TokenError::Expired => "Signature has expired".to_owned(),
        TokenError::Scope(_) => "token is missing required scopes: {'openid'}".to_owned(),
        other => other.to_string(),
    }
}
