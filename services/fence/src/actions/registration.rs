//! Users say who they are, where a commons wants to know (`REGISTER_USERS_ON`).

use serde_json::{Value, json};

use crate::{
    error::Error,
    identity::registration::MayRegister,
    service::Fence,
    store::{administration, users::User},
};

/// The longest text that users say of themselves.
const LONGEST: usize = 255;

/// What somebody says of themselves.
#[derive(Debug)]
pub(crate) struct RegistrationForm<'a> {
    pub(crate) firstname: Option<&'a str>,
    pub(crate) lastname: Option<&'a str>,
    pub(crate) organization: Option<&'a str>,
    pub(crate) email: Option<&'a str>,
}

impl Fence {
    /// Keeps what the user that `proof` is about says, and puts them into the group of those who have.
    ///
    /// # Errors
    /// 400 for a form that is not filled in, or that has an address though one is known.
    pub async fn register_user(&self, proof: &MayRegister, info: &Value) -> Result<(), Error> {
        let user = proof.user();
        let group = self.config.registered_users_group.as_str();
        if !group.is_empty() {
            // First, because it can be done twice: who is registered is not asked again.
            self.authz.ensure_member(&user.username, group).await?;
        }
        let mut transaction = self.pool.begin().await?;
        administration::register(&mut transaction, user.id, info).await?;
        transaction.commit().await?;
        tracing::info!(user.id = user.id, "a user has registered");
        Ok(())
    }
}

/// What is kept of a form.
///
/// # Errors
/// 400 for a form that is not filled in, or that has an address though the user's is known.
pub(crate) fn registration(user: &User, form: &RegistrationForm<'_>) -> Result<Value, Error> {
    let refused = |text: String| Error::BadRequest(format!("Form validation failed: {text}"));
    let filled = |name: &str, value: Option<&str>| {
        let value = value.map(str::trim).filter(|value| !value.is_empty());
        let value = value.ok_or_else(|| refused(format!("{name}: This field is required.")))?;
        if value.len() > LONGEST || value.chars().any(char::is_control) {
            return Err(refused(format!("{name}: at most {LONGEST} bytes and no control characters")));
        }
        Ok(value.to_owned())
    };
    let known = user.email.as_deref().filter(|email| !email.is_empty());
    let email = match (known, form.email.filter(|email| !email.is_empty())) {
        (Some(_), Some(_)) => {
            return Err(refused("email: this user has an address already".into()));
        }
        (Some(known), None) => known.to_owned(),
        (None, given) => {
            let email = filled("email", given)?;
            if !is_address(&email) {
                return Err(refused("email: Invalid email address.".into()));
            }
            email
        }
    };
    Ok(json!({
        "firstname": filled("firstname", form.firstname)?,
        "lastname": filled("lastname", form.lastname)?,
        "org": filled("organization", form.organization)?,
        "email": email,
    }))
}

/// Whether mail could be sent there, as far as one can see.
pub(super) fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    let is_label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    !user.is_empty()
        && !user.contains(|c: char| c.is_whitespace() || c == '@')
        && host.contains('.')
        && host.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_a_user_and_a_host() {
        for good in ["ada@x.org", "a.b+c@sub.x-y.org", "ü@x.org"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "ada", "@x.org", "ada@", "ada@x", "a b@x.org", "a@b@x.org", "a@x..org", "a@x.org."] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
