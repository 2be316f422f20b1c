//! Decisions, mappings and resources of a subject: the questions that HTTP routes and the trait both ask.

use authz::{Mapping, Request};

use crate::{
    Arborist, Error,
    question::{AskedUser, Target},
    store::decision::{self, Reached, Subject},
    token::{self, Bearer},
};

impl Arborist {
    /// Whom a token speaks for.
    pub(crate) async fn bearer(&self, token: &str, scopes: &[String]) -> Result<Bearer, Error> {
        token::read(&self.verifier, token, scopes).await
    }

    /// Whom the `user` of a request stands for; a token wins over a name, and neither is anonymous.
    pub(crate) async fn subject_of(&self, asked: &AskedUser) -> Result<Subject, Error> {
        let Some(token) = &asked.token else { return Ok(Subject { user: asked.user_id.clone(), client: None }) };
        let Bearer { user, client } = self.bearer(token, &asked.scope).await?;
        if user.is_some() || client.is_some() {
            return Ok(Subject { user, client });
        }
        let text = "did not provide a username and/or client ID in request".to_owned();
        Err(match asked.policies.is_empty() {
            true => Error::BadRequest(text),
            false => Error::Forbidden(text),
        })
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
