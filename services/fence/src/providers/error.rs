//! Why a login through another issuer fails.

use actix_web::http::StatusCode;

use super::transport::FetchError;

/// Why a login through another issuer fails.
#[derive(Debug, thiserror::Error)]
pub enum ProviderError {
    /// It does not answer, or not in a way that can be used.
    #[error("the identity provider {idp} does not answer as it should; please try again later")]
    Unavailable {
        /// Which provider.
        idp: String,
        /// What happened.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// It does not accept the code.
    #[error("OAuth2 callback error: {idp} does not accept this login ({reason}); please log in again")]
    Refused {
        /// Which provider.
        idp: String,
        /// Its word for it.
        reason: String,
    },
    /// What it says cannot be believed.
    #[error("OAuth2 callback error: the identity token of {idp} cannot be accepted: {reason}")]
    Token {
        /// Which provider.
        idp: String,
        /// What is wrong.
        reason: String,
    },
    /// It says too little, or that we should not rely on it.
    #[error("OAuth2 callback error: {0}")]
    Person(String),
}

impl ProviderError {
    pub(crate) fn unavailable(
        idp: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::Unavailable { idp: idp.to_owned(), source: source.into() }
    }

    pub(super) fn fetch(idp: &str) -> impl FnOnce(FetchError) -> Self {
        move |error| Self::unavailable(idp, error)
    }

    pub(super) fn token(idp: &str, reason: impl ToString) -> Self {
        Self::Token { idp: idp.to_owned(), reason: reason.to_string() }
    }

    /// The status of the answer to the browser.
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::Refused { .. } | Self::Token { .. } | Self::Person(_) => StatusCode::BAD_REQUEST,
        }
    }
}
