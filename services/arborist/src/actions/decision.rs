//! Decisions, mappings and resources: the questions that HTTP routes and the trait both ask.

use std::{sync::Arc, time::Duration};

use actix_web::web::Bytes;
use authz::{Mapping, Request};
use decisions::{Asked, Decision, Person, Reach, Unsure, Who};
use sqlx::PgConnection;

use crate::{
    Arborist, Error,
    decision::{Principal, Question, Reached, Ruling, Target},
    index::{Current, Key, mapping, mapping_json},
    input::AskedUser,
    path::ResourcePath,
    store::{deactivated, decision, index, server},
    token::{self, Bearer},
};

/// A service elsewhere may repeat a "yes" for this long. It makes a burst of equal questions one, and is
/// short enough that a right that is taken away is gone everywhere within a tenth of a second.
const REPEATABLE: Duration = Duration::from_millis(50);

impl Arborist {
    /// Finds whom a token with the scope `openid` speaks for, which may be nobody.
    pub(crate) async fn bearer(&self, token: &str) -> Result<Principal, Error> {
        self.believed(token, token::OPENID).await
    }

    /// Reads a token with these scopes, unless it has ended because its user was deactivated.
    async fn believed(&self, token: &str, scopes: &[&str]) -> Result<Principal, Error> {
        let Bearer { principal, issued } = token::read(&self.verifier, token, scopes).await?;
        if let Some(user) = &principal.user
            && self.has_ended(user, issued).await?
        {
            return Err(Error::Unauthenticated("the user of this token is not active".into()));
        }
        Ok(principal)
    }

    async fn has_ended(&self, user: &str, issued: i64) -> Result<bool, Error> {
        if let Some(current) = self.current()
            && let Some(current) = current.as_deref()
            && let Ok(ended) = current.index.has_ended(user, issued)
        {
            return Ok(ended);
        }
        let mut connection = self.connection().await?;
        let ended = deactivated::has_ended(&mut connection, user, issued).await?;
        self.has_seen_tables(&mut connection).await?;
        Ok(ended)
    }

    /// Finds whom a token speaks for, where it must speak for somebody.
    pub(crate) async fn named_bearer(&self, token: &str) -> Result<Principal, Error> {
        let bearer = self.bearer(token).await.map_err(|error| match error {
            Error::Unauthenticated(reason) => Error::Unauthenticated(format!(
                "tried to get username/client ID from jwt, but jwt decode failed: {reason}"
            )),
            other => other,
        })?;
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
        let principal = self.believed(token, scopes).await?;
        if principal.is_anonymous() {
            let text = "missing both username and policies in request \
                        (at least one is required when no client ID is provided)";
            return Err(Error::BadRequest(text.into()));
        }
        Ok(principal)
    }

    /// As [`Self::principal_of`], for somebody who asks `requests`. That there are none is told after a token
    /// that is not accepted, and before one that names nobody.
    pub(crate) async fn principal_asking(
        &self,
        asked: &AskedUser,
        requests: &[Request],
    ) -> Result<Principal, Error> {
        match self.principal_of(asked).await {
            Ok(_) | Err(Error::BadRequest(_)) if requests.is_empty() => {
                Err(Error::BadRequest("auth request missing resources".into()))
            }
            found => found,
        }
    }

    /// Returns whether `principal` may do all of `requests`.
    pub(crate) async fn permits(
        &self,
        principal: &Principal,
        requests: &[Request],
        only: &[String],
    ) -> Result<bool, Error> {
        Ok(self.rule_on(principal, requests, only).await?.permitted())
    }

    /// Decides whether `principal` may do all of `requests`.
    ///
    /// The original goes from one request to the next and stops at the first that is denied or malformed; so
    /// a malformed one is an error only when all before it are permitted.
    pub(crate) async fn rule_on(
        &self,
        principal: &Principal,
        requests: &[Request],
        only: &[String],
    ) -> Result<Ruling, Error> {
        let label_limit = self.label_limit().await?;
        let mut questions = Vec::with_capacity(requests.len());
        let mut malformed = None;
        for request in requests {
            match Target::read(&request.resource, label_limit) {
                Ok(target) => questions.push(Question { target, action: &request.action }),
                Err(error) => {
                    malformed = Some(error);
                    break;
                }
            }
        }
        let ruling = match (self.rule(principal, &questions, only).await, malformed) {
            (Ok(ruling), Some(error)) if ruling.permitted() => Err(error),
            (ruling, _) => ruling,
        };
        self.counts.decided(&ruling);
        ruling
    }

    /// Decides in memory, or by the tables.
    async fn rule(
        &self,
        principal: &Principal,
        questions: &[Question<'_>],
        only: &[String],
    ) -> Result<Ruling, Error> {
        if questions.is_empty() {
            return Ok(Ruling::Permitted(Duration::ZERO));
        }
        if let Some(ruling) = self.rule_in_memory(principal, questions, only) {
            return Ok(ruling);
        }
        let mut connection = self.connection().await?;
        let permitted = decision::permits_all(&mut connection, principal, questions, only).await?;
        self.has_seen_tables(&mut connection).await?;
        Ok(if permitted { Ruling::Permitted(Duration::ZERO) } else { Ruling::Denied })
    }

    fn rule_in_memory(
        &self,
        principal: &Principal,
        questions: &[Question<'_>],
        only: &[String],
    ) -> Option<Ruling> {
        let current = self.current()?;
        let now = self.live.now();
        let asked: Vec<Asked<'_>> = questions.iter().map(Question::asked).collect();
        let only = (!only.is_empty() && !principal.is_anonymous()).then_some(only);
        let decision = current.as_deref()?.index.decide(who(principal), &asked, only, now).ok()?;
        Some(match decision {
            Decision::Denied => Ruling::Denied,
            Decision::Permitted(until) => {
                let left = u64::try_from(until.0.saturating_sub(now)).unwrap_or_default();
                Ruling::Permitted(Duration::from_micros(left).min(REPEATABLE))
            }
        })
    }

    /// Whether decisions are made in memory at this moment. If not, the tables are asked, which is right and
    /// slower.
    pub fn decides_in_memory(&self) -> bool {
        self.current().is_some()
    }

    /// Returns the index, while it is known to be as the tables are.
    fn current(&self) -> Option<arc_swap::Guard<Option<Arc<Current>>>> {
        // Whoever has closed the pool wants no more answers.
        self.live.current().filter(|_| !self.pool.is_closed())
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
    pub(crate) async fn mapping_of(&self, principal: Principal) -> Result<Mapping, Error> {
        let principal = principal.for_mapping();
        if let Some(current) = self.unambiguous() {
            let index = &current.index;
            if let Ok(reach) = index.reach(who(&principal), None, self.live.now()) {
                return Ok(mapping(&index.structure, &reach));
            }
        }
        self.mapping_by_tables(&principal).await
    }

    /// As [`mapping_of`](Self::mapping_of), as JSON, which is kept.
    pub(crate) async fn mapping_json_of(&self, principal: Principal) -> Result<Bytes, Error> {
        let principal = principal.for_mapping();
        if let Some(current) = self.unambiguous()
            && let Ok(body) = self.mapping_in_memory(&current, &principal)
        {
            return Ok(body);
        }
        let mapping = self.mapping_by_tables(&principal).await?;
        Ok(serde_json::to_vec(&mapping).expect("invariant: keys of mappings are strings").into())
    }

    async fn mapping_by_tables(&self, principal: &Principal) -> Result<Mapping, Error> {
        let mut connection = self.connection().await?;
        let mapping = decision::mapping(&mut connection, principal).await?;
        self.has_seen_tables(&mut connection).await?;
        Ok(mapping)
    }

    /// Keeps the index from going back behind an answer that the tables have just given.
    async fn has_seen_tables(&self, connection: &mut PgConnection) -> Result<(), Error> {
        self.live.saw(index::generation(connection).await?);
        Ok(())
    }

    fn mapping_in_memory(&self, current: &Current, principal: &Principal) -> Result<Bytes, Unsure> {
        let (index, now) = (&current.index, self.live.now());
        let person = index.person(principal.user.as_deref())?;
        let key = key(principal, &person);
        if let Some(body) = self.mappings.find(&key, index, &person, now) {
            return Ok(body);
        }
        let reach = index.reach(who(principal), None, now)?;
        let body = Bytes::from(mapping_json(&index.structure, &current.names, &reach));
        self.mappings.keep(key, index, &person, reach.until, body.clone());
        Ok(body)
    }

    fn unambiguous(&self) -> Option<Arc<Current>> {
        let current = self.current()?;
        current.as_ref().filter(|current| !current.ambiguous).cloned()
    }

    /// Returns the existing resources that `principal` may do something to, `only` by these policies if any.
    pub(crate) async fn reached_by(
        &self,
        principal: &Principal,
        only: &[String],
    ) -> Result<Vec<Reached>, Error> {
        if let Some(reached) = self.reached_in_memory(principal, only) {
            return Ok(reached);
        }
        let mut connection = self.connection().await?;
        let reached = decision::reached(&mut connection, principal, only).await?;
        self.has_seen_tables(&mut connection).await?;
        Ok(reached)
    }

    fn reached_in_memory(&self, principal: &Principal, only: &[String]) -> Option<Vec<Reached>> {
        let current = self.current()?;
        let index = &current.as_deref()?.index;
        let public_groups = principal.reaching_groups();
        let groups_of_all = Principal::of_all(public_groups);
        let who = Who { public_groups, groups_of_all, ..who(principal) };
        let Reach { runs, .. } =
            index.reach(who, (!only.is_empty()).then_some(only), self.live.now()).ok()?;
        let reached = |number| Reached {
            path: ResourcePath::from_ltree(index.structure.path(number).to_owned()),
            tag: index.structure.tag(number).to_owned(),
        };
        Some(runs.iter().flat_map(|run| run.first..run.end).map(reached).collect())
    }

    async fn label_limit(&self) -> Result<usize, Error> {
        let ask = async || Ok::<_, Error>(server::longest_label(&mut *self.connection().await?).await?);
        Ok(*self.label_limit.get_or_try_init(ask).await?)
    }
}

fn who(principal: &Principal) -> Who<'_> {
    Who {
        user: principal.user.as_deref(),
        client: principal.client.as_deref(),
        public_groups: principal.public_groups(),
        groups_of_all: Principal::of_all(principal.public_groups()),
    }
}

/// Whose mapping that of `principal` is.
fn key(principal: &Principal, person: &Person) -> Key {
    match person {
        Person::Known(rows) => Key::User(rows.first().map(|user| user.lower.clone()).unwrap_or_default()),
        Person::Stranger => Key::Stranger,
        Person::Deactivated => Key::Deactivated,
        Person::Nobody => principal.client.clone().map_or(Key::Anonymous, Key::Client),
    }
}
