//! API keys of users, and the access tokens that they make.

use authz::{AuthzError, Subject};
use serde::Serialize;
use sqlx::PgConnection;
use tokens::{Expect, Purpose};

use crate::{
    clock::now,
    error::Error,
    identity::{issuer::AUDIENCE, permits::MayManageKeys, scopes},
    permissions::Create,
    service::Fence,
    store::{
        api_keys::{self, ApiKey},
        denylist,
        users::User,
    },
};

/// An API key, in the form of the file that Gen3 clients read.
#[derive(Clone, Serialize)]
pub struct ApiKeyFile {
    /// Identifier, to list and delete the key by.
    pub key_id: String,
    /// The key itself, a token.
    pub api_key: String,
}

// Written by hand so that a key can never reach a log.
impl std::fmt::Debug for ApiKeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ApiKeyFile").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Fence {
    /// The caller's keys.
    pub(crate) async fn api_keys(&self, proof: &MayManageKeys) -> Result<Vec<ApiKey>, Error> {
        let user = proof.owner().user_id().ok_or_else(Error::please_login)?;
        let mut connection = self.pool.acquire().await?;
        Ok(api_keys::of_user(&mut connection, user).await?)
    }

    /// Makes a key for the caller. `expires_in` is in seconds; `None` means the longest life allowed.
    ///
    /// # Errors
    /// 400 for a scope that users cannot have.
    pub(crate) async fn create_api_key(
        &self,
        proof: &MayManageKeys,
        requested_scopes: Vec<String>,
        expires_in: Option<i64>,
    ) -> Result<ApiKeyFile, Error> {
        let held = proof.owner().claims().scopes();
        let scopes = scopes::requested(&self.config, requested_scopes, held)?;
        let mut transaction = self.pool.begin().await?;
        let user = proof.owner().user(&mut transaction).await?;
        let key = self.new_api_key(&mut transaction, &user, &scopes, expires_in).await?;
        transaction.commit().await?;
        Ok(key)
    }

    /// Deletes a key of the caller. It is revoked too, not only forgotten: whoever has it must not be able to
    /// use it.
    ///
    /// # Errors
    /// 404 when the caller has no such key.
    pub async fn delete_api_key(&self, proof: &MayManageKeys, jti: &str) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let user = proof.owner().user(&mut transaction).await?;
        let Some(exp) = api_keys::remove(&mut transaction, user.id, jti).await? else {
            return Err(Error::NotFound(format!("token not found with JTI {jti} for current user")));
        };
        denylist::add(&mut transaction, jti, exp).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// An access token for the owner of `api_key`, for everything that the key is for or for one kind of
    /// `task`. `expires_in` `None` means the longest life allowed.
    ///
    /// # Errors
    /// 401 for a key that is not (any more) a valid one, 400 when the key ends before the token would and for
    /// an unknown kind of task, 403 for one that the owner may not do for so long.
    pub(crate) async fn exchange_api_key(
        &self,
        api_key: &str,
        task: Option<&str>,
        expires_in: Option<i64>,
    ) -> Result<String, Error> {
        let longest = self.longest_life(task)?;
        let expect = Expect {
            audience: Some(AUDIENCE),
            purpose: Some(Purpose::ApiKey),
            scopes: &["fence"],
            ..Expect::default()
        };
        let verified = self.verifier.verify_shared(api_key, expect).await?;
        let claims = verified.claims();
        // Asked of the database for each exchange: who was shut out gets no token from the next one on.
        let user = self.user_of_unrevoked(claims).await?;
        let life = expires_in.unwrap_or(longest).min(longest);
        if claims.exp < now() + life {
            let message = "requested token would outlive the API key; ask for a smaller expires_in";
            return Err(Error::BadRequest(message.into()));
        }
        let user = user.ok_or_else(|| Error::Unauthorized("the user of this key does not exist".into()))?;
        if !user.honours(claims.iat) {
            return Err(Error::Unauthorized("the user of this key is not active".into()));
        }
        let Some(task) = task else {
            return Ok(self.issuer.access(&user, claims.scopes(), life)?.token);
        };
        let scopes = &self.config.tokens.task_token_default_scopes;
        let token = self.issuer.task(&user, scopes, task, life)?.token;
        // A right to shorter lives is one to a path that ends with their seconds.
        let path = format!("/services/fence/task-token/{task}/{life}");
        let owner = Subject::User(user.username.clone());
        self.authz.require::<Create>(&owner, vec![path]).await.map_err(|error| match error {
            AuthzError::Denied => Error::Forbidden(format!(
                "You do not have access to obtain '{task}' tokens, or you do not have access to the \
                     token lifetime you requested"
            )),
            error => error.into(),
        })?;
        Ok(token)
    }

    /// The longest life of an access token, in seconds.
    ///
    /// # Errors
    /// 400 for an unknown kind of task.
    fn longest_life(&self, task: Option<&str>) -> Result<i64, Error> {
        let usual = self.config.tokens.max_access_token_ttl;
        let Some(task) = task else { return Ok(usual) };
        let known = &self.config.tokens.allowed_task_token_types;
        if !known.iter().any(|name| name == task) {
            return Err(Error::BadRequest(format!(
                "Invalid 'task_token' value '{task}'. Allowed task token types are: {}",
                known.join(", ")
            )));
        }
        Ok(self.config.tokens.max_task_token_ttl.get(task).copied().unwrap_or(usual))
    }

    /// Signs and remembers a key.
    pub(crate) async fn new_api_key(
        &self,
        connection: &mut PgConnection,
        user: &User,
        scopes: &[String],
        expires_in: Option<i64>,
    ) -> Result<ApiKeyFile, Error> {
        let longest = self.config.tokens.max_api_key_ttl;
        let signed = self.issuer.api_key(user, scopes, expires_in.unwrap_or(longest).min(longest))?;
        let row = ApiKey { jti: signed.jti.clone(), exp: signed.exp };
        api_keys::add(connection, user.id, &row).await?;
        Ok(ApiKeyFile { key_id: signed.jti, api_key: signed.token })
    }
}
