//! What a claimant may do, by a basic login or by arborist's word.

use std::collections::BTreeSet;

use authz::{Authz, AuthzError, Permission, Subject};
use indexclient::ownership::Owner;
use subtle::ConstantTimeEq;

use super::Claimant;
use crate::{Error, Indexd, store::logins, users};

/// Whoever has a method here has it on every record.
const ADMIN: &str = "/services/indexd/admin";
/// The older place for the same, which counts for records that nobody guards.
const OLD_ADMIN: &str = "/programs";

macro_rules! permissions {
    ($($(#[$doc:meta])* $visibility:vis $name:ident $method:literal)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        $visibility struct $name;

        impl Permission for $name {
            const SERVICE: &'static str = "indexd";
            const METHODS: &'static [&'static str] = &[$method];
        }
    )* };
}

permissions! {
    /// The permission to create.
    pub Create "create"
    /// The permission to change what exists.
    pub Update "update"
    /// The permission to delete.
    pub Delete "delete"
    /// The permission to upload files, whichever they are.
    pub(super) FileUpload "file_upload"
}

/// The proof that a question was asked and the answer was yes. Only this module makes one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Right(());

impl Indexd {
    /// The right to `P` on all of `resources`. None of them means a record that nobody guards, for which only
    /// administrators count.
    pub(super) async fn right<P: Permission>(
        &self,
        who: &Claimant,
        resources: &[String],
    ) -> Result<Right, Error> {
        match who {
            Claimant::Service => Ok(Right(())),
            Claimant::Login { username, password } => self.login(username, password).await,
            Claimant::BrokenLogin => Err(mismatch()),
            Claimant::Token(token) => {
                ask::<P>(self.configured()?, &Subject::Token(token.clone()), resources).await
            }
            Claimant::User(name) => {
                ask::<P>(self.configured()?, &Subject::User(name.clone()), resources).await
            }
            Claimant::Unknown | Claimant::Nobody => {
                self.configured()?;
                Err(denied())
            }
        }
    }

    /// The right to `P` on a record of this owner that is to be guarded by `named` as well, where a change
    /// names new guards. Whom `owner` means is said there; administrators and services have every right.
    pub(super) async fn right_of<P: Permission>(
        &self,
        who: &Claimant,
        owner: Owner<'_>,
        named: &[String],
    ) -> Result<Right, Error> {
        let is_uploader = match owner {
            Owner::Uploader(uploader) if !named.is_empty() => self.is_user(who, uploader).await?,
            _ => false,
        };
        let guards = guards_of_change(owner, named, is_uploader);
        self.right::<P>(who, &guards).await
    }

    /// Refuses a token that arborist does not believe, whatever its bearer may do.
    pub(super) async fn must_be_believed(&self, token: &str) -> Result<(), Error> {
        match self.configured()?.user_name(&Subject::Token(token.to_owned())).await {
            Ok(_) | Err(AuthzError::Denied | AuthzError::BadRequest(_) | AuthzError::Forbidden(_)) => Ok(()),
            Err(error @ (AuthzError::Unauthenticated(_) | AuthzError::Unavailable(_))) => {
                Err(Error::Undecided(error))
            }
        }
    }

    /// Whether the claimant is the user of this name, by a token that arborist believes.
    pub(super) async fn is_user(&self, who: &Claimant, username: &str) -> Result<bool, Error> {
        let token = match who {
            Claimant::Token(token) => token,
            Claimant::User(name) => return Ok(name == username),
            _ => return Ok(false),
        };
        match self.configured()?.user_name(&Subject::Token(token.clone())).await {
            Ok(name) => Ok(name.is_some_and(|name| name == username)),
            Err(AuthzError::Denied | AuthzError::BadRequest(_) | AuthzError::Forbidden(_)) => Ok(false),
            Err(error @ (AuthzError::Unauthenticated(_) | AuthzError::Unavailable(_))) => {
                Err(Error::Undecided(error))
            }
        }
    }

    /// The user of this name, for whom a service vouches that has a basic login.
    ///
    /// # Errors
    /// For any other claimant, and for an empty name.
    pub(crate) async fn vouched_for(&self, who: &Claimant, name: &str) -> Result<Claimant, Error> {
        self.right_by_login(who).await?;
        if name.is_empty() {
            return Err(Error::bad("user: it is the name of a user"));
        }
        Ok(Claimant::User(name.to_owned()))
    }

    /// The right to everything, which only a basic login gives.
    pub(super) async fn right_by_login(&self, who: &Claimant) -> Result<Right, Error> {
        match who {
            Claimant::Service => Ok(Right(())),
            Claimant::Login { username, password } => self.login(username, password).await,
            Claimant::BrokenLogin => Err(mismatch()),
            Claimant::Token(_) | Claimant::User(_) | Claimant::Unknown | Claimant::Nobody => {
                Err(Error::Login("Username / password required.".into()))
            }
        }
    }

    fn configured(&self) -> Result<&(dyn Authz + 'static), Error> {
        let unconfigured = "Arborist is not configured; cannot perform authorization check";
        self.arborist.as_deref().ok_or_else(|| Error::Login(unconfigured.into()))
    }

    async fn login(&self, username: &str, password: &str) -> Result<Right, Error> {
        if username.contains('\0') {
            return Err(mismatch());
        }
        let stored = logins::digest(&mut *self.pool.acquire().await?, username).await?;
        let given = users::digest(password);
        // An unknown user costs the same comparison as a known one.
        let expected = stored.as_deref().unwrap_or("");
        let padded = format!("{expected:64.64}");
        let equal = bool::from(padded.as_bytes().ct_eq(given.as_bytes()));
        if equal && stored.is_some() { Ok(Right(())) } else { Err(mismatch()) }
    }
}

fn mismatch() -> Error {
    Error::Login("username / password mismatch".into())
}

fn denied() -> Error {
    Error::Denied("Permission denied.".into())
}

/// The resources on which a change of a record of this owner needs the right, if it is to be guarded by
/// `named` as well; none of them means that only administrators may.
pub(super) fn guards_of_change(owner: Owner<'_>, named: &[String], is_uploader: bool) -> Vec<String> {
    match owner {
        Owner::Guards(guards) => union(guards, named),
        Owner::Nobody => named.to_vec(),
        Owner::AccessList => Vec::new(),
        // Their file becomes that of the guards only if they have the right there too.
        Owner::Uploader(_) if is_uploader => named.to_vec(),
        Owner::Uploader(_) => Vec::new(),
    }
}

pub(super) fn union(a: &[String], b: &[String]) -> Vec<String> {
    a.iter().chain(b).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

/// Asks for `resources` together, and then for the administrators' own.
async fn ask<P: Permission>(
    arborist: &(dyn Authz + 'static),
    subject: &Subject,
    resources: &[String],
) -> Result<Right, Error> {
    let groups = if resources.is_empty() {
        [vec![ADMIN.to_owned()], vec![OLD_ADMIN.to_owned()]]
    } else {
        let mut resources = resources.to_vec();
        resources.sort_unstable();
        resources.dedup();
        [resources, vec![ADMIN.to_owned()]]
    };
    for group in groups {
        match arborist.require::<P>(subject, group).await {
            Ok(_) => return Ok(Right(())),
            // A resource that arborist finds malformed is nobody's but the administrators'.
            Err(AuthzError::Denied | AuthzError::BadRequest(_) | AuthzError::Forbidden(_)) => {}
            Err(error @ (AuthzError::Unauthenticated(_) | AuthzError::Unavailable(_))) => {
                return Err(Error::Undecided(error));
            }
        }
    }
    Err(denied())
}
