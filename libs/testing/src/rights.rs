//! A double of arborist.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use authz::{Action, Authz, AuthzError, Mapping, Request, ResourceSpec, Standing, Subject};
use tokens::{Expect, Verifier};

/// Whose grants count for everybody, logged in or not.
pub const EVERYBODY: &str = "*";

/// arborist as a list of grants, for tests of the services that ask it. What is granted on a resource is
/// granted on all resources below it.
///
/// It stands for arborist where a test is about another service; the tests of a whole commons use the real
/// one.
pub struct Rights {
    /// Without one, the token of a user is their name.
    verifier: Option<Arc<Verifier>>,
    grants: Vec<Granted>,
    refused_tokens: Vec<String>,
    unanswered: Vec<String>,
    deactivated: Vec<String>,
    asked: Mutex<Vec<Vec<Request>>>,
    members: Mutex<Vec<(String, String)>>,
    standings: Mutex<Vec<(String, Standing)>>,
}

struct Granted {
    who: String,
    action: Action,
    resource: String,
}

impl Rights {
    /// No grants yet; a bearer is the user whom their token names, if `verifier` accepts it and it has the
    /// scope `openid`.
    pub fn of_verified_tokens(verifier: Arc<Verifier>) -> Self {
        Self { verifier: Some(verifier), ..Self::of_plain_tokens() }
    }

    /// No grants yet; the token of a user is their name, as it stands.
    pub fn of_plain_tokens() -> Self {
        Self {
            verifier: None,
            grants: Vec::new(),
            refused_tokens: Vec::new(),
            unanswered: Vec::new(),
            deactivated: Vec::new(),
            asked: Mutex::default(),
            members: Mutex::default(),
            standings: Mutex::default(),
        }
    }

    /// Who was put into which group.
    pub fn members(&self) -> Vec<(String, String)> {
        self.members.lock().expect("nobody panicked while noting").clone()
    }

    /// What was said of users, in order. It changes no answer.
    ///
    /// # Panics
    /// When another thread panicked while it noted.
    pub fn standings(&self) -> Vec<(String, Standing)> {
        self.standings.lock().expect("nobody panicked while noting").clone()
    }

    /// Grants `method` of `service` (each may be `*`) on `resource` to the user `who`, to a client as
    /// `client ID`, or to [`EVERYBODY`].
    #[must_use]
    pub fn grant(mut self, who: &str, service: &str, method: &str, resource: &str) -> Self {
        let action = Action { service: service.to_owned(), method: method.to_owned() };
        self.grants.push(Granted { who: who.to_owned(), action, resource: resource.to_owned() });
        self
    }

    /// Refuses this token as a forged one.
    #[must_use]
    pub fn refuse_token(mut self, token: &str) -> Self {
        self.refused_tokens.push(token.to_owned());
        self
    }

    /// Gives no answer about this user.
    #[must_use]
    pub fn unavailable_for(mut self, who: &str) -> Self {
        self.unanswered.push(who.to_owned());
        self
    }

    /// Refuses the tokens of this user, as of one who was deactivated.
    #[must_use]
    pub fn deactivated(mut self, who: &str) -> Self {
        self.deactivated.push(who.to_owned());
        self
    }

    /// What was asked to decide so far.
    ///
    /// # Panics
    /// When another thread panicked while it asked.
    pub fn asked(&self) -> Vec<Vec<Request>> {
        self.asked.lock().expect("nobody panicked while asking").clone()
    }

    async fn name(&self, subject: &Subject) -> Result<Option<String>, AuthzError> {
        let name = match subject {
            Subject::Token(token) if self.refused_tokens.contains(token) => {
                return Err(AuthzError::Unauthenticated("could not decode token".into()));
            }
            Subject::Token(token) => match &self.verifier {
                None => Some(token.clone()),
                Some(verifier) => verified(verifier, token).await?,
            },
            Subject::User(name) => Some(name.clone()),
            Subject::Client(id) => Some(format!("client {id}")),
            Subject::Anonymous => None,
        };
        let is_out = name.as_ref().is_some_and(|name| self.deactivated.contains(name));
        if is_out && matches!(subject, Subject::Token(_)) {
            return Err(AuthzError::Unauthenticated("the user of this token is not active".into()));
        }
        if name.as_ref().is_some_and(|name| self.unanswered.contains(name)) {
            return Err(AuthzError::Unavailable("down".into()));
        }
        Ok(name)
    }

    fn granted_to<'a>(&'a self, name: Option<&'a str>) -> impl Iterator<Item = &'a Granted> {
        self.grants
            .iter()
            .filter(move |granted| granted.who == EVERYBODY || Some(granted.who.as_str()) == name)
    }
}

async fn verified(verifier: &Verifier, token: &str) -> Result<Option<String>, AuthzError> {
    let expect = Expect { any_issuer: true, ..Expect::of_access(&["openid"]) };
    let claims = verifier.verify(token, expect).await;
    let claims = claims.map_err(|error| AuthzError::Unauthenticated(error.to_string()))?;
    Ok(claims.username().map(str::to_owned))
}

impl Granted {
    fn covers(&self, request: &Request) -> bool {
        let matches = |granted: &str, asked: &str| granted == "*" || granted == asked;
        matches(&self.action.service, &request.action.service)
            && matches(&self.action.method, &request.action.method)
            && request
                .resource
                .strip_prefix(self.resource.trim_end_matches('/'))
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

#[async_trait]
impl Authz for Rights {
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        self.asked.lock().expect("nobody panicked while asking").push(requests.to_vec());
        let name = self.name(subject).await?;
        let permitted =
            |request: &Request| self.granted_to(name.as_deref()).any(|granted| granted.covers(request));
        Ok(requests.iter().all(permitted))
    }

    async fn user_name(&self, subject: &Subject) -> Result<Option<String>, AuthzError> {
        self.name(subject).await
    }

    async fn mapping(&self, subject: &Subject) -> Result<Mapping, AuthzError> {
        let name = self.name(subject).await?;
        let mut mapping = Mapping::new();
        for granted in self.granted_to(name.as_deref()) {
            mapping.entry(granted.resource.clone()).or_default().push(granted.action.clone());
        }
        Ok(mapping)
    }

    async fn ensure_resource(&self, _: &str, _: &ResourceSpec) -> Result<(), AuthzError> {
        Ok(())
    }

    async fn set_standing(
        &self,
        usernames: &[String],
        standing: Standing,
    ) -> Result<Option<u64>, AuthzError> {
        if usernames.iter().any(|name| self.unanswered.contains(name)) {
            return Err(AuthzError::Unavailable("down".into()));
        }
        let mut standings = self.standings.lock().expect("nobody panicked while noting");
        let mut changed = 0;
        for name in usernames {
            let last = standings.iter().rfind(|(known, _)| known == name).map(|(_, standing)| *standing);
            changed += u64::from(last.unwrap_or(Standing::Active) != standing);
            standings.push((name.clone(), standing));
        }
        Ok(Some(changed))
    }

    async fn ensure_member(&self, username: &str, group: &str) -> Result<(), AuthzError> {
        let member = (username.to_owned(), group.to_owned());
        self.members.lock().expect("nobody panicked while noting").push(member);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_grant_holds_for_its_user_its_action_and_everything_below_its_resource() {
        let rights = Rights::of_plain_tokens().grant("ann", "fence", "read", "/a").refuse_token("forged");
        let rights: &dyn Authz = &rights.grant("root", "*", "*", "/").unavailable_for("gone");
        let decide = async |user: &str, method: &str, resource: &str| {
            let request = Request::new(resource, "fence", method);
            rights.decide(&Subject::Token(user.into()), &[request]).await
        };
        for (user, method, resource, expected) in [
            ("ann", "read", "/a", true),
            ("ann", "read", "/a/b", true),
            ("ann", "read", "/ab", false),
            ("ann", "write", "/a", false),
            ("bob", "read", "/a", false),
            ("root", "write", "/x/y", true),
        ] {
            assert_eq!(decide(user, method, resource).await, Ok(expected), "{user} {method} {resource}");
        }
        assert!(matches!(decide("forged", "read", "/a").await, Err(AuthzError::Unauthenticated(_))));
        assert!(matches!(decide("gone", "read", "/a").await, Err(AuthzError::Unavailable(_))));
    }
}
