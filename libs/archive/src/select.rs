//! Finding the files of a selector, a page at a time.

use std::collections::HashSet;

use indexclient::Record;

use crate::{
    archive::Archive,
    fault::Fault,
    order::{Selector, project_resource},
    store::sets,
};

/// Files of a page.
const PAGE: usize = 500;

/// A page of files.
pub(crate) struct Page {
    pub(crate) records: Vec<Record>,
    /// GUIDs without a record.
    pub(crate) missing: Vec<String>,
    /// What to give for the next page; none after the last one.
    pub(crate) next: Option<String>,
}

/// Files that are looked for: a list, or a question to the index.
pub(crate) enum Source {
    List(Vec<String>),
    Set(String),
    Index { query: Vec<(String, String)>, below: Option<String> },
}

impl Archive {
    /// # Errors
    /// For a bundle that there is not.
    pub(crate) async fn source(&self, selector: &Selector) -> Result<Source, Fault> {
        let guarded = |resource: String| vec![("authz".to_owned(), resource)];
        Ok(match selector {
            Selector::Guids(guids) => Source::List(guids.clone()),
            Selector::Manifest(_) => return Err(Fault::user("selector: a manifest is read before this")),
            Selector::Set(id) => Source::Set(id.clone()),
            Selector::Project(project) => {
                Source::Index { query: guarded(project_resource(project)), below: None }
            }
            Selector::Authz(resource) => {
                let below = Some(resource.trim_end_matches('/').to_owned());
                Source::Index { query: Vec::new(), below }
            }
            Selector::Query(query) => {
                let query = query.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
                Source::Index { query, below: None }
            }
            Selector::Bundle(id) => {
                let members = self.index.bundle(id).await?;
                Source::List(members.ok_or_else(|| Fault::user(format!("there is no bundle {id:?}")))?)
            }
        })
    }

    /// The files after those of the page that gave `after`.
    pub(crate) async fn page(&self, source: &Source, after: Option<&str>) -> Result<Page, Fault> {
        match source {
            Source::List(guids) => {
                let from = after.map_or(0, |after| guids.partition_point(|guid| guid.as_str() <= after));
                let asked = &guids[from..guids.len().min(from + PAGE)];
                let next = asked.last().filter(|_| from + PAGE < guids.len()).cloned();
                self.named(asked, next).await
            }
            Source::Set(id) => {
                let mut connection = self.pool.acquire().await?;
                let most = i64::try_from(PAGE).unwrap_or(i64::MAX);
                let asked = sets::page(&mut connection, id, after.unwrap_or_default(), most).await?;
                drop(connection);
                let next = asked.last().filter(|_| asked.len() == PAGE).cloned();
                self.named(&asked, next).await
            }
            Source::Index { query, below } => {
                let mut records = self.index.list(query, after, PAGE).await?;
                let next = records.last().filter(|_| records.len() == PAGE).map(|record| record.did.clone());
                if let Some(below) = below {
                    records.retain(|record| record.authz.iter().any(|resource| is_below(resource, below)));
                }
                Ok(Page { records, missing: Vec::new(), next })
            }
        }
    }

    async fn named(&self, asked: &[String], next: Option<String>) -> Result<Page, Fault> {
        let records = self.index.get_many(asked).await?;
        let found: HashSet<&str> = records.iter().map(|record| record.did.as_str()).collect();
        let missing = asked.iter().filter(|guid| !found.contains(guid.as_str())).cloned().collect();
        Ok(Page { records, missing, next })
    }
}

/// Whether a resource is the other one or below it.
fn is_below(resource: &str, other: &str) -> bool {
    resource.strip_prefix(other).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_below_another_by_whole_names() {
        assert!(is_below("/programs/P", "/programs/P") && is_below("/programs/P/projects/x", "/programs/P"));
        assert!(!is_below("/programs/PX", "/programs/P") && !is_below("/programs", "/programs/P"));
        assert!(is_below("/programs/P", ""));
    }
}
