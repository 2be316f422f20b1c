//! Decisions, mappings and resources of a subject: the questions that HTTP routes and the trait both ask.

use authz::{Mapping, Request};

use crate::{
    Arborist, Error,
    question::{AskedUser, Target},
    store::decision::{self, Reached, Subject},
    token::{self, Bearer},
};

impl Arborist {
    /// Whom a token with the scope `openid` speaks for.
    pub(crate) async fn bearer(&self, token: &str) -> Result<Bearer, Error> {
        token::read(&self.verifier, token, token::OPENID).await
    }

    /// Whom a token speaks for, where it must speak for somebody.
    pub(crate) async fn holder(&self, token: &str) -> Result<Subject, Error> {
        let Bearer { user, client } = self.bearer(token).await?;
        if user.is_none() && client.is_none() {
            return Err(Error::Unauthenticated("invalid token (no username or client ID)".into()));
        }
        Ok(Subject { user, client })
    }

    /// Whom the `user` of a request stands for; a token wins over a name, and neither is anonymous.
    pub(crate) async fn subject_of(&self, asked: &AskedUser) -> Result<Subject, Error> {
        let Some(token) = &asked.token else {
            return Ok(Subject { user: asked.user_id.clone(), client: None });
        };
        let scopes: Option<Vec<&str>> =
            asked.scope.as_ref().map(|list| list.iter().map(String::as_str).collect());
        let scopes = scopes.as_deref().unwrap_or(token::OPENID);
        let Bearer { user, client } = token::read(&self.verifier, token, scopes).await?;
        if user.is_none() && client.is_none() {
            return Err(Error::BadRequest("the token names neither a user nor a client".into()));
        }
        Ok(Subject { user, client })
    }

    /// Whether `subject` may do all of `requests`.
    ///
    /// The original goes from one request to the next and stops at the first that is denied or malformed; so a
    /// malformed one is an error only when all before it are permitted.
    pub(crate) async fn permits(
        &self,
        subject: &Subject,
        requests: &[Request],
        only: &[String],
    ) -> Result<bool, Error> {
        let label_limit = self.label_limit().await?;
        let mut questions = Vec::with_capacity(requests.len());
        let mut malformed = None;
        for request in requests {
            match Target::read(&request.resource, label_limit) {
                Ok(target) => questions.push((target, request.action.clone())),
                Err(error) => {
                    malformed = Some(error);
                    break;
                }
            }
        }
        let mut permitted = true;
        if !questions.is_empty() {
            let mut conn = self.pool.acquire().await?;
            permitted = decision::permits_all(&mut conn, subject, &questions, only).await?;
        }
        match malformed {
            Some(error) if permitted => Err(error),
            _ => Ok(permitted),
        }
    }

    /// Everything that `subject` may do. Of a user through a client only the user counts (arborist 2026-09).
    pub(crate) async fn mapping_of(&self, mut subject: Subject) -> Result<Mapping, Error> {
        if subject.user.is_some() {
            subject.client = None;
        }
        let mut conn = self.pool.acquire().await?;
        Ok(decision::mapping(&mut conn, &subject).await?)
    }

    /// Every existing resource that `subject` may do something to.
    pub(crate) async fn reached_by(&self, subject: &Subject, only: &[String]) -> Result<Vec<Reached>, Error> {
        let mut conn = self.pool.acquire().await?;
        Ok(decision::reached(&mut conn, subject, only).await?)
    }

    /// Longest label of a path, which depends on the version of PostgreSQL; asked once.
    async fn label_limit(&self) -> Result<usize, Error> {
        let limit = self.label_limit.get_or_try_init(async || {
            let version: i32 = sqlx::query_scalar("select current_setting('server_version_num')::int4")
                .fetch_one(&self.pool)
                .await?;
            Ok::<_, sqlx::Error>(if version >= 160_000 { 1000 } else { 255 })
        });
        Ok(*limit.await?)
    }
}
