//! Logging somebody in whom an identity provider vouches for.

use authz::username;
use serde_json::{Value, json};
use sqlx::PgConnection;
use url::Url;

use crate::{
    error::Error,
    identity::{
        login::{MayLogIn, MayPickUser},
        redirects,
        session::{LONGEST_TEXT, Session},
    },
    providers::{Person, Registration},
    service::Fence,
    store::{
        administration, clients, denylist,
        users::{self, User, Vouched},
    },
};

/// How a login ends.
#[derive(Debug)]
#[must_use]
pub enum Entered {
    /// The session is the user's.
    Now,
    /// The user must say first who they are.
    AfterRegistration {
        /// The user.
        username: String,
    },
}

/// What a provider's word for somebody is for their registration.
fn registration_of(person: &Person) -> Result<Value, Error> {
    let email = person.email.as_deref();
    let email = email.ok_or_else(|| Error::BadRequest("OAuth2 id token is missing email claim".into()))?;
    let known = |name: &Option<String>| name.clone().unwrap_or_else(|| "Unknown".to_owned());
    let Registration { firstname, lastname, organization } = &person.registration;
    Ok(json!({
        "firstname": known(firstname),
        "lastname": known(lastname),
        "org": organization,
        "email": email,
    }))
}

/// The picker of the development login shows at most this many users.
const USERS_SHOWN: i64 = 100;

impl Fence {
    /// Finds the user that `proof` is about (in any case) or creates one, remembers the login, and begins a
    /// session; unless the user must say first who they are.
    ///
    /// # Errors
    /// 401 for a name that is denied, for an inactive user, and for a new one where new users are not let in.
    pub async fn log_in(&self, session: &mut Session, proof: &MayLogIn<'_>) -> Result<Entered, Error> {
        let person = proof.person();
        let username = person.username.as_str();
        if self.checked.deny_username.as_ref().is_some_and(|pattern| pattern.is_match(username)) {
            return Err(Error::Unauthorized(String::new()));
        }
        username::check(username).map_err(|error| Error::BadRequest(error.to_string()))?;
        let mut transaction = self.pool.begin().await?;
        let user = self.known_or_new(&mut transaction, username).await?.filter(|user| user.active);
        let user = user.ok_or_else(|| Error::Unauthorized("User is known but not active".into()))?;
        let vouched = Vouched {
            idp: proof.idp(),
            email: person.email.as_deref(),
            id_from_idp: person.id.as_deref(),
            display_name: person.display_name.as_deref(),
        };
        users::logged_in(&mut transaction, user.id, vouched).await?;
        let mut is_registered = user.registered || !self.config.register_users_on.is_on();
        if !is_registered && proof.registers() {
            let info = registration_of(person)?;
            administration::register(&mut transaction, user.id, &info).await?;
            is_registered = true;
        }
        transaction.commit().await?;
        self.give_login_rights(&user, proof).await?;
        if !is_registered {
            return Ok(Entered::AfterRegistration { username: user.username });
        }
        session.log_in(&user, proof.idp());
        Ok(Entered::Now)
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

    /// Where a login that was asked for at `host` sends the browser.
    ///
    /// # Errors
    /// 400 for other sites, and for none.
    pub(crate) async fn login_target(&self, host: Option<&Url>, target: &str) -> Result<String, Error> {
        if target.len() > LONGEST_TEXT {
            return Err(Error::BadRequest(format!(
                "a login redirect URL has at most {LONGEST_TEXT} characters"
            )));
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
