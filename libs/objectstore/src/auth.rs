//! Whose requests are answered.

use s3s::{
    S3Result,
    access::{S3Access, S3AccessContext},
    auth::{S3Auth, SecretKey},
    s3_error,
};

use crate::wording::worded;

/// The only access key.
pub(crate) struct OneKey {
    pub(crate) id: String,
    pub(crate) secret: SecretKey,
}

#[async_trait::async_trait]
impl S3Auth for OneKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == self.id {
            Ok(self.secret.clone())
        } else {
            Err(worded(s3_error!(InvalidAccessKeyId)))
        }
    }
}

/// Headers with the owner that buckets must have.
const EXPECTED_OWNERS: [&str; 2] = ["x-amz-expected-bucket-owner", "x-amz-source-expected-bucket-owner"];

/// All buckets are the access key's, and so is every request that is answered.
pub(crate) struct OneOwner(pub(crate) String);

#[async_trait::async_trait]
impl S3Access for OneOwner {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        if context.credentials().is_none() {
            return Err(worded(s3_error!(AccessDenied)));
        }
        let is_other = |name: &str| {
            let mut expected = context.headers().get_all(name).iter();
            expected.any(|owner| owner.as_bytes() != self.0.as_bytes())
        };
        if EXPECTED_OWNERS.into_iter().any(is_other) {
            return Err(worded(s3_error!(AccessDenied)));
        }
        Ok(())
    }
}
