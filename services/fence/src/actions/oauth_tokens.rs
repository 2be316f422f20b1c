//! Tokens for OAuth clients: for a code, for a refresh token, and for the client itself.

use serde::Serialize;
use sqlx::PgConnection;
use tokens::{Claims, Expect, Purpose, TokenError};

use super::revocation::not_revoked;
use crate::{
    clock::now,
    error::Error,
    identity::{
        client_tokens::{For, IdTokenParts},
        issuer::AUDIENCE,
        oauth_client::MayUseClient,
    },
    provider::{
        client::{Grant, OPENID},
        parameters::words,
        pkce,
        refusal::Refusal,
    },
    service::Fence,
    store::{
        codes::{self, Code},
        users::{self, User},
    },
};

/// No code is longer.
const LONGEST_CODE: usize = 120;

/// What a client gets.
#[derive(Serialize)]
pub struct TokenSet {
    token_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    expires_in: i64,
}

/// What a client sends with a code.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Redemption<'a> {
    pub(crate) code: &'a str,
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) verifier: Option<&'a str>,
}

impl Fence {
    /// The tokens for a code, which is used up.
    ///
    /// # Errors
    /// `invalid_grant` for a code that is not one of this client's, was used, or has expired, for another
    /// address, and for a wrong proof.
    pub(crate) async fn redeem(
        &self,
        proof: &MayUseClient,
        redemption: Redemption<'_>,
    ) -> Result<TokenSet, Error> {
        let client = proof.client();
        if !client.may(Grant::Code) {
            let told = "The client is not authorized to use 'grant_type=authorization_code'";
            return Err(Refusal::unauthorized_client(told).into());
        }
        let unknown = || Refusal::invalid_grant("Invalid 'code' in request.");
        if redemption.code.len() > LONGEST_CODE {
            return Err(unknown().into());
        }
        let mut transaction = self.pool.begin().await?;
        let code = codes::locked(&mut transaction, redemption.code, &client.id).await?;
        let code = code.filter(|code| code.auth_time + codes::LIFE > now()).ok_or_else(unknown)?;
        if !code.redirect_uri.is_empty() && redemption.redirect_uri != Some(code.redirect_uri.as_str()) {
            return Err(Refusal::invalid_grant("Invalid 'redirect_uri' in request.").into());
        }
        let method = code.code_challenge_method.as_deref();
        pkce::check(code.code_challenge.as_deref(), method, redemption.verifier)?;
        let scopes = words(&code.scope);
        client.check_scopes(&scopes)?;
        let user = honoured(&mut transaction, code.user_id, code.auth_time).await?;
        let to = For { user: &user, client_id: &client.id, scopes: &scopes };
        let tokens = self.token_set(&mut transaction, to, &code).await?;
        codes::remove(&mut transaction, &code.code).await?;
        transaction.commit().await?;
        tracing::info!(user.id = user.id, client.id = client.id, "a client has redeemed a code");
        Ok(tokens)
    }

    async fn token_set(
        &self,
        connection: &mut PgConnection,
        to: For<'_>,
        code: &Code,
    ) -> Result<TokenSet, Error> {
        let life = code.refresh_token_expires_in.unwrap_or(self.config.tokens.refresh_token_expires_in);
        let refresh_token =
            self.issuer.refresh(to, life.min(self.config.tokens.refresh_token_expires_in))?.token;
        self.tokens_for(connection, to, code.nonce.as_deref(), refresh_token).await
    }

    /// New tokens for a refresh token, which stays the same: it lives as long as the user was asked for.
    ///
    /// # Errors
    /// `invalid_grant` for a token that is none, is not this client's, or was revoked; with 401 for one that
    /// has expired. `invalid_scope` for more than it has.
    pub async fn refresh(
        &self,
        proof: &MayUseClient,
        refresh_token: &str,
        scope: Option<&str>,
    ) -> Result<TokenSet, Error> {
        let client = proof.client();
        if !client.may(Grant::Refresh) {
            return Err(Refusal::unauthorized_client("invalid grant type").into());
        }
        let claims = self.refresh_claims(refresh_token).await?;
        let mut connection = self.pool.acquire().await?;
        not_revoked(&mut connection, &claims).await.map_err(|error| match error {
            Error::Unauthorized(told) => Refusal::invalid_grant(told).into(),
            other => other,
        })?;
        if claims.azp.as_deref() != Some(client.id.as_str()) {
            return Err(Refusal::invalid_grant("").terse().into());
        }
        let scopes = narrowed(claims.scopes(), scope)?;
        client.check_scopes(&scopes)?;
        let id = claims.sub.as_deref().and_then(|sub| sub.parse().ok()).unwrap_or_default();
        let user = honoured(&mut connection, id, claims.iat).await?;
        let to = For { user: &user, client_id: &client.id, scopes: &scopes };
        self.tokens_for(&mut connection, to, None, refresh_token.to_owned()).await
    }

    async fn refresh_claims(&self, token: &str) -> Result<Claims, Error> {
        let expect = Expect { purpose: Some(Purpose::Refresh), scopes: &[OPENID], ..Expect::default() };
        let claims = self.verifier.verify(token, expect).await.map_err(|error| {
            let refusal = Refusal::invalid_grant(error.to_string());
            // The user must log in again, which clients of the original know by this status.
            let status_is_401 = matches!(error, TokenError::Expired | TokenError::UnknownKey);
            if status_is_401 { refusal.unauthenticated() } else { refusal }
        })?;
        // Older tokens name our address.
        let is_ours = claims.aud.iter().any(|aud| *aud == AUDIENCE || *aud == self.config.base_url);
        if is_ours {
            Ok(claims)
        } else {
            Err(Refusal::invalid_grant(TokenError::Audience.to_string()).into())
        }
    }

    async fn tokens_for(
        &self,
        connection: &mut PgConnection,
        to: For<'_>,
        nonce: Option<&str>,
        refresh_token: String,
    ) -> Result<TokenSet, Error> {
        let life = self.config.tokens.access_token_expires_in;
        let details = users::details(connection, to.user).await?;
        let access_token = self.issuer.access_for_client(to, life)?.token;
        let parts = IdTokenParts {
            nonce,
            access_token: Some(&access_token),
            details: Some(&details),
            has_projects: true,
        };
        let id_token = Some(self.issuer.id(to, parts, life)?.token);
        let refresh_token = Some(refresh_token);
        Ok(TokenSet { token_type: "Bearer", id_token, access_token, refresh_token, expires_in: life })
    }

    /// A token with which the client acts for itself.
    ///
    /// # Errors
    /// `unauthorized_client` for a client that may not, `invalid_scope` for scopes that it has not.
    pub(crate) fn client_token(&self, proof: &MayUseClient, scope: Option<&str>) -> Result<TokenSet, Error> {
        let client = proof.client();
        if !client.may(Grant::ClientCredentials) {
            let told = "The client is not authorized to use 'grant_type=client_credentials'";
            return Err(Refusal::unauthorized_client(told).into());
        }
        let scopes = words(scope.unwrap_or_default());
        if !scopes.is_empty() {
            client.check_scopes(&scopes)?;
        }
        let life = self.config.tokens.access_token_expires_in;
        let access_token = self.issuer.access_of_client(&client.id, &scopes, life)?.token;
        let (id_token, refresh_token) = (None, None);
        Ok(TokenSet { token_type: "Bearer", id_token, access_token, refresh_token, expires_in: life })
    }
}

/// The user of a grant, if what was granted at `time` still speaks for them.
async fn honoured(connection: &mut PgConnection, id: i32, time: i64) -> Result<User, Error> {
    let user = users::by_id(connection, id).await?.filter(|user| user.honours(time));
    Ok(user.ok_or_else(|| Refusal::invalid_grant("There is no active user for this grant."))?)
}

/// The scopes that were asked for, if they are among those that were granted; all of these without any.
fn narrowed(granted: &[String], asked: Option<&str>) -> Result<Vec<String>, Refusal> {
    let asked = words(asked.unwrap_or_default());
    if asked.is_empty() {
        return Ok(granted.to_vec());
    }
    if asked.iter().all(|scope| granted.contains(scope)) {
        return Ok(asked);
    }
    Err(Refusal::invalid_scope("Cannot request scopes that were not in original refresh token."))
}
