//! Certificates of users: proof of a course or an agreement, as the portal's quiz uploads it.

use indexmap::IndexMap;

use crate::{
    error::Error,
    service::Fence,
    store::{
        certificates::{self, Certificate},
        users::User,
    },
};

/// The longest name, by the table.
const LONGEST_NAME: usize = 40;
/// The most certificates of one user.
const MOST: usize = 100;

impl Fence {
    /// The certificates that the operator wants of everybody and that the user has not uploaded, with what
    /// they are.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn missing_certificates(&self, user: &User) -> Result<IndexMap<String, String>, Error> {
        let uploaded = certificates::names(&mut *self.pool.acquire().await?, user.id).await?;
        let wanted = self.config.required_certificates.iter();
        let missing = wanted.filter(|(name, _)| !uploaded.contains(name));
        Ok(missing.map(|(name, text)| (name.clone(), text.clone())).collect())
    }

    /// A certificate of the user.
    ///
    /// # Errors
    /// 404 without one of this name.
    pub(crate) async fn certificate(&self, user: &User, name: &str) -> Result<Certificate, Error> {
        check_name(name)?;
        let found = certificates::find(&mut *self.pool.acquire().await?, user.id, name).await?;
        found.ok_or_else(|| Error::NotFound(format!("No certificate with name {name} found")))
    }

    /// Keeps a certificate of the user.
    ///
    /// # Errors
    /// 400 for a name that is too long, an empty certificate, and too many.
    pub(crate) async fn keep_certificate(
        &self,
        user: &User,
        name: &str,
        certificate: &Certificate,
    ) -> Result<(), Error> {
        check_name(name)?;
        if certificate.data.is_empty() {
            return Err(Error::BadRequest("the certificate is empty".into()));
        }
        let mut transaction = self.pool.begin().await?;
        certificates::put(&mut transaction, user.id, name, certificate).await?;
        if certificates::names(&mut transaction, user.id).await?.len() > MOST {
            return Err(Error::BadRequest(format!("a user has at most {MOST} certificates")));
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), Error> {
    if name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        let text = format!("a certificate's name has at most {LONGEST_NAME} characters, none for control");
        return Err(Error::BadRequest(text));
    }
    Ok(())
}
