//! Logging somebody in whom an identity provider vouches for.

use authz::username;
use sqlx::PgConnection;
use url::Url;

use crate::{
    error::Error,
    identity::{
        login::{MayLogIn, MayPickUser},
        redirects,
        session::Session,
    },
    service::Fence,
    store::{
        clients, denylist,
        users::{self, User},
    },
};

/// The picker of the development login shows at most this many users.
const USERS_SHOWN: i64 = 100;

impl Fence {
    /// Finds the user that `proof` is about (in any case) or creates one, remembers the login, and begins a
    /// session.
    ///
    /// # Errors
    /// 401 for a name that is denied, for an inactive user, and for a new one where new users are not let in.
    pub async fn log_in(&self, session: &mut Session, proof: &MayLogIn<'_>) -> Result<(), Error> {
        let username = proof.username();
        if self.checked.deny_username.as_ref().is_some_and(|pattern| pattern.is_match(username)) {
            return Err(Error::Unauthorized(String::new()));
        }
        username::check(username).map_err(|error| Error::BadRequest(error.to_string()))?;
        let mut transaction = self.pool.begin().await?;
        let user = self.known_or_new(&mut transaction, username).await?.filter(|user| user.active);
        let user = user.ok_or_else(|| Error::Unauthorized("User is known but not active".into()))?;
        users::logged_in(&mut transaction, user.id, proof.idp()).await?;
        transaction.commit().await?;
        session.log_in(&user, proof.idp());
        Ok(())
    }

    /// Remembers that `session` is over, as long as a copy of its cookie would last.
    ///
    /// # Errors
    /// When the database fails.
    pub(crate) async fn end_session(&self, session: &Session) -> Result<(), Error> {
        if let Some((name, end)) = session.name_and_end(&self.config) {
            denylist::add(&mut *self.pool.acquire().await?, name, end).await?;
        }
        Ok(())
    }

    async fn known_or_new(
        &self,
        connection: &mut PgConnection,
        username: &str,
    ) -> Result<Option<User>, Error> {
        if let Some(known) = users::by_name(connection, username).await? {
            return Ok(Some(known));
        }
        if !self.config.allow_new_user_on_login {
            return Err(Error::Unauthorized("New user is not yet authorized/registered".into()));
        }
        users::create(connection, username).await?;
        Ok(users::by_name(connection, username).await?)
    }

    /// Names that the picker of the development login offers.
    pub(crate) async fn login_names(&self, _: &MayPickUser) -> Result<Vec<String>, Error> {
        let mut connection = self.pool.acquire().await?;
        Ok(users::active_names(&mut connection, USERS_SHOWN).await?)
    }

    /// Where a login that was asked for at `host` sends the browser: to `target`, or to our front page
    /// without one.
    ///
    /// # Errors
    /// 400 for other sites.
    pub(crate) async fn login_target(
        &self,
        host: Option<&Url>,
        target: Option<&str>,
    ) -> Result<String, Error> {
        let target = target.unwrap_or_default();
        if target.is_empty() {
            return Ok("/".to_owned());
        }
        if let Some(path) = host.and_then(|host| redirects::path_on(host, target)) {
            return Ok(path);
        }
        if self.may_redirect_to(target).await? {
            Ok(target.to_owned())
        } else {
            Err(Error::BadRequest(format!(
                "invalid login redirect URL {target} (this commons is at {})",
                self.checked.base.origin().ascii_serialization()
            )))
        }
    }

    /// Whether a browser may be sent to `target` after a login or logout.
    pub(crate) async fn may_redirect_to(&self, target: &str) -> Result<bool, Error> {
        let sites = &self.checked.redirect_sites;
        if redirects::is_allowed(target, |site| sites.iter().any(|known| known == site)) {
            return Ok(true);
        }
        // Asked only when it matters: most logins return to our own site.
        let mut connection = self.pool.acquire().await?;
        let clients = redirects::client_sites(&clients::metadata(&mut connection).await?);
        Ok(redirects::is_allowed(target, |site| clients.contains(site)))
    }
}
