//! API keys of workspaces: ordinary keys of their users, whose identifiers the workspace service chooses.

use apikeys::{ApiKey, ApiKeys, KeyError, KeyId, Owner};
use async_trait::async_trait;

use crate::{
    actions::api_keys::ApiKeyFile,
    clock::now,
    error::Error,
    identity::{
        caller::Caller,
        permits::{MayManageKeys, may_manage_keys},
        scopes,
    },
    service::Fence,
    store::{api_keys, denylist},
};

impl Fence {
    /// Makes the key `id` for the caller, for everything that their session is for.
    ///
    /// # Errors
    /// 409 when there is such a key.
    pub(crate) async fn make_workspace_key(
        &self,
        proof: &MayManageKeys,
        id: KeyId,
    ) -> Result<ApiKeyFile, Error> {
        let scopes = scopes::requested(&self.config, Vec::new(), proof.owner().claims().scopes())?;
        let life = self.config.tokens.max_api_key_ttl;
        let mut transaction = self.pool.begin().await?;
        let user = proof.owner().user(&mut transaction).await?;
        let signed = self.issuer.api_key_of(&user, &scopes, life, id.to_string())?;
        let row = api_keys::ApiKey { jti: signed.jti.clone(), exp: signed.exp };
        if !api_keys::add_new(&mut transaction, user.id, &row).await? {
            return Err(Error::Conflict("there is such a key already".into()));
        }
        transaction.commit().await?;
        Ok(ApiKeyFile { key_id: signed.jti, api_key: signed.token })
    }

    /// Takes a key back: nobody gets a token for it any more, even if it is made only after this. Who knows
    /// its identifier is its owner or the workspace service.
    pub(crate) async fn take_workspace_key_back(&self, id: KeyId) -> Result<(), Error> {
        let jti = id.to_string();
        let mut transaction = self.pool.begin().await?;
        api_keys::forget(&mut transaction, &jti).await?;
        let longest = now().saturating_add(self.config.tokens.max_api_key_ttl);
        denylist::add(&mut transaction, &jti, longest).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// An error leaves this service here as it leaves it over HTTP: with its status, and logged when it is ours.
fn refusal(error: &Error) -> KeyError {
    use actix_web::ResponseError as _;
    let status = error.status_code().as_u16();
    if status < 500 {
        return KeyError::Refused { status };
    }
    error.log();
    KeyError::Unavailable(error.public_message())
}

#[async_trait]
impl ApiKeys for Fence {
    async fn make(&self, owner: &Owner, id: KeyId) -> Result<ApiKey, KeyError> {
        let caller = Caller::of_header(owner.0.clone());
        let made = async {
            let proof = may_manage_keys(self, &caller).await?;
            self.make_workspace_key(&proof, id).await
        };
        made.await.map(|key| ApiKey(key.api_key)).map_err(|error| refusal(&error))
    }

    async fn take_back(&self, id: KeyId) -> Result<(), KeyError> {
        self.take_workspace_key_back(id).await.map_err(|error| refusal(&error))
    }
}
