//! Users and what is granted to them directly.
//!
//! Reading finds a user in any letter case; writing wants the exact name. A grant in another case therefore
//! finds the user, answers well, and changes nothing (arborist 2026-09).

use sqlx::PgConnection;

use crate::{
    Arborist, Error,
    decision::{Principal, Reached},
    input::ReadGrants,
    model::{GrantedPolicy, Held, Holder, Label, NewUser, PolicyName, User, UserChange},
    store::{policy, user},
};

impl Arborist {
    pub(crate) async fn users(&self) -> Result<Vec<User>, Error> {
        Ok(user::all(&mut *self.connection().await?).await?)
    }

    pub(crate) async fn user(&self, name: &str) -> Result<User, Error> {
        let found = user::find(&mut *self.connection().await?, name).await?;
        found.ok_or_else(|| Error::NotFound(format!("no user found with username: {name}")))
    }

    pub(crate) async fn create_user(&self, new: &NewUser) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if !user::insert(&mut transaction, new).await? {
            let text = format!("failed to insert user: user with this ID already exists: {}", new.name);
            return Err(Error::Conflict(text));
        }
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn change_user(&self, name: &str, change: &UserChange) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let changed =
            user::update(&mut transaction, name, change).await.map_err(|error| match Error::from(error) {
                Error::Conflict(_) => {
                    let taken = change.name.as_deref().unwrap_or_default();
                    let text =
                        format!(r#"failed to update name to "{taken}": user with this name already exists"#);
                    Error::Conflict(text)
                }
                other => other,
            })?;
        if !changed {
            return Err(Error::NotFound(format!("failed to update user: user does not exist: {name}")));
        }
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn delete_user(&self, name: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        user::delete(&mut transaction, name).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn grant_to_user(
        &self,
        name: &str,
        grant: GrantedPolicy,
        label: &Label,
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        match grant_each(&mut transaction, name, &[grant], label).await? {
            Some(refused) => Err(refused),
            None => Ok(transaction.commit().await?),
        }
    }

    /// Makes the grants that can be made; the error is that of the first which could not be read or made.
    pub(crate) async fn grant_many_to_user(
        &self,
        name: &str,
        read: ReadGrants,
        label: &Label,
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let refused = grant_each(&mut transaction, name, &read.grants, label).await?;
        transaction.commit().await?;
        match read.first_error.or(refused) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }

    /// Revokes one policy that was granted to the user directly, under `label` if there is one.
    pub(crate) async fn revoke_from_user(
        &self,
        name: &str,
        policy: &PolicyName,
        label: &Label,
    ) -> Result<(), Error> {
        let granted_under = user::label_of_grant(&mut *self.connection().await?, name, policy).await?;
        let Some(granted_under) = granted_under else {
            return Err(Error::NotGrantedDirectly { policy: policy.0.clone(), user: name.to_owned() });
        };
        if label.0.is_some() && granted_under != *label {
            let text = format!("Cannot revoke policy `{}`. Authz_provider Mismatch", policy.0);
            return Err(Error::Unauthenticated(text));
        }
        self.revoke(Holder::User(name), Held::One(&policy.0), label).await
    }

    /// Returns every existing resource that the user may do something to.
    pub(crate) async fn reached_by_user(&self, name: &str) -> Result<Vec<Reached>, Error> {
        if !user::exists(&mut *self.connection().await?, name).await? {
            return Err(Error::NotFound(format!("no user found with username: `{name}`")));
        }
        self.reached_by(&Principal::user(name), &[]).await
    }
}

/// Makes each of `grants` that can be made; the error is that of the first that cannot.
async fn grant_each(
    connection: &mut PgConnection,
    name: &str,
    grants: &[GrantedPolicy],
    label: &Label,
) -> Result<Option<Error>, Error> {
    if grants.is_empty() {
        return Ok(None);
    }
    if !user::exists(connection, name).await? {
        let text = format!("failed to grant policy to user: user does not exist: {name}");
        return Ok(Some(Error::NotFound(text)));
    }
    let names: Vec<&str> = grants.iter().map(|grant| grant.policy.as_str()).collect();
    let known = policy::existing(connection, &names).await?;
    user::grant(connection, name, grants, label).await?;
    let missing = names.into_iter().find(|policy| !known.contains(*policy));
    Ok(missing.map(|policy| {
        Error::BadRequest(format!("failed to grant policy to user: policy does not exist: {policy}"))
    }))
}
