//! New access tokens.

use web::Failure;

use crate::{
    access::Caller, clock::now, error::Error, fernet::FernetError, peer::PeerError, service::Wts,
    store::refresh_tokens,
};

impl Wts {
    /// An access token of the user at a provider.
    ///
    /// # Errors
    /// 400 for an unknown provider, 403 when the user has to log in there.
    pub(crate) async fn access_token(&self, caller: &Caller, name: &str) -> Result<String, Error> {
        let idp = self.idp(name)?;
        let stored = refresh_tokens::latest(&mut *self.pool.acquire().await?, caller, name).await?;
        let stored = stored.ok_or_else(|| Error::forbidden("User doesn't have a refresh token"))?;
        if stored.expires <= now() {
            return Err(Error::forbidden("your refresh token is expired, please login again"));
        }
        let error = match self.renew(idp, &self.opened(&stored.token)?).await {
            Ok(token) => return Ok(token),
            Err(error) => error,
        };
        if error.is_invalid_grant() {
            refresh_tokens::forget_one(&mut *self.pool.acquire().await?, caller, &stored.token).await?;
            return Err(Error::forbidden("your refresh token is not accepted any more, please login again"));
        }
        let told = match error {
            PeerError::Unreached(_) => "Fail to reach fence",
            _ => "Fail to get a access token from fence",
        };
        Err(Error::Provider { told, source: error })
    }

    /// The refresh token that is stored as `encrypted`.
    pub(crate) fn opened(&self, encrypted: &str) -> Result<String, Error> {
        let failed = |error| Failure::internal("decrypting a refresh token", error);
        let opened = self.config.tokens_key.decrypt(encrypted).map_err(failed)?;
        String::from_utf8(opened.bytes).map_err(|_| failed(FernetError::Token).into())
    }
}
