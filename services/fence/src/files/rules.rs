//! The rules of one record: what arborist, the access list and the uploader say.

use std::marker::PhantomData;

use authz::{AuthzError, Grant, Permission};
use indexclient::Record;
use tokio::sync::OnceCell;

use crate::{
    error::Error,
    identity::caller::{Bearer, Caller},
    permissions::{Delete, ReadStorage, WriteStorage},
    service::Fence,
    store::users::{self, ProjectAccess},
};

/// That the rules of one record permit `P`. Only this module makes one.
pub(super) struct Consent<'r, P> {
    record: &'r Record,
    permission: PhantomData<fn() -> P>,
}

impl<P> std::fmt::Debug for Consent<'_, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consent").field("record", &self.record.did).finish_non_exhaustive()
    }
}

impl<'r, P> Consent<'r, P> {
    fn to(record: &'r Record) -> Self {
        Self { record, permission: PhantomData }
    }

    /// What arborist says of the resource paths of `record`.
    pub(super) fn granted(record: &'r Record, grant: &Grant<P>) -> Self
    where
        P: Permission,
    {
        debug_assert_eq!(grant.resources(), record.authz, "the grant is of the record's own paths");
        Self::to(record)
    }

    /// The record that was asked about.
    pub(super) fn record(&self) -> &'r Record {
        self.record
    }
}

/// What can be done with the bytes of a file.
pub(super) trait FilePermission: Permission + Sized {
    /// What a public access list (`*`) says of it.
    fn of_public_file(record: &Record) -> Result<Consent<'_, Self>, Error>;
}

impl FilePermission for ReadStorage {
    fn of_public_file(record: &Record) -> Result<Consent<'_, Self>, Error> {
        Ok(Consent::to(record))
    }
}

impl FilePermission for WriteStorage {
    fn of_public_file(_: &Record) -> Result<Consent<'_, Self>, Error> {
        Err(Error::Unauthorized("Cannot upload on public files while using acl field".into()))
    }
}

/// Asks about the records of one request.
pub(super) struct Rules<'c, P> {
    fence: &'c Fence,
    caller: &'c Caller,
    /// Read when it is first needed.
    legacy: OnceCell<ProjectAccess>,
    permission: PhantomData<fn() -> P>,
}

impl<'c, P: FilePermission> Rules<'c, P> {
    pub(super) fn new(fence: &'c Fence, caller: &'c Caller) -> Self {
        Self { fence, caller, legacy: OnceCell::new(), permission: PhantomData }
    }

    /// Asks whether the caller may do `P` with the file of `record`.
    ///
    /// The record's resource paths decide alone when it has any, all of them; then a public access list; then
    /// the uploader, alone when the record has one; then the legacy access list.
    ///
    /// # Errors
    /// 401 for "no": fence never says 403 for a file, and clients renew their login on 401 only.
    pub(super) async fn ask<'r>(&self, record: &'r Record) -> Result<Consent<'r, P>, Error> {
        if record.authz.is_empty() {
            self.ask_without_resources(record).await
        } else {
            self.ask_arborist(&record.authz).await.map(|grant| Consent::granted(record, &grant))
        }
    }

    /// The decision for records that these resource paths guard.
    pub(super) async fn ask_arborist(&self, paths: &[String]) -> Result<Grant<P>, Error> {
        let subject = self.caller.subject()?;
        self.fence.authz.require::<P>(&subject, paths.to_vec()).await.map_err(|error| match error {
            AuthzError::Denied => Error::Unauthorized(format!(
                "Either you weren't authenticated successfully or you don't have {} permission on \
                 authorization resource: {}",
                P::METHODS.join(", "),
                paths.join(", ")
            )),
            error => error.into(),
        })
    }

    /// The decision for a record that no resource path guards.
    pub(super) async fn ask_without_resources<'r>(
        &self,
        record: &'r Record,
    ) -> Result<Consent<'r, P>, Error> {
        if record.acl.iter().any(|entry| entry == "*") {
            return P::of_public_file(record);
        }
        if self.caller.is_anonymous() {
            return Err(Error::please_login());
        }
        let bearer = self.caller.bearer(self.fence, &["data"]).await?;
        let permitted = match (&record.uploader, bearer.user_id()) {
            (Some(uploader), _) => bearer.is_user(uploader),
            (None, Some(id)) if !record.acl.is_empty() => {
                let access = self.legacy.get_or_try_init(|| self.legacy_access(id)).await?;
                // The privileges of access lists have the names of arborist's methods.
                let is_listed = |project: &String| {
                    let privileges = access.get(project).map(Vec::as_slice).unwrap_or_default();
                    privileges.iter().any(|privilege| P::METHODS.contains(&privilege.as_str()))
                };
                record.acl.iter().any(is_listed)
            }
            (None, _) => false,
        };
        if permitted {
            Ok(Consent::to(record))
        } else {
            Err(Error::Unauthorized(format!("You don't have access permission on this file: {}", record.did)))
        }
    }

    async fn legacy_access(&self, user: i32) -> Result<ProjectAccess, Error> {
        let mut connection = self.fence.pool.acquire().await?;
        Ok(users::project_access(&mut connection, user).await?)
    }
}

/// Asks whether a file may be deleted. Resource paths decide alone when the record has any; otherwise only
/// its uploader may.
///
/// # Errors
/// 403 for "no".
pub(super) async fn ask_deletion<'r>(
    fence: &Fence,
    bearer: &Bearer,
    record: &'r Record,
) -> Result<Consent<'r, Delete>, Error> {
    if record.authz.is_empty() {
        return if record.uploader.as_deref().is_some_and(|uploader| bearer.is_user(uploader)) {
            Ok(Consent::to(record))
        } else {
            Err(Error::Forbidden(
                "You cannot delete this file because the uploader field indicates it does not belong to you."
                    .into(),
            ))
        };
    }
    match fence.authz.require::<Delete>(&bearer.subject(), record.authz.clone()).await {
        Ok(grant) => Ok(Consent::granted(record, &grant)),
        Err(AuthzError::Denied) => {
            Err(Error::Forbidden("You do not have arborist permissions to delete this file.".into()))
        }
        Err(error) => Err(error.into()),
    }
}
