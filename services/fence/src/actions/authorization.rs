//! A user lets a client act for them: codes, and tokens without a code.

use crate::{
    clock::now,
    error::Error,
    identity::{
        client_tokens::{For, IdTokenParts},
        consent::MayActFor,
        secrets::random_text,
    },
    provider::{
        authorization::{self, Asked, Flow},
        client::{Client, OPENID},
        parameters::Parameters,
        pkce,
        refusal::Refusal,
    },
    service::Fence,
    store::{
        clients,
        codes::{self, Code},
        users,
    },
};

/// So long is a code, of which each character has six bits.
const CODE_LENGTH: usize = 48;
/// The scope that implicit tokens always have.
const USER: &str = "user";

impl Fence {
    /// Checks what a client asks a user for.
    ///
    /// # Errors
    /// 401 for what is wrong with the client or the request, 400 for its scopes.
    pub(crate) async fn asked(&self, parameters: &Parameters) -> Result<Asked, Error> {
        let refused = |refusal: Refusal| Error::Unauthorized(format!("Failed to authorize: {refusal}"));
        let (flow, id) = authorization::client_id(parameters).map_err(refused)?;
        let mut connection = self.pool.acquire().await?;
        let unknown = || refused(Refusal::invalid_client("The client does not exist on this server."));
        let client: Client = clients::by_id(&mut connection, id).await?.ok_or_else(unknown)?.into();
        let asked = Asked::check(parameters, flow, client, now()).map_err(refused)?;
        if flow != Flow::Code
            && let Some(nonce) = &asked.nonce
            && codes::has_nonce(&mut connection, nonce).await?
        {
            return Err(refused(Refusal::invalid_request("Replay attack")));
        }
        let scopes = asked.scopes();
        if !scopes.is_empty() && asked.client.check_scopes(&scopes).is_err() {
            return Err(Error::BadRequest("Failed to Authorize due to unsupported scope".into()));
        }
        Ok(asked)
    }

    /// Gives the client what it asked for, and returns the address with which the browser brings it there.
    ///
    /// # Errors
    /// 400 for a life of refresh tokens that is none.
    pub(crate) async fn grant(&self, proof: &MayActFor) -> Result<String, Error> {
        match proof.asked().flow {
            Flow::Code => self.grant_code(proof).await,
            Flow::IdToken | Flow::IdTokenAndToken => self.grant_implicitly(proof).await,
        }
    }

    async fn grant_code(&self, proof: &MayActFor) -> Result<String, Error> {
        let asked = proof.asked();
        let life = self.refresh_life(asked.refresh_token_expires_in.as_deref())?;
        let challenge = asked.challenge.clone();
        let code = Code {
            code: random_text(CODE_LENGTH),
            client_id: asked.client.id.clone(),
            redirect_uri: asked.named_redirect_uri.clone().unwrap_or_default(),
            user_id: proof.user().id,
            nonce: asked.nonce.clone(),
            scope: asked.scopes().join(" "),
            auth_time: now(),
            refresh_token_expires_in: Some(life),
            code_challenge_method: challenge.as_ref().map(|_| pkce::S256.to_owned()),
            code_challenge: challenge,
        };
        codes::add(&mut *self.pool.acquire().await?, &code, now() - codes::LIFE).await?;
        Ok(asked.answer(&[("code", &code.code)]))
    }

    /// The life of a refresh token: as asked for, up to what is configured.
    fn refresh_life(&self, asked: Option<&str>) -> Result<i64, Error> {
        let longest = self.config.tokens.refresh_token_expires_in;
        let Some(text) = asked else { return Ok(longest) };
        match text.trim().parse::<i64>() {
            Ok(seconds) if seconds > 0 => Ok(seconds.min(longest)),
            _ => Err(Error::BadRequest(format!(
                "Requested expiry must be a positive integer; instead got {text}"
            ))),
        }
    }

    async fn grant_implicitly(&self, proof: &MayActFor) -> Result<String, Error> {
        let (asked, user) = (proof.asked(), proof.user());
        let mut scopes = asked.scopes();
        if !scopes.iter().any(|scope| scope == USER) {
            scopes.push(USER.to_owned());
        }
        let to = For { user, client_id: &asked.client.id, scopes: &scopes };
        let life = self.config.tokens.access_token_expires_in;
        let details = users::details(&mut *self.pool.acquire().await?, user).await?;
        let access_token = match asked.flow {
            Flow::IdTokenAndToken => Some(self.issuer.access_for_client(to, life)?.token),
            Flow::Code | Flow::IdToken => None,
        };
        let parts = IdTokenParts {
            nonce: asked.nonce.as_deref(),
            access_token: access_token.as_deref(),
            details: Some(&details),
            has_projects: false,
        };
        let id_token = self.issuer.id(to, parts, life)?.token;
        let life = life.to_string();
        let mut answer = vec![("token_type", "Bearer"), ("expires_in", life.as_str())];
        if let Some(token) = &access_token {
            answer.push(("access_token", token));
        }
        answer.push(("id_token", &id_token));
        Ok(asked.answer(&answer))
    }
}

/// Scopes that the page of consent tells of: all but the one that says nothing.
pub(crate) fn told_scopes(asked: &Asked) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for scope in asked.scopes() {
        if scope != OPENID && !told.contains(&scope) {
            told.push(scope);
        }
    }
    told
}
