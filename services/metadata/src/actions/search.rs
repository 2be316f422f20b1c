//! Searching studies.

use std::collections::BTreeSet;

use authz::{Mapping, Subject};
use indexmap::IndexMap;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use sqlx::{PgConnection, PgPool};
use web::Failure;

use crate::{
    access::MayRead,
    error::Error,
    search::{Highlight, Search, highlights, resources},
    service::Metadata,
    store::{
        counts::{self, Counted},
        search::{self, Hit},
    },
};

/// Services and methods by which data are read.
const READING: [&str; 3] = ["read", "read-storage", "*"];
/// Most bytes of the documents of a page: as many as one document can have.
const MOST_BYTES: usize = 32 << 20;

/// What a search has found.
#[derive(Debug, Serialize)]
pub(crate) struct Found {
    total: i64,
    studies: Vec<Study>,
    facets: IndexMap<String, Vec<Bucket>>,
    next: Option<String>,
}

#[derive(Debug, Serialize)]
struct Study {
    guid: String,
    highlights: Vec<Highlight>,
    access: &'static str,
    document: Box<RawValue>,
}

/// A value of a facet, and how many studies have it.
#[derive(Debug, Serialize)]
struct Bucket {
    value: String,
    studies: i64,
}

impl Metadata {
    /// Studies that fit, with the places at which words were found, whether the caller may read their data,
    /// and the frequent values of some fields.
    ///
    /// # Errors
    /// 400 when they are too large together, 503 when finding them takes too long.
    pub(crate) async fn search(
        &self,
        permit: &MayRead,
        subject: &Subject,
        search: &Search,
    ) -> Result<Found, Error> {
        let most = self.config.answer_limit.min(MOST_BYTES);
        let mut transaction = self.pool.begin().await?;
        search::limit_time(&mut transaction).await?;
        let total = search::count(&mut transaction, permit, search).await?;
        let mut hits = search::page(&mut transaction, permit, search, most).await?;
        let counted = self.count_facets(&mut transaction, permit, search).await?;
        transaction.commit().await?;
        let size = usize::try_from(search.size).unwrap_or(usize::MAX);
        let has_more = hits.len() > size;
        hits.truncate(size);
        let next = hits.last().filter(|_| has_more).map(|hit| hit.cursor.write());
        let rights = self.rights(subject, hits.is_empty()).await?;
        let study = |hit: Hit| shown(hit, &search.words, rights.as_ref(), most);
        let studies = hits.into_iter().map(study).collect::<Result<_, _>>()?;
        let mut facets: IndexMap<String, Vec<Bucket>> =
            search.facets.iter().map(|(name, _)| (name.clone(), Vec::new())).collect();
        for (facet, value, studies) in counted {
            let name = usize::try_from(facet).ok().and_then(|facet| search.facets.get(facet));
            if let Some(buckets) = name.and_then(|(name, _)| facets.get_mut(name)) {
                buckets.push(Bucket { value, studies });
            }
        }
        Ok(Found { total, studies, facets, next })
    }

    /// The frequent values of the facets. Where all documents are found, those of paths that are counted are
    /// known; all others are counted now.
    async fn count_facets(
        &self,
        connection: &mut PgConnection,
        permit: &MayRead,
        search: &Search,
    ) -> Result<Vec<(i32, String, i64)>, Error> {
        let paths: Vec<&str> = search.facets.iter().map(|(_, path)| path.as_str()).collect();
        let known = if paths.is_empty() || !search.finds_all() {
            Vec::new()
        } else {
            counts::counted(connection, permit, &paths).await?
        };
        let is_known = |path: &str| known.iter().any(|known| known == path);
        let others: Vec<usize> =
            (0..).zip(&paths).filter(|(_, path)| !is_known(path)).map(|(at, _)| at).collect();
        let mut found = search::facets(connection, permit, search, &others).await?;
        if known.is_empty() {
            return Ok(found);
        }
        let mut scattered = BTreeSet::new();
        for counted in counts::values(connection, permit, &search.guid_type, &known).await? {
            let Counted { path, value, studies, is_scattered } = counted;
            let facet = (0..).zip(&paths).find(|(_, known)| **known == path).map(|(facet, _)| facet);
            found.extend(facet.map(|facet| (facet, value, studies)));
            if is_scattered {
                scattered.insert(path);
            }
        }
        for path in scattered {
            tokio::spawn(sum_up(self.pool.clone(), search.guid_type.clone(), path));
        }
        Ok(found)
    }

    /// What the caller may do; `None` if it cannot be asked now, which is no reason to show no studies.
    async fn rights(&self, subject: &Subject, is_unneeded: bool) -> Result<Option<Mapping>, Error> {
        if is_unneeded {
            return Ok(None);
        }
        match self.authz.mapping(subject).await {
            Ok(mapping) => Ok(Some(mapping)),
            Err(error @ authz::AuthzError::Unavailable(_)) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "a search cannot say whose data may be read");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Sums up what was added to the counts of a path. Whoever reads them meanwhile reads the same.
async fn sum_up(pool: PgPool, kind: String, path: String) {
    let done = async {
        let mut connection = pool.acquire().await?;
        counts::sum_up(&mut connection, &kind, &path).await
    };
    if let Err(error) = done.await {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "the counts of a path could not be summed up");
    }
}

/// A study of the answer. Its document stays the text that it is, which takes a tenth of the memory.
fn shown(hit: Hit, words: &[String], rights: Option<&Mapping>, most: usize) -> Result<Study, Error> {
    let Some(document) = hit.document else {
        return Err(Error::bad(format!(
            "these studies have more than {most} bytes; ask for fewer with size"
        )));
    };
    let read: Value = serde_json::from_str(document.as_str()).unwrap_or_default();
    let document = RawValue::from_string(document.into_string())
        .map_err(|error| Failure::internal("reading a study", error))?;
    Ok(Study {
        guid: hit.cursor.guid,
        highlights: highlights(&read, words),
        access: access(&read, rights),
        document,
    })
}

/// Whether the data of a study may be read: `accessible` if all of its resources may, `mixed` if some, and
/// `not_available` where it names none.
fn access(document: &Value, rights: Option<&Mapping>) -> &'static str {
    let resources = resources(document);
    let Some(rights) = rights.filter(|_| !resources.is_empty()) else {
        return if resources.is_empty() { "not_available" } else { "unknown" };
    };
    let readable = resources.iter().filter(|path| may_read(path, rights)).count();
    match readable {
        0 => "not_accessible",
        all if all == resources.len() => "accessible",
        _ => "mixed",
    }
}

/// A right on a resource is one on all below it.
fn may_read(path: &str, rights: &Mapping) -> bool {
    let mut path = path.trim_end_matches('/');
    while !path.is_empty() {
        let actions = rights.get(path).into_iter().flatten();
        if actions.into_iter().any(|action| READING.contains(&action.method.as_str())) {
            return true;
        }
        path = path.rfind('/').map_or("", |end| &path[..end]);
    }
    false
}

#[cfg(test)]
mod tests {
    use authz::Action;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_study_is_accessible_where_a_right_to_read_covers_its_resources() {
        let action = |method: &str| Action { service: "fence".to_owned(), method: method.to_owned() };
        let rights = Mapping::from_iter([
            ("/programs/a".to_owned(), vec![action("read-storage")]),
            ("/programs/b".to_owned(), vec![action("create")]),
        ]);
        let state = |authz: Value| access(&json!({"gen3_discovery": {"authz": authz}}), Some(&rights));
        assert_eq!(state(json!("/programs/a/projects/x")), "accessible");
        assert_eq!(state(json!(["/programs/a", "/programs/b"])), "mixed");
        assert_eq!(state(json!("/programs/b")), "not_accessible");
        assert_eq!(state(json!("/programs/ab")), "not_accessible");
        assert_eq!(state(json!("")), "not_available");
        assert_eq!(access(&json!({"gen3_discovery": {"authz": "/x"}}), None), "unknown");
    }
}
