//! Users, as administrators see and change them.

use authz::{Standing, username};
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
        // A user of this name may have been deactivated, and gone from the table without a word.
        self.set_standing(user.username, Standing::Active).await?;
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
        let new_name = changes
            .username
            .filter(|name| !user.active && name.to_lowercase() != user.username.to_lowercase());
        if let Some(name) = new_name {
            self.set_standing(name, Standing::Deactivated).await?;
        }
        transaction.commit().await?;
        if new_name.is_some() {
            self.set_standing(&user.username, Standing::Deleted).await?;
        }
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was changed");
        self.page_of(proof, changes.username.unwrap_or(&user.username)).await
    }

    /// Shuts a user out: their API keys, sessions and tokens end for ever. arborist is told first, so that
    /// the user stays out if the rest fails; it is done again then.
    ///
    /// # Errors
    /// 404 when there is none, 503 when arborist does not answer.
    pub async fn deactivate_user(&self, proof: &MayAdminister, username: &str) -> Result<(), Error> {
        let user = known(&mut *self.pool.acquire().await?, username).await?;
        self.set_standing(&user.username, Standing::Deactivated).await?;
        let mut transaction = self.pool.begin().await?;
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
    /// 404 when there is none, 400 for one who is not shut out, 503 when arborist does not answer.
    pub(crate) async fn reactivate_user(
        &self,
        proof: &MayAdminister,
        username: &str,
    ) -> Result<UserPage, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        administration::activate(&mut transaction, user.id, now()).await?;
        let changed = self.set_standing(&user.username, Standing::Active).await?;
        // Somebody may have written into the table what arborist has not heard of.
        if user.active && !changed {
            return Err(Error::BadRequest(format!("user {username} is already active")));
        }
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was let in again");
        self.page_of(proof, username).await
    }

    /// Deletes a user with their API keys, groups and access lists. arborist keeps the user's grants, as in
    /// the original, but refuses the tokens.
    ///
    /// # Errors
    /// 404 when there is none, 503 when arborist does not answer, 409 while something that fence does not
    /// know of refers to the user.
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
        self.set_standing(&user.username, Standing::Deleted).await?;
        transaction.commit().await?;
        let administrator = proof.administrator().user_id();
        tracing::info!(user.id = user.id, administrator.id = administrator, "a user was deleted");
        Ok(())
    }

    /// Tells arborist which users are not active, for one that has not heard of them: such as those of a
    /// commons that another program has run.
    ///
    /// # Errors
    /// When the database or arborist does not answer.
    pub async fn tell_deactivated(&self) -> Result<(), Error> {
        let names = users::deactivated_names(&mut *self.pool.acquire().await?).await?;
        if !names.is_empty() && self.authz.set_standing(&names, Standing::Deactivated).await?.is_none() {
            warn_of_deaf_arborist();
        }
        Ok(())
    }

    /// Tells arborist what a user is, and returns whether that is something new to it.
    async fn set_standing(&self, username: &str, standing: Standing) -> Result<bool, Error> {
        let changed = self.authz.set_standing(&[username.to_owned()], standing).await?;
        if changed.is_none() {
            warn_of_deaf_arborist();
        }
        Ok(changed.is_some_and(|changed| changed > 0))
    }

    /// What users have said of themselves, by name.
    pub(crate) async fn registrations(&self, _: &MayAdminister) -> Result<Map<String, Value>, Error> {
        let found = administration::registrations(&mut *self.pool.acquire().await?).await?;
        Ok(found.into_iter().map(|(name, info)| (name, info.0)).collect())
    }
}

fn warn_of_deaf_arborist() {
    tracing::warn!(
        "this arborist knows nothing of users who are not active: their access tokens go on until they expire"
    );
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
