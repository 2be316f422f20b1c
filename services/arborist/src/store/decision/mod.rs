//! The decision: which of the asked things the counted policies permit.
//!
//! One statement decides a whole batch, for a user and a client at once. The index in memory stands in for
//! it while it is known to be as the tables are; this is the oracle of its tests.

use std::collections::HashSet;

use authz::{Action, Mapping};
use sqlx::PgConnection;

use crate::{
    decision::{Principal, Question, Reached, Target},
    path::ResourcePath,
};

const PERMITTED: &str =
    concat!(include_str!("counted.sql"), include_str!("permitted.sql"), "select side, number from permitted");
const MAPPING: &str = concat!(include_str!("counted.sql"), include_str!("mapping.sql"));
const REACHED: &str = concat!(include_str!("counted.sql"), include_str!("reached.sql"));

/// Returns whether `principal` may do all of `questions`. `only` limits the policies that count, for users.
pub(crate) async fn permits_all(
    connection: &mut PgConnection,
    principal: &Principal,
    questions: &[Question<'_>],
    only: &[String],
) -> Result<bool, sqlx::Error> {
    let distinct: HashSet<&Question<'_>> = questions.iter().collect();
    let distinct: Vec<&Question<'_>> = distinct.into_iter().collect();
    let permitted = permitted(connection, principal, &distinct, only).await?;
    Ok(permitted.len() == distinct.len() * principal.sides())
}

/// Returns which of `questions`, by their places, are permitted to which side: the user or the client.
pub(crate) async fn permitted(
    connection: &mut PgConnection,
    principal: &Principal,
    questions: &[&Question<'_>],
    only: &[String],
) -> Result<Vec<(String, i32)>, sqlx::Error> {
    let asked = Asked::new(questions.iter().copied());
    sqlx::query_as(PERMITTED)
        .bind(principal.user.as_deref())
        .bind(principal.public_groups())
        .bind(principal.client.as_deref())
        .bind(&asked.numbers)
        .bind(&asked.services)
        .bind(&asked.methods)
        .bind(&asked.by_tag)
        .bind(&asked.step_numbers)
        .bind(&asked.step_paths)
        .bind(&asked.tag_numbers)
        .bind(&asked.tags)
        .bind((!only.is_empty() && !principal.is_anonymous()).then_some(only))
        .fetch_all(connection)
        .await
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
    fn new(questions: impl Iterator<Item = &'a Question<'a>>) -> Self {
        let mut asked = Self::default();
        for (number, question) in (0_i32..).zip(questions) {
            asked.numbers.push(number);
            asked.services.push(&question.action.service);
            asked.methods.push(&question.action.method);
            asked.by_tag.push(matches!(question.target, Target::Tag(_)));
            match &question.target {
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

/// Returns what `principal`, which is not a user through a client, may do to each existing resource.
pub(crate) async fn mapping(
    connection: &mut PgConnection,
    principal: &Principal,
) -> Result<Mapping, sqlx::Error> {
    let rows: Vec<(String, String, String)> = sqlx::query_as(MAPPING)
        .bind(principal.user.as_deref())
        .bind(principal.public_groups())
        .bind(principal.client.as_deref())
        .fetch_all(connection)
        .await?;
    let mut mapping = Mapping::new();
    let mut rows = rows.into_iter().peekable();
    while let Some((path, service, method)) = rows.next() {
        let mut actions = vec![Action { service, method }];
        while let Some((_, service, method)) = rows.next_if(|(next, ..)| *next == path) {
            actions.push(Action { service, method });
        }
        mapping.insert(ResourcePath::from_ltree(path).decoded(), actions);
    }
    Ok(mapping)
}

/// Returns every existing resource that `principal` may do something to. For a user through a client it is
/// the union of what both may, without the public groups (arborist 2026-09).
pub(crate) async fn reached(
    connection: &mut PgConnection,
    principal: &Principal,
    only: &[String],
) -> Result<Vec<Reached>, sqlx::Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(REACHED)
        .bind(principal.user.as_deref())
        .bind(principal.reaching_groups())
        .bind(principal.client.as_deref())
        .bind((!only.is_empty()).then_some(only))
        .fetch_all(connection)
        .await?;
    Ok(rows.into_iter().map(|(path, tag)| Reached { path: ResourcePath::from_ltree(path), tag }).collect())
}
