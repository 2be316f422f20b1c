//! `POST /v1/sets`: a set of a list, of a filter, or of two sets.

use actix_web::web::Bytes;
use authz::Subject;
use search::{Query, Scalar};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    asked::{LeafField, Word, index, leaf},
    body::read,
    problem::Problem,
    sets::{Of, found, named},
};
use crate::{
    access::User,
    filter::members_of,
    members::{Joining, Members},
    service::Guppy,
    sets::Sets,
    store::sets as store,
};

/// Members without a document that are named in an answer.
const SHOWN: usize = 100;

/// What is asked for; one of `ids`, `query`, `union`, `intersection` and `difference`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetRequest {
    name: String,
    #[serde(default)]
    shared: bool,
    ids: Option<Vec<Value>>,
    /// What `ids` identify; they are then looked for.
    of: Option<Of>,
    query: Option<SetQuery>,
    union: Option<[String; 2]>,
    intersection: Option<[String; 2]>,
    difference: Option<[String; 2]>,
}

/// The values of a field of documents.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetQuery {
    #[serde(rename = "type")]
    doc_type: String,
    #[serde(default)]
    filter: Value,
    field: String,
}

/// The address of a request whose body is a text with a member in each line.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LinesRequest {
    name: String,
    #[serde(default)]
    shared: bool,
    #[serde(rename = "type")]
    doc_type: Option<String>,
    field: Option<String>,
}

/// Where members come from.
enum Origin {
    List(Members, Option<Of>),
    Query(SetQuery),
    Two(Joining, [String; 2]),
}

impl SetRequest {
    fn origin(self) -> Result<(String, bool, Origin), Problem> {
        let two = |joining| move |sets| Origin::Two(joining, sets);
        let mut origins = Vec::new();
        if let Some(ids) = self.ids {
            let members = Members::of_json(ids).map_err(|error| Problem::invalid(format!("ids: {error}")))?;
            origins.push(Origin::List(members, self.of));
        } else if self.of.is_some() {
            return Err(Problem::invalid("of: it stands beside ids only"));
        }
        origins.extend(self.query.map(Origin::Query));
        origins.extend(self.union.map(two(Joining::Union)));
        origins.extend(self.intersection.map(two(Joining::Intersection)));
        origins.extend(self.difference.map(two(Joining::Difference)));
        match (origins.pop(), origins.is_empty()) {
            (Some(origin), true) => Ok((self.name, self.shared, origin)),
            _ => Err(Problem::invalid(
                "the body: exactly one of ids, query, union, intersection and difference tells the members",
            )),
        }
    }
}

impl LinesRequest {
    fn origin(self, body: &[u8]) -> Result<(String, bool, Origin), Problem> {
        let of = match (self.doc_type, self.field) {
            (Some(doc_type), Some(field)) => Some(Of { doc_type, field }),
            (None, None) => None,
            _ => return Err(Problem::invalid("type, field: both, or none")),
        };
        let text = std::str::from_utf8(body).map_err(|_| Problem::invalid("the body: it is not UTF-8"))?;
        let members =
            Members::of_lines(text).map_err(|error| Problem::invalid(format!("the body: {error}")))?;
        Ok((self.name, self.shared, Origin::List(members, of)))
    }
}

impl Guppy {
    /// Makes a set of the caller; `lines` is the address of a request whose body is a text.
    ///
    /// # Errors
    /// When it cannot be made, or not by this caller.
    pub(crate) async fn make_set(
        &self,
        subject: &Subject,
        body: Bytes,
        lines: Option<LinesRequest>,
    ) -> Result<Value, Problem> {
        let (sets, user) = self.sets_for(subject).await?;
        let _permit = sets.may_make().await;
        let read = aside(move || match lines {
            Some(lines) => lines.origin(&body),
            None => read::<SetRequest>(&body)?.origin(),
        });
        let (name, shared, origin) = read.await?;
        named(&name)?;
        match origin {
            Origin::List(members, None) => {
                self.keep_set((sets, &user), (&name, shared), None, &members).await
            }
            Origin::List(members, Some(of)) => {
                let known = self.known_members(subject, &of, &members).await?;
                let mut set = self.keep_set((sets, &user), (&name, shared), Some(&of), &members).await?;
                let (matched, unknown) = aside(move || {
                    let unknown = members.without(&known);
                    let shown: Vec<String> = unknown.iter().take(SHOWN).map(|id| (*id).to_owned()).collect();
                    Ok((members.as_slice().len() - unknown.len(), (unknown.len(), shown)))
                })
                .await?;
                set["matched"] = json!(matched);
                set["unmatched"] = json!(unknown.0);
                set["unmatched_ids"] = json!(unknown.1);
                Ok(set)
            }
            Origin::Query(query) => {
                let members = self.queried(subject, &query).await?;
                let of = Of { doc_type: query.doc_type, field: query.field };
                self.keep_set((sets, &user), (&name, shared), Some(&of), &members).await
            }
            Origin::Two(joining, ids) => {
                let (members, of) = two(sets, &user, joining, &ids).await?;
                self.keep_set((sets, &user), (&name, shared), of.as_ref(), &members).await
            }
        }
    }

    /// Those of the members that documents have which the caller may read.
    async fn known_members(&self, subject: &Subject, of: &Of, members: &Members) -> Result<Members, Problem> {
        let served = self.served();
        let index = index(&served, &of.doc_type)?;
        let field = leaf(index, "field", &of.field)?;
        let values = members.as_slice().iter().cloned().map(Scalar::Text).collect();
        let query = members_of(field.path, field.leaf, &values);
        let query = match field.nested {
            None => query,
            Some(path) => Query::Nested { path: path.to_owned(), query: Box::new(query) },
        };
        self.values_for(subject, &of.doc_type, field, query).await
    }

    /// The values of a field in documents of a filter which the caller may read.
    async fn queried(&self, subject: &Subject, asked: &SetQuery) -> Result<Members, Problem> {
        let served = self.served();
        let index = index(&served, &asked.doc_type)?;
        let field = leaf(index, "query: field", &asked.field)?;
        let known = self.known_filter(subject, &served, index, &asked.filter).await?;
        let query = known.reader(self, index).read(&known.filter)?;
        self.values_for(subject, &asked.doc_type, field, query).await
    }

    /// The values of a field in documents of a query; whatever the tier, of those only that the caller could
    /// download.
    async fn values_for(
        &self,
        subject: &Subject,
        doc_type: &str,
        field: LeafField<'_>,
        query: Query,
    ) -> Result<Members, Problem> {
        let served = self.served();
        let index = index(&served, doc_type)?;
        let accessible = self.rights(subject, index).await;
        let scope = self.downloaded(index, &accessible, query, Word::Accessible).await?;
        if !index.exists {
            return Ok(Members::default());
        }
        let values = self.distinct(&scope, "field", field).await?;
        aside(move || {
            let text = |value| match value {
                Scalar::Text(text) => text,
                Scalar::Number(number) => number.to_string(),
                Scalar::Boolean(flag) => flag.to_string(),
            };
            Members::new(values.into_iter().map(text).collect()).map_err(Problem::from)
        })
        .await
    }
}

/// The members of two sets of the user joined, and what they identify if that is the same.
async fn two(
    sets: &Sets,
    user: &User,
    joining: Joining,
    [one, other]: &[String; 2],
) -> Result<(Members, Option<Of>), Problem> {
    let (one, other) = (found(sets, user, one).await?, found(sets, user, other).await?);
    let of = |set: &store::StoredSet| Some(Of { doc_type: set.doc_type.clone()?, field: set.field.clone()? });
    let same = of(&one).filter(|first| of(&other).as_ref() == Some(first));
    let mut connection = sets.pool.acquire().await?;
    let own = Members::stored(store::members(&mut connection, one.id).await?);
    let others = Members::stored(store::members(&mut connection, other.id).await?);
    drop(connection);
    Ok((aside(move || Ok(own.joined(joining, others)?)).await?, same))
}

/// Work that takes long for a million members, beside other requests.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| web::Failure::internal("making a set", error))?
}
