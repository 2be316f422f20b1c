//! Logging in at a provider, and out.

use crate::{
    access::Caller,
    clock::now,
    config::{DEFAULT, Idp},
    error::Error,
    issued::Issued,
    login::Login,
    peer::PeerError,
    redirect,
    service::Wts,
    store::refresh_tokens::{self, NewToken},
};
use web::Failure;

/// Tokens that have ended are kept for a while: their user is told to log in again.
const KEPT: i64 = 30 * 86_400;

/// Where a login begins, and what the browser must bring back.
pub(crate) struct Begun {
    pub(crate) location: String,
    pub(crate) cookie: String,
}

impl Wts {
    /// The provider of this name.
    ///
    /// # Errors
    /// 400.
    pub(crate) fn idp(&self, name: &str) -> Result<&Idp, Error> {
        let unknown = || Error::BadRequest(format!("Requested IdP \"{name}\" is not configured"));
        self.config.idps.get(name).ok_or_else(unknown)
    }

    /// Sends a user to a provider.
    ///
    /// # Errors
    /// 400 for an unknown provider, and for a place outside of the commons to go to afterwards.
    pub(crate) fn begin_login(&self, name: &str, redirect: Option<&str>) -> Result<Begun, Error> {
        let refused = || Error::BadRequest("only support relative redirect".to_owned());
        let redirect = redirect.map(|text| redirect::relative(text).ok_or_else(refused)).transpose()?;
        let idp = self.idp(name)?;
        let failed = |error| Failure::internal("beginning a login", error);
        let login = Login::begin(name, &idp.state_prefix, redirect).map_err(failed)?;
        let mut location = idp.authorize_url.clone();
        let challenge = login.challenge();
        let mut parameters = vec![
            ("response_type", "code"),
            ("client_id", idp.client_id.as_str()),
            ("redirect_uri", idp.redirect_uri.as_str()),
            ("scope", idp.scope.as_str()),
            ("state", login.state.as_str()),
        ];
        if idp.is_fence {
            parameters.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        location.query_pairs_mut().extend_pairs(parameters);
        let cookie = login.sealed(&self.config.logins_key, now().unsigned_abs()).map_err(failed)?;
        Ok(Begun { location: location.into(), cookie })
    }

    /// The login of a cookie that `state` belongs to.
    ///
    /// # Errors
    /// 403.
    pub(crate) fn login(&self, cookie: Option<&str>, state: Option<&str>) -> Result<Login, Error> {
        let key = &self.config.logins_key;
        let login = cookie.and_then(|cookie| Login::opened(key, cookie, now().unsigned_abs()));
        let answered = login.zip(state).filter(|(login, state)| login.is_answered_by(state));
        let refusal = "could not authorize; state did not match across auth requests";
        answered.map(|(login, _)| login).ok_or_else(|| Error::forbidden(refusal))
    }

    /// Exchanges the code of a login and keeps the refresh token.
    ///
    /// # Errors
    /// 403 when the provider refuses, or has logged in somebody else.
    pub(crate) async fn finish_login(&self, caller: &Caller, login: &Login, code: &str) -> Result<(), Error> {
        let idp = self.idp(&login.idp)?;
        let body = self.exchange(idp, login, code).await.map_err(not_exchanged)?;
        let issued = Issued::read(&body, now()).map_err(|error| Error::forbidden(error.to_string()))?;
        // At our own fence, a user has one name.
        if login.idp == DEFAULT && issued.username.as_deref() != Some(caller.name()) {
            return Err(Error::forbidden("the identity provider has logged in another user"));
        }
        self.keep(caller, &login.idp, &issued).await
    }

    async fn keep(&self, caller: &Caller, idp: &str, issued: &Issued) -> Result<(), Error> {
        let now = now();
        let encrypted = self.config.tokens_key.encrypt(issued.refresh_token.as_bytes(), now.unsigned_abs());
        let encrypted = encrypted.map_err(|error| Failure::internal("encrypting a refresh token", error))?;
        let new = NewToken {
            token: &encrypted,
            jti: &issued.jti,
            userid: &issued.userid,
            expires: issued.expires,
            idp,
        };
        let mut transaction = self.pool.begin().await?;
        refresh_tokens::purge(&mut transaction, now.saturating_sub(KEPT)).await?;
        refresh_tokens::replace(&mut transaction, caller, &new).await.map_err(|error| {
            let code = error.as_database_error().and_then(|error| error.code());
            if code.as_deref() == Some("23505") {
                return Error::forbidden("error in token response: the token has been issued before");
            }
            error.into()
        })?;
        Ok(transaction.commit().await?)
    }

    /// Whether the user has a token for the provider that has not ended.
    pub(crate) async fn is_connected(&self, caller: &Caller, name: &str) -> Result<bool, Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(!refresh_tokens::living(&mut connection, caller, &[name], now()).await?.is_empty())
    }

    /// Revokes the user's tokens for a provider and forgets them.
    ///
    /// # Errors
    /// 400 when the provider does not revoke them; they are kept then.
    pub(crate) async fn log_out(&self, caller: &Caller, name: &str) -> Result<(), Error> {
        let idp = self.idp(name)?;
        let stored = refresh_tokens::all(&mut *self.pool.acquire().await?, caller, name).await?;
        for token in stored.iter().filter(|token| token.expires > now()) {
            let refresh_token = self.opened(&token.token)?;
            match self.revoke(idp, &refresh_token).await {
                Err(error) if !error.is_invalid_grant() => return Err(not_revoked(&error)),
                _ => {}
            }
        }
        Ok(refresh_tokens::forget(&mut *self.pool.acquire().await?, caller, name).await?)
    }
}

fn not_exchanged(error: PeerError) -> Error {
    match &error {
        PeerError::Refused { status: 400..500, code } => {
            let code = code.as_deref().unwrap_or("the code is not accepted");
            Error::Forbidden(format!("the identity provider refuses the login: {code}"))
        }
        _ => Error::Provider { told: "Fail to reach fence", source: error },
    }
}

fn not_revoked(error: &PeerError) -> Error {
    let error = error as &dyn std::error::Error;
    tracing::warn!(error, "an identity provider did not revoke a refresh token");
    Error::BadRequest("could not log out, failed to revoke token".to_owned())
}
