//! Why somebody may or may not, who may, and what changed.

use authz::Request;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    Arborist, Error,
    decision::Principal,
    explain::{self, Allowed, Asked, Circle, Event, Explanation, History},
    path::ResourcePath,
    store::{
        deactivated,
        explain::{self as store, About},
    },
};

/// At most this many are listed of who may do something.
const LISTED: usize = 1000;
/// At most this many are named who may approve a request.
const APPROVERS: usize = 20;
/// At most this many lines of the log are shown.
const LINES: usize = 1000;

/// Who asks, and so what is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Somebody about themselves: not what others hold.
    Oneself,
    /// An administrator, or whoever operates the commons.
    Administrator,
}

impl Arborist {
    /// Whether `principal` may ask about others.
    pub(crate) async fn may_explain_others(&self, principal: &Principal) -> Result<bool, Error> {
        let asked = Request::new("/services/arborist/explain", "arborist", "read");
        self.permits(principal, &[asked], &[]).await
    }

    pub(crate) async fn explained(
        &self,
        principal: &Principal,
        asked: Asked,
        audience: Audience,
    ) -> Result<Explanation, Error> {
        explanation(&mut *self.connection().await?, principal, asked, audience).await
    }

    pub(crate) async fn circle_of(&self, asked: &Asked) -> Result<Circle, Error> {
        circle(&mut *self.connection().await?, asked).await
    }

    pub(crate) async fn history_of(&self, user: &str, since: DateTime<Utc>) -> Result<History, Error> {
        history(&mut *self.connection().await?, user, since).await
    }
}

fn path_of(asked: &Asked) -> Result<ResourcePath, Error> {
    if !asked.resource.starts_with('/') {
        return Err(Error::BadRequest("the resource must be a path, which begins with a slash".into()));
    }
    let refused = |error| Error::BadRequest(format!("cannot use the resource `{}`: {error}", asked.resource));
    ResourcePath::parse(&asked.resource).map_err(refused)
}

fn about<'a>(path: &'a ResourcePath, asked: &'a Asked) -> About<'a> {
    About { path, service: asked.service.as_deref(), method: asked.method.as_deref() }
}

pub(crate) async fn explanation(
    connection: &mut PgConnection,
    principal: &Principal,
    asked: Asked,
    audience: Audience,
) -> Result<Explanation, Error> {
    let path = path_of(&asked)?;
    let about = about(&path, &asked);
    let grants = store::grants(connection, principal, about).await?;
    let of_client = |grant: &explain::Grant| matches!(grant.via, explain::Via::Client(_));
    let user_may = grants.good.iter().any(|grant| !of_client(grant));
    let client_may = principal.client.is_none() || grants.good.iter().any(of_client);
    let allowed = client_may && (user_may || (principal.user.is_none() && principal.client.is_some()));
    let (mut otherwise, mut elsewhere) = (Vec::new(), Vec::new());
    let (mut remedies, mut approvers) = (None, None);
    if !allowed {
        let anything = About { service: None, method: None, ..about };
        let held = store::grants(connection, principal, anything).await?;
        otherwise = held.good.into_iter().map(|grant| grant.permits).collect();
        otherwise.sort_unstable();
        otherwise.dedup();
        elsewhere = store::elsewhere(connection, principal, about).await?;
        if audience == Audience::Administrator {
            remedies = Some(store::remedies(connection, about).await?);
            approvers = Some(approvers_of(connection, &path).await?);
        }
    }
    let deactivated = match &principal.user {
        Some(user) => deactivated::is_deactivated(connection, user).await?,
        None => false,
    };
    Ok(Explanation {
        deactivated,
        user: principal.user.clone(),
        client: principal.client.clone(),
        asked,
        allowed,
        because: grants.good,
        expired: grants.expired,
        otherwise,
        elsewhere,
        remedies,
        approvers,
    })
}

/// Users who may approve requests for access to a resource, as the service requestor asks.
async fn approvers_of(connection: &mut PgConnection, path: &ResourcePath) -> Result<Vec<String>, Error> {
    let about = About { path, service: Some("requestor"), method: Some("update") };
    let found = store::who(connection, about, i64::try_from(LISTED).unwrap_or(i64::MAX)).await?;
    let users = found.into_iter().filter(|one| one.side == "user");
    Ok(users.map(|one| one.allowed.who).take(APPROVERS).collect())
}

pub(crate) async fn circle(connection: &mut PgConnection, asked: &Asked) -> Result<Circle, Error> {
    let path = path_of(asked)?;
    let limit = i64::try_from(LISTED + 1).unwrap_or(i64::MAX);
    let mut found = store::who(connection, about(&path, asked), limit).await?;
    let more = found.len() > LISTED;
    found.truncate(LISTED);
    let mut circle = Circle { more, ..Circle::default() };
    for one in found {
        let list: &mut Vec<Allowed> = match one.side.as_str() {
            "user" => &mut circle.users,
            "client" => &mut circle.clients,
            _ => &mut circle.everybody,
        };
        list.push(one.allowed);
    }
    Ok(circle)
}

pub(crate) async fn history(
    connection: &mut PgConnection,
    user: &str,
    since: DateTime<Utc>,
) -> Result<History, Error> {
    let limit = i64::try_from(LINES + 1).unwrap_or(i64::MAX);
    let mut events: Vec<Event> = store::events(connection, user, since, limit).await?;
    let more = events.len() > LINES;
    events.truncate(LINES);
    Ok(History { user: user.to_owned(), since, events: explain::without_echoes(events), more })
}
