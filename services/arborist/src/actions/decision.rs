//! Decisions, mappings and resources: the questions that HTTP routes and the trait both ask.

use authz::{Mapping, Request};

use crate::{
    Arborist, Error,
    decision::{Principal, Question, Reached, Target},
    input::AskedUser,
    store::{decision, server},
    token,
};

impl Arborist {
    /// Finds whom a token with the scope `openid` speaks for, which may be nobody.
    pub(crate) async fn bearer(&self, token: &str) -> Result<Principal, Error> {
        token::read(&self.verifier, token, token::OPENID).await
    }

    /// Finds whom a token speaks for, where it must speak for somebody.
    pub(crate) async fn named_bearer(&self, token: &str) -> Result<Principal, Error> {
        let bearer = self.bearer(token).await?;
        if bearer.is_anonymous() {
            return Err(Error::Unauthenticated("invalid token (no username or client ID)".into()));
        }
        Ok(bearer)
    }

    /// Finds whom the `user` of a request stands for: a token wins over a name, and neither is anonymous.
    pub(crate) async fn principal_of(&self, asked: &AskedUser) -> Result<Principal, Error> {
        let Some(token) = &asked.token else {
            return Ok(Principal { user: asked.user_id.clone(), client: None });
        };
        let scopes: Option<Vec<&str>> =
            asked.scope.as_ref().map(|list| list.iter().map(String::as_str).collect());
        let scopes = scopes.as_deref().unwrap_or(token::OPENID);
        let principal = token::read(&self.verifier, token, scopes).await?;
        if principal.is_anonymous() {
            return Err(Error::BadRequest("the token names neither a user nor a client".into()));
        }
        Ok(principal)
    }

    /// Returns whether `principal` may do all of `requests`.
    ///
    /// The original goes from one request to the next and stops at the first that is denied or malformed; so
    /// a malformed one is an error only when all before it are permitted.
    pub(crate) async fn permits(
        &self,
        principal: &Principal,
        requests: &[Request],
        only: &[String],
    ) -> Result<bool, Error> {
        let label_limit = self.label_limit().await?;
        let mut questions = Vec::with_capacity(requests.len());
        let mut malformed = None;
        for request in requests {
            match Target::read(&request.resource, label_limit) {
                Ok(target) => questions.push(Question { target, action: request.action.clone() }),
                Err(error) => {
                    malformed = Some(error);
                    break;
                }
            }
        }
        let permitted = questions.is_empty()
            || decision::permits_all(&mut *self.connection().await?, principal, &questions, only).await?;
        match malformed {
            Some(error) if permitted => Err(error),
            _ => Ok(permitted),
        }
    }

    /// Refuses what `principal` may not do.
    pub(crate) async fn demand(&self, principal: &Principal, asked: Request) -> Result<(), Error> {
        if principal.is_anonymous() {
            let text = "unauthorized: did not provide a username and/or client ID in request";
            return Err(Error::Forbidden(text.into()));
        }
        if !self.permits(principal, &[asked], &[]).await? {
            let text = "Unauthorized: user does not have access to this resource";
            return Err(Error::Forbidden(text.into()));
        }
        Ok(())
    }

    /// Returns all that `principal` may do. Of a user through a client the user counts (arborist 2026-09).
    pub(crate) async fn mapping_of(&self, mut principal: Principal) -> Result<Mapping, Error> {
        if principal.user.is_some() {
            principal.client = None;
        }
        Ok(decision::mapping(&mut *self.connection().await?, &principal).await?)
    }

    /// Returns the existing resources that `principal` may do something to, `only` by these policies if any.
    pub(crate) async fn reached_by(
        &self,
        principal: &Principal,
        only: &[String],
    ) -> Result<Vec<Reached>, Error> {
        Ok(decision::reached(&mut *self.connection().await?, principal, only).await?)
    }

    async fn label_limit(&self) -> Result<usize, Error> {
        let ask = async || Ok::<_, Error>(server::longest_label(&mut *self.connection().await?).await?);
        Ok(*self.label_limit.get_or_try_init(ask).await?)
    }
}
