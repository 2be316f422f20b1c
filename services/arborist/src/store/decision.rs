//! The decision: which of the asked things the counted policies permit.
//!
//! One statement decides a whole batch, for a user and a client at once. It is the only place that knows how
//! decisions are made; an index in memory can stand in for it, with this as the oracle of its tests.

use std::collections::HashSet;

use authz::{Action, Mapping};
use sqlx::{PgConnection, Row};

use super::{ANONYMOUS, LOGGED_IN};
use crate::{path::ResourcePath, question::Target};

/// On whose behalf: nobody, a user, an OAuth client, or a user through a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The user's name.
    pub(crate) user: Option<String>,
    /// The client's identifier.
    pub(crate) client: Option<String>,
}

impl Subject {
    /// Nobody in particular.
    pub(crate) fn anonymous() -> Self {
        Self::default()
    }

    /// A user, known or not.
    pub(crate) fn user(name: &str) -> Self {
        Self { user: Some(name.to_owned()), client: None }
    }

    /// A client alone.
    pub(crate) fn client(id: &str) -> Self {
        Self { user: None, client: Some(id.to_owned()) }
    }

    /// The built-in groups whose policies count.
    fn public_groups(&self) -> &'static [&'static str] {
        match (&self.user, &self.client) {
            (Some(_), _) => &[ANONYMOUS, LOGGED_IN],
            (None, None) => &[ANONYMOUS],
            (None, Some(_)) => &[],
        }
    }

    /// The sides that must both permit.
    fn sides(&self) -> &'static [&'static str] {
        match (&self.user, &self.client) {
            (_, None) => &[USER],
            (None, Some(_)) => &[CLIENT],
            (Some(_), Some(_)) => &[USER, CLIENT],
        }
    }
}

const USER: &str = "user";
const CLIENT: &str = "client";

/// The policies that count. `$1` user, `$2` built-in groups, `$3` client.
macro_rules! counted {
    () => {
        "with counted as materialized (
            select 'user' as side, usr_policy.policy_id
            from usr join usr_policy on usr_policy.usr_id = usr.id
            where lower(usr.name) = lower($1)
              and (usr_policy.expires_at is null or usr_policy.expires_at > now())
          union
            select 'user', grp_policy.policy_id
            from usr join usr_grp on usr_grp.usr_id = usr.id
            join grp_policy on grp_policy.grp_id = usr_grp.grp_id
            where lower(usr.name) = lower($1)
              and (usr_grp.expires_at is null or usr_grp.expires_at > now())
          union
            select 'user', grp_policy.policy_id
            from grp join grp_policy on grp_policy.grp_id = grp.id
            where grp.name = any($2::text[])
          union
            select 'client', client_policy.policy_id
            from client join client_policy on client_policy.client_id = client.id
            where client.external_client_id = $3
        )"
    };
}

/// `$4`–`$7` the questions, `$8`, `$9` the asked paths and all above them, `$10`, `$11` the asked tags, `$12` the
/// only policies that count, which a client's own check heeds for tags alone (arborist 2026-09).
const DECIDE: &str = concat!(
    counted!(),
    ", asked as (
        select * from unnest($4::int4[], $5::text[], $6::text[], $7::bool[]) as asked(number, service, method, by_tag)
    ), covering as (
        select step.number, resource.id
        from unnest($8::int4[], $9::text[]) as step(number, path)
        join resource on resource.path = step.path::ltree
      union all
        select named.number, above.id
        from unnest($10::int4[], $11::text[]) as named(number, tag)
        join resource on resource.tag = named.tag
        join resource as above on above.path @> resource.path
    )
    select distinct counted.side, asked.number
    from asked
    join covering on covering.number = asked.number
    join policy_resource on policy_resource.resource_id = covering.id
    join counted on counted.policy_id = policy_resource.policy_id
    join policy_role on policy_role.policy_id = counted.policy_id
    join permission on permission.role_id = policy_role.role_id
        and permission.service in (asked.service, '*')
        and permission.method in (asked.method, '*')
    where $12::text[] is null
       or (counted.side = 'client' and not asked.by_tag)
       or exists (select 1 from policy where policy.id = counted.policy_id and policy.name = any($12))"
);

/// Whether `subject` may do all of `questions`. `only` limits the policies that count, for users.
pub(crate) async fn permits_all(
    conn: &mut PgConnection,
    subject: &Subject,
    questions: &[(Target, Action)],
    only: &[String],
) -> Result<bool, sqlx::Error> {
    let distinct: HashSet<&(Target, Action)> = questions.iter().collect();
    let asked = Asked::new(distinct.into_iter());
    let anonymous = subject.user.is_none() && subject.client.is_none();
    let rows = sqlx::query(DECIDE)
        .bind(subject.user.as_deref())
        .bind(subject.public_groups())
        .bind(subject.client.as_deref())
        .bind(&asked.numbers)
        .bind(&asked.services)
        .bind(&asked.methods)
        .bind(&asked.by_tag)
        .bind(&asked.step_numbers)
        .bind(&asked.step_paths)
        .bind(&asked.tag_numbers)
        .bind(&asked.tags)
        .bind((!only.is_empty() && !anonymous).then_some(only))
        .fetch_all(conn)
        .await?;
    let mut permitted = HashSet::with_capacity(rows.len());
    for row in &rows {
        permitted.insert((row.try_get::<String, _>(0)?, row.try_get::<i32, _>(1)?));
    }
    Ok(permitted.len() == asked.numbers.len() * subject.sides().len())
}

/// The questions as columns.
#[derive(Default)]
struct Asked<'a> {
    numbers: Vec<i32>,
    services: Vec<&'a str>,
    methods: Vec<&'a str>,
    by_tag: Vec<bool>,
    step_numbers: Vec<i32>,
    step_paths: Vec<&'a str>,
    tag_numbers: Vec<i32>,
    tags: Vec<&'a str>,
}

impl<'a> Asked<'a> {
    fn new(questions: impl Iterator<Item = &'a (Target, Action)>) -> Self {
        let mut asked = Self::default();
        for (number, (target, action)) in (0_i32..).zip(questions) {
            asked.numbers.push(number);
            asked.services.push(&action.service);
            asked.methods.push(&action.method);
            asked.by_tag.push(matches!(target, Target::Tag(_)));
            match target {
                Target::Path(path) => path.with_ancestors().for_each(|step| {
                    asked.step_numbers.push(number);
                    asked.step_paths.push(step);
                }),
                Target::Tag(tag) => {
                    asked.tag_numbers.push(number);
                    asked.tags.push(tag);
                }
            }
        }
        asked
    }
}

const MAPPING: &str = concat!(
    counted!(),
    ", granted as (
        select distinct policy_resource.resource_id, permission.service, permission.method
        from counted
        join policy_resource on policy_resource.policy_id = counted.policy_id
        join policy_role on policy_role.policy_id = counted.policy_id
        join permission on permission.role_id = policy_role.role_id
    ), reached as (
        select distinct below.path, granted.service, granted.method
        from granted
        join resource on resource.id = granted.resource_id
        join resource as below on below.path <@ resource.path
    )
    select path::text, service, method from reached order by path, service, method"
);

/// Every existing resource that `subject` (not a user through a client) may do something to, and what.
pub(crate) async fn mapping(conn: &mut PgConnection, subject: &Subject) -> Result<Mapping, sqlx::Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(MAPPING)
        .bind(subject.user.as_deref())
        .bind(subject.public_groups())
        .bind(subject.client.as_deref())
        .fetch_all(conn)
        .await?;
    let mut mapping = Mapping::new();
    let mut current: Option<(String, Vec<Action>)> = None;
    for (path, service, method) in rows {
        let action = Action { service, method };
        match &mut current {
            Some((at, actions)) if *at == path => actions.push(action),
            _ => {
                flush(&mut mapping, current.replace((path, vec![action])));
            }
        }
    }
    flush(&mut mapping, current);
    Ok(mapping)
}

fn flush(mapping: &mut Mapping, entry: Option<(String, Vec<Action>)>) {
    if let Some((path, actions)) = entry {
        mapping.insert(ResourcePath::from_ltree(path).decoded(), actions);
    }
}

const REACHED: &str = concat!(
    counted!(),
    ", granted as (
        select distinct policy_resource.resource_id
        from counted
        join policy_resource on policy_resource.policy_id = counted.policy_id
        where $4::text[] is null
           or exists (select 1 from policy where policy.id = counted.policy_id and policy.name = any($4))
    )
    select distinct below.path::text, below.tag
    from granted
    join resource on resource.id = granted.resource_id
    join resource as below on below.path <@ resource.path
    order by 1"
);

/// A resource that a subject may do something to.
pub(crate) struct Reached {
    /// Where.
    pub(crate) path: ResourcePath,
    /// Opaque identifier.
    pub(crate) tag: String,
}

/// Every existing resource that `subject` may do something to. For a user through a client it is the union of
/// what both may, without the public groups (arborist 2026-09).
pub(crate) async fn reached(
    conn: &mut PgConnection,
    subject: &Subject,
    only: &[String],
) -> Result<Vec<Reached>, sqlx::Error> {
    let groups: &[&str] = match subject.client {
        Some(_) => &[],
        None => subject.public_groups(),
    };
    let rows: Vec<(String, String)> = sqlx::query_as(REACHED)
        .bind(subject.user.as_deref())
        .bind(groups)
        .bind(subject.client.as_deref())
        .bind((!only.is_empty()).then_some(only))
        .fetch_all(conn)
        .await?;
    Ok(rows.into_iter().map(|(path, tag)| Reached { path: ResourcePath::from_ltree(path), tag }).collect())
}
