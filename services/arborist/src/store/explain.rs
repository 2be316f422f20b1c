//! Who holds what that covers a resource, and what changed. For people who ask; decisions have their own
//! statements.

use authz::Action;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    decision::Principal,
    explain::{Allowed, Event, Grant, Remedy, Via},
    path::ResourcePath,
};

/// What is asked about: a resource with all above it, and a service and a method, or any.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) path: &'a ResourcePath,
    pub(crate) service: Option<&'a str>,
    pub(crate) method: Option<&'a str>,
}

impl About<'_> {
    fn paths(&self) -> Vec<&str> {
        self.path.with_ancestors().collect()
    }
}

#[derive(sqlx::FromRow)]
struct GrantRow {
    policy: String,
    via: String,
    through: String,
    label: Option<String>,
    expires_at: Option<DateTime<Utc>>,
    resource: String,
    role: String,
    service: String,
    method: String,
    expired: bool,
}

/// Grants of somebody.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    /// Those that count.
    pub(crate) good: Vec<Grant>,
    /// Those that did.
    pub(crate) expired: Vec<Grant>,
}

/// All that `principal` holds and that covers what is asked, the nearest resource first.
pub(crate) async fn grants(
    connection: &mut PgConnection,
    principal: &Principal,
    about: About<'_>,
) -> Result<Grants, sqlx::Error> {
    let rows: Vec<GrantRow> = sqlx::query_as(
        "with deactivated as materialized (
            select exists (select 1 from commons_deactivated where name = lower($1) and still) as it
         ), held as (
            select link.policy_id, 'user' as via, '' as through, link.authz_provider as label, link.expires_at
            from usr join usr_policy as link on link.usr_id = usr.id
            where lower(usr.name) = lower($1) and not (select it from deactivated)
          union all
            select grp_policy.policy_id, 'group', grp.name, link.authz_provider, link.expires_at
            from usr join usr_grp as link on link.usr_id = usr.id
            join grp on grp.id = link.grp_id join grp_policy on grp_policy.grp_id = grp.id
            where lower(usr.name) = lower($1) and not (select it from deactivated)
          union all
            select link.policy_id, 'everybody', grp.name, link.authz_provider, null
            from grp join grp_policy as link on link.grp_id = grp.id
            where grp.name = any($2) and (grp.name = 'anonymous' or not (select it from deactivated))
          union all
            select link.policy_id, 'client', client.external_client_id, link.authz_provider, null
            from client join client_policy as link on link.client_id = client.id
            where client.external_client_id = $3
         )
         select policy.name as policy, held.via, held.through, held.label, held.expires_at,
            resource.path::text as resource, role.name as role, permission.service, permission.method,
            coalesce(held.expires_at <= now(), false) as expired
         from held join policy on policy.id = held.policy_id
         join policy_resource on policy_resource.policy_id = held.policy_id
         join resource on resource.id = policy_resource.resource_id and resource.path = any($4::ltree[])
         join policy_role on policy_role.policy_id = held.policy_id
         join role on role.id = policy_role.role_id
         join permission on permission.role_id = role.id
            and ($5::text is null or permission.service in ($5, '*'))
            and ($6::text is null or permission.method in ($6, '*'))
         order by nlevel(resource.path) desc, policy.name, held.via desc, held.through, role.name,
            permission.service, permission.method
         limit 1000",
    )
    .bind(&principal.user)
    .bind(principal.public_groups())
    .bind(&principal.client)
    .bind(about.paths())
    .bind(about.service)
    .bind(about.method)
    .fetch_all(connection)
    .await?;
    let mut grants = Grants::default();
    for row in rows {
        let list = if row.expired { &mut grants.expired } else { &mut grants.good };
        list.push(grant(row));
    }
    Ok(grants)
}

fn grant(row: GrantRow) -> Grant {
    let via = match row.via.as_str() {
        "group" => Via::Group(row.through),
        "everybody" => Via::Everybody(row.through),
        "client" => Via::Client(row.through),
        _ => Via::User,
    };
    Grant {
        policy: row.policy,
        via,
        label: row.label,
        expires_at: row.expires_at,
        resource: ResourcePath::from_ltree(row.resource).decoded(),
        role: row.role,
        permits: Action { service: row.service, method: row.method },
    }
}

/// Resources on which the user may do what is asked, those that share most of the path first.
pub(crate) async fn elsewhere(
    connection: &mut PgConnection,
    principal: &Principal,
    about: About<'_>,
) -> Result<Vec<String>, sqlx::Error> {
    let paths: Vec<String> = sqlx::query_scalar(
        "with deactivated as materialized (
            select exists (select 1 from commons_deactivated where name = lower($1) and still) as it
         ), held as (
            select link.policy_id from usr join usr_policy as link on link.usr_id = usr.id
            where lower(usr.name) = lower($1) and not (select it from deactivated)
              and (link.expires_at is null or link.expires_at > now())
          union
            select grp_policy.policy_id from usr join usr_grp as link on link.usr_id = usr.id
            join grp_policy on grp_policy.grp_id = link.grp_id
            where lower(usr.name) = lower($1) and not (select it from deactivated)
              and (link.expires_at is null or link.expires_at > now())
          union
            select link.policy_id from grp join grp_policy as link on link.grp_id = grp.id
            where grp.name = any($2) and (grp.name = 'anonymous' or not (select it from deactivated))
         ), reached as (
            select distinct resource.path from held
            join policy_resource on policy_resource.policy_id = held.policy_id
            join resource on resource.id = policy_resource.resource_id
            join policy_role on policy_role.policy_id = held.policy_id
            join permission on permission.role_id = policy_role.role_id
                and ($4::text is null or permission.service in ($4, '*'))
                and ($5::text is null or permission.method in ($5, '*'))
         )
         select path::text from reached
         order by coalesce(nlevel(lca(path, $3::ltree)), 0) desc, path limit 5",
    )
    .bind(&principal.user)
    .bind(principal.public_groups())
    .bind(about.path.ltree())
    .bind(about.service)
    .bind(about.method)
    .fetch_all(connection)
    .await?;
    Ok(paths.into_iter().map(|path| ResourcePath::from_ltree(path).decoded()).collect())
}

/// Policies that permit what is asked: the nearest resource first, then the one that permits least.
pub(crate) async fn remedies(
    connection: &mut PgConnection,
    about: About<'_>,
) -> Result<Vec<Remedy>, sqlx::Error> {
    let rows: Vec<Remedy> = sqlx::query_as(
        "with fitting as (
            select policy.id, policy.name, resource.path, count(*) as permissions
            from resource join policy_resource on policy_resource.resource_id = resource.id
            join policy on policy.id = policy_resource.policy_id
            join policy_role on policy_role.policy_id = policy.id
            join permission on permission.role_id = policy_role.role_id
            where resource.path = any($1::ltree[])
            group by policy.id, policy.name, resource.path
            having bool_or(($2::text is null or permission.service in ($2, '*'))
                       and ($3::text is null or permission.method in ($3, '*')))
         )
         select fitting.name as policy, fitting.path::text as resource,
            array(
                select grp.name from grp_policy join grp on grp.id = grp_policy.grp_id
                where grp_policy.policy_id = fitting.id order by grp.name limit 20
            ) as groups
         from fitting order by nlevel(fitting.path) desc, fitting.permissions, fitting.name limit 10",
    )
    .bind(about.paths())
    .bind(about.service)
    .bind(about.method)
    .fetch_all(connection)
    .await?;
    let decoded = |row: Remedy| Remedy { resource: ResourcePath::from_ltree(row.resource).decoded(), ..row };
    Ok(rows.into_iter().map(decoded).collect())
}

#[derive(sqlx::FromRow)]
struct AllowedRow {
    side: String,
    who: String,
    policies: Vec<String>,
    expires_at: Option<DateTime<Utc>>,
}

/// Somebody who may do something, and on which side: `user`, `client` or `everybody`.
pub(crate) struct Sided {
    pub(crate) side: String,
    pub(crate) allowed: Allowed,
}

/// Up to `limit` of those who may do what is asked.
pub(crate) async fn who(
    connection: &mut PgConnection,
    about: About<'_>,
    limit: i64,
) -> Result<Vec<Sided>, sqlx::Error> {
    let rows: Vec<AllowedRow> = sqlx::query_as(
        "with fitting as (
            select distinct policy.id, policy.name
            from resource join policy_resource on policy_resource.resource_id = resource.id
            join policy on policy.id = policy_resource.policy_id
            join policy_role on policy_role.policy_id = policy.id
            join permission on permission.role_id = policy_role.role_id
                and ($2::text is null or permission.service in ($2, '*'))
                and ($3::text is null or permission.method in ($3, '*'))
            where resource.path = any($1::ltree[])
         ), holding as (
            select 'user' as side, usr.name as who, fitting.name as policy, link.expires_at
            from fitting join usr_policy as link on link.policy_id = fitting.id
            join usr on usr.id = link.usr_id
            where link.expires_at is null or link.expires_at > now()
          union all
            select 'user', usr.name, fitting.name, link.expires_at
            from fitting join grp_policy on grp_policy.policy_id = fitting.id
            join usr_grp as link on link.grp_id = grp_policy.grp_id join usr on usr.id = link.usr_id
            where link.expires_at is null or link.expires_at > now()
          union all
            select 'everybody', grp.name, fitting.name, null
            from fitting join grp_policy on grp_policy.policy_id = fitting.id
            join grp on grp.id = grp_policy.grp_id where grp.name in ('anonymous', 'logged-in')
          union all
            select 'client', client.external_client_id, fitting.name, null
            from fitting join client_policy on client_policy.policy_id = fitting.id
            join client on client.id = client_policy.client_id
         )
         select side, who, array_agg(distinct policy order by policy) as policies,
            case when bool_or(expires_at is null) then null else max(expires_at) end as expires_at
         from holding
         where side <> 'user'
            or not exists (select 1 from commons_deactivated where name = lower(holding.who) and still)
         group by side, who order by side, who limit $4",
    )
    .bind(about.paths())
    .bind(about.service)
    .bind(about.method)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let sided = |AllowedRow { side, who, policies, expires_at }| Sided {
        side,
        allowed: Allowed { who, policies, expires_at },
    };
    Ok(rows.into_iter().map(sided).collect())
}

/// The last `limit` lines of the log that concern the user: grants of the user, of groups that the user is or
/// was in, and changes of policies and roles that came to the user by these.
pub(crate) async fn events(
    connection: &mut PgConnection,
    user: &str,
    since: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<Event>, sqlx::Error> {
    let events: Vec<Event> = sqlx::query_as(
        "with circles as (
            select grp.name from usr join usr_grp on usr_grp.usr_id = usr.id
            join grp on grp.id = usr_grp.grp_id where lower(usr.name) = lower($1)
          union select held from grant_log where kind = 'member' and lower(holder) = lower($1)
          union values ('anonymous'), ('logged-in')
         ), policies as (
            select policy.name from usr join usr_policy on usr_policy.usr_id = usr.id
            join policy on policy.id = usr_policy.policy_id where lower(usr.name) = lower($1)
          union
            select policy.name from circles join grp on grp.name = circles.name
            join grp_policy on grp_policy.grp_id = grp.id join policy on policy.id = grp_policy.policy_id
          union
            select held from grant_log
            where kind = 'user' and lower(holder) = lower($1) and what in ('granted', 'revoked')
          union
            select log.held from circles
            join grant_log as log on log.kind = 'group' and lower(log.holder) = lower(circles.name)
         ), roles as (
            select role.name from policies join policy on policy.name = policies.name
            join policy_role on policy_role.policy_id = policy.id join role on role.id = policy_role.role_id
          union
            select log.held from policies
            join grant_log as log on log.kind = 'policy role' and lower(log.holder) = lower(policies.name)
         )
         select at, kind, holder,
            held, what, expires_at, label
         from grant_log
         where at >= $2 and (
            (kind in ('user', 'member') and lower(holder) = lower($1))
            or (kind = 'group' and holder in (select name from circles))
            or (kind in ('policy role', 'policy resource') and holder in (select name from policies))
            or (kind = 'role' and holder in (select name from roles))
         )
         order by id desc limit $3",
    )
    .bind(user)
    .bind(since)
    .bind(limit)
    .fetch_all(connection)
    .await?;
    let decoded = |event: Event| match event.kind.as_str() {
        "policy resource" => Event { held: ResourcePath::from_ltree(event.held).decoded(), ..event },
        _ => event,
    };
    Ok(events.into_iter().map(decoded).collect())
}
