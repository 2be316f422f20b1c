//! Filters in which other indices and sets are asked about: what those have is known before the filter is
//! read.

use std::sync::Arc;

use authz::Subject;
use search::Scalar;
use serde_json::Value;
use uuid::Uuid;

use super::problem::Problem;
use crate::{
    filter::{Reader, Sets, named_sets},
    members::MOST_BYTES,
    schema::IndexModel,
    service::{Guppy, Served},
    store::sets::{self as store, StoredSet},
};

/// Sets that a filter may name.
const MOST: usize = 10;

/// A filter without conditions across indices, and the sets that it names.
pub(super) struct KnownFilter {
    pub(super) filter: Value,
    sets: Sets,
}

impl KnownFilter {
    /// What reads it.
    pub(super) fn reader<'r>(&'r self, guppy: &'r Guppy, index: &'r IndexModel) -> Reader<'r> {
        guppy.reader(index).with_sets(&self.sets)
    }

    /// Whether there may be a condition on the field of this path.
    pub(super) fn may_name(&self, path: &str) -> bool {
        names(&self.filter, path.rsplit_once('.').map_or(path, |(_, name)| name))
    }
}

fn names(filter: &Value, name: &str) -> bool {
    match filter {
        Value::Array(items) => items.iter().any(|item| names(item, name)),
        Value::Object(members) => members.iter().any(|(key, value)| key == name || names(value, name)),
        _ => false,
    }
}

impl Guppy {
    /// The filter of a request about `index`.
    ///
    /// # Errors
    /// When a condition across indices cannot be asked, or a set is none of the caller's.
    pub(super) async fn known_filter(
        &self,
        subject: &Subject,
        served: &Served,
        index: &IndexModel,
        filter: &Value,
    ) -> Result<KnownFilter, Problem> {
        let sets = self.sets_of(subject, filter).await?;
        let filter = self.joined(subject, served, index, (filter, &sets)).await?;
        Ok(KnownFilter { filter, sets })
    }

    /// The members of all sets that a filter names.
    async fn sets_of(&self, subject: &Subject, filter: &Value) -> Result<Sets, Problem> {
        let names = named_sets(filter);
        let mut known = Sets::new();
        if names.is_empty() {
            return Ok(known);
        }
        if names.len() > MOST {
            return Err(Problem::invalid(format!("filter: more than {MOST} sets")));
        }
        let (sets, user) = self.sets_for(subject).await?;
        let id = |name: &&str| Uuid::parse_str(name).map_err(|_| Problem::NoSet((*name).to_owned()));
        let ids = names.iter().map(id).collect::<Result<Vec<_>, _>>()?;
        let found = store::find(&mut *sets.pool.acquire().await?, &ids).await?;
        let mut bytes = 0;
        for (name, id) in names.into_iter().zip(ids) {
            let set = found.iter().find(|set| set.id == id && set.is_for(&user));
            let set = set.ok_or_else(|| Problem::NoSet(name.to_owned()))?;
            bytes += usize::try_from(set.bytes).unwrap_or_default();
            if bytes > MOST_BYTES {
                let told = format!("filter: the sets have more than {MOST_BYTES} bytes together");
                return Err(Problem::invalid(told));
            }
            known.insert(name.to_owned(), self.values_of(set).await?);
        }
        Ok(known)
    }

    /// The members of a set as values.
    async fn values_of(&self, set: &StoredSet) -> Result<Arc<[Scalar]>, Problem> {
        let sets = self.sets.as_ref().ok_or(Problem::NoSets)?;
        if let Some(values) = sets.kept.get(set.id) {
            return Ok(values);
        }
        let _permit = sets.may_read().await;
        // Somebody else may have read it meanwhile.
        if let Some(values) = sets.kept.get(set.id) {
            return Ok(values);
        }
        let members = store::members(&mut *sets.pool.acquire().await?, set.id).await?;
        let values: Arc<[Scalar]> = members.into_iter().map(Scalar::Text).collect();
        sets.kept.keep(set.id, values.clone(), usize::try_from(set.bytes).unwrap_or_default());
        Ok(values)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::names;

    #[test]
    fn a_field_is_found_wherever_it_stands() {
        let nested = json!({ "nested": { "path": "v", ">": { "year": 1 } } });
        let filter = json!({ "and": [{ "in": { "sex": ["age"] } }, nested] });
        assert!(names(&filter, "sex") && names(&filter, "year"));
        assert!(!names(&filter, "age") && !names(&filter, "v"));
    }
}
