//! Users, as administrators see and change them.

use authz::username;
use serde_json::{Map, Value};
use sqlx::PgConnection;

use super::users::UserPage;
use crate::{
    clock::now,
    error::Error,
    identity::permits::MayAdminister,
    service::Fence,
    store::{
        administration::{self, Changes, NewUser},
        users::{self, ListedUser, User},
    },
};

/// The most tags that one request gives.
const MOST_TAGS: usize = 100;

impl Fence {
    /// All users, by name.
    pub(crate) async fn all_users(&self, _: &MayAdminister) -> Result<Vec<ListedUser>, Error> {
        Ok(users::list(&mut *self.pool.acquire().await?).await?)
    }

    /// The page of the user of this name, in any case.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn page_of(&self, _: &MayAdminister, username: &str) -> Result<UserPage, Error> {
        let user = known(&mut *self.pool.acquire().await?, username).await?;
        self.page(user, None).await
    }

    /// Makes a user, with tags.
    ///
    /// # Errors
    /// 400 for a name that is none, or that a user has in any case.
    pub(crate) async fn add_user(
        &self,
        proof: &MayAdminister,
        user: &NewUser<'_>,
        tags: Vec<(String, Option<String>)>,
    ) -> Result<UserPage, Error> {
        username::check(user.username).map_err(|error| Error::BadRequest(error.to_string()))?;
        if tags.len() > MOST_TAGS {
            return Err(Error::BadRequest(format!("a user has at most {MOST_TAGS} tags")));
        }
        let mut transaction = self.pool.begin().await?;
        must_be_free(&mut transaction, user.username).await?;
        if let Some(idp) = user.idp {
            users::ensure_provider(&mut transaction, idp).await?;
        }
        let id = administration::create(&mut transaction, user).await?;
        let id = id.ok_or_else(|| name_is_taken(user.username))?;
        let (keys, values): (Vec<_>, Vec<_>) = tags.into_iter().unzip();
        administration::add_tags(&mut transaction, id, &keys, &values).await?;
        transaction.commit().await?;
        tracing::info!(user.id = id, administrator.id = proof.administrator().user_id(), "a user was made");
        self.page_of(proof, user.username).await
    }

    /// Changes a user.
    ///
    /// # Errors
    /// 404 when there is none, 400 for a new name that another user has in any case.
    pub(crate) async fn change_user(
        &self,
        proof: &MayAdminister,
        username: &str,
        changes: &Changes<'_>,
    ) -> Result<UserPage, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        if let Some(name) = changes.username {
            username::check(name).map_err(|error| Error::BadRequest(error.to_string()))?;
            if name.to_lowercase() != user.username.to_lowercase() {
                must_be_free(&mut transaction, name).await?;
            }
        }
        administration::update(&mut transaction, user.id, changes).await?;
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was changed");
        self.page_of(proof, changes.username.unwrap_or(&user.username)).await
    }

    /// Shuts a user out: their API keys, sessions and refresh tokens end for ever.
    ///
    /// # Errors
    /// 404 when there is none.
    pub async fn deactivate_user(&self, proof: &MayAdminister, username: &str) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        administration::deactivate(&mut transaction, user.id, now()).await?;
        administration::end_api_keys(&mut transaction, user.id).await?;
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was shut out");
        Ok(())
    }

    /// Lets a user in again.
    ///
    /// # Errors
    /// 404 when there is none, 400 for one who is not shut out.
    pub(crate) async fn reactivate_user(
        &self,
        proof: &MayAdminister,
        username: &str,
    ) -> Result<UserPage, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        if user.active {
            return Err(Error::BadRequest(format!("user {username} is already active")));
        }
        administration::activate(&mut transaction, user.id).await?;
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was let in again");
        self.page_of(proof, username).await
    }

    /// Deletes a user with their API keys, groups and access lists. arborist is not told, as in the original.
    ///
    /// # Errors
    /// 404 when there is none, 409 while something that fence does not know of refers to the user.
    pub(crate) async fn delete_user(&self, proof: &MayAdminister, username: &str) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        administration::end_api_keys(&mut transaction, user.id).await?;
        administration::delete(&mut transaction, user.id).await.map_err(|error| match &error {
            sqlx::Error::Database(cause) if cause.is_foreign_key_violation() => Error::Conflict(format!(
                "user {username} cannot be deleted, because table {} refers to them; DELETE .../soft shuts \
                 them out",
                cause.table().unwrap_or("of another feature")
            )),
            _ => error.into(),
        })?;
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was deleted");
        Ok(())
    }

    /// What users have said of themselves, by name.
    pub(crate) async fn registrations(&self, _: &MayAdminister) -> Result<Map<String, Value>, Error> {
        let found = administration::registrations(&mut *self.pool.acquire().await?).await?;
        Ok(found.into_iter().map(|(name, info)| (name, info.0)).collect())
    }
}

/// The user of this name, in any case.
///
/// # Errors
/// 404 when there is none.
pub(super) async fn known(connection: &mut PgConnection, username: &str) -> Result<User, Error> {
    let user = users::by_name(connection, username).await?;
    user.ok_or_else(|| Error::NotFound(format!("user {username} not found")))
}

async fn must_be_free(connection: &mut PgConnection, username: &str) -> Result<(), Error> {
    match users::by_name(connection, username).await? {
        Some(_) => Err(name_is_taken(username)),
        None => Ok(()),
    }
}

fn name_is_taken(username: &str) -> Error {
    Error::BadRequest(format!(
        "there is a user {username} already, perhaps in other letters; change that one"
    ))
}
