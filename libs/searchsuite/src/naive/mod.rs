//! An engine that is as simple as can be: it looks at every document, every time.

mod counting;
mod hits;
mod matching;
mod values;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use search::{
    AliasChange, Definition, Engine, Field, Found, Hit, Information, Kind, Mapping, Operation, Pages, Query,
    Rejected, Search, SearchError, Sort, Source, Written,
};
use serde_json::{Map, Value};

use self::values::Unit;
pub(crate) use self::values::compare;

/// Documents in memory, which are looked at one by one. What it answers is what every engine has to answer:
/// it is the oracle of the suite, and an engine for tests of what uses one.
///
/// It is not fast, has no limits, and reads `date` as text and `half_float` as `float`. Everything is visible
/// at once.
#[derive(Debug, Default)]
pub struct Naive {
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    indices: BTreeMap<String, Index>,
    /// Alias → concrete indices.
    aliases: BTreeMap<String, BTreeSet<String>>,
    /// How many writes there were.
    written: u64,
}

#[derive(Debug, Default, Clone)]
struct Index {
    mapping: Mapping,
    /// In the order in which they were written.
    documents: Vec<Document>,
}

#[derive(Debug, Clone)]
struct Document {
    id: String,
    written: u64,
    object: Map<String, Value>,
}

impl Naive {
    /// Without an index.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The concrete indices of a name.
    fn resolve(&self, name: &str) -> Result<Vec<&Index>, SearchError> {
        if let Some(index) = self.indices.get(name) {
            return Ok(vec![index]);
        }
        let names = self.aliases.get(name).ok_or_else(|| SearchError::NoIndex(name.to_owned()))?;
        Ok(names.iter().filter_map(|name| self.indices.get(name)).collect())
    }

    fn search(&self, name: &str, search: &Search) -> Result<Found, SearchError> {
        let indices = self.resolve(name)?;
        let documents: Vec<_> = indices.iter().flat_map(|index| index.meant(&search.query)).collect();
        let units: Vec<_> = documents.iter().map(|(unit, _)| unit.clone()).collect();
        Ok(Found {
            total: documents.len() as u64,
            hits: hits::page(search, &documents),
            aggregates: counting::count(&search.aggregations, &units),
        })
    }

    fn write(&mut self, name: &str, operations: Vec<Operation>) -> Result<Written, SearchError> {
        let missing = || SearchError::NoIndex(name.to_owned());
        let index = self.indices.get_mut(name).ok_or_else(missing)?;
        let mut outcome = Written::default();
        for (place, operation) in operations.into_iter().enumerate() {
            self.written += 1;
            match index.change(operation, self.written) {
                Ok(()) => outcome.done += 1,
                Err(reason) => outcome.rejected.push(Rejected { place, reason }),
            }
        }
        Ok(outcome)
    }

    fn change_alias(&mut self, change: &AliasChange) -> Result<(), SearchError> {
        match change {
            AliasChange::DeleteIndex { index } => {
                self.indices.remove(index).ok_or_else(|| SearchError::NoIndex(index.clone()))?;
                self.aliases.values_mut().for_each(|indices| indices.retain(|name| name != index));
                self.aliases.retain(|_, indices| !indices.is_empty());
            }
            AliasChange::Add { alias, index } => {
                if !self.indices.contains_key(index) {
                    return Err(SearchError::NoIndex(index.clone()));
                }
                if self.indices.contains_key(alias) {
                    return Err(SearchError::Refused(format!(
                        "an index exists with the same name as the alias {alias}"
                    )));
                }
                // Names of aliases may have capitals, as those of the ETL that tell times.
                check_name(&alias.to_lowercase())?;
                self.aliases.entry(alias.clone()).or_default().insert(index.clone());
            }
            AliasChange::Remove { alias, index } => {
                if !self.indices.contains_key(index) {
                    return Err(SearchError::NoIndex(index.clone()));
                }
                if !self.aliases.get_mut(alias).is_some_and(|indices| indices.remove(index)) {
                    return Err(SearchError::Refused(format!("aliases [{alias}] missing")));
                }
                self.aliases.retain(|_, indices| !indices.is_empty());
            }
        }
        Ok(())
    }
}

impl Index {
    fn meant(&self, query: &Query) -> Vec<hits::Placed<'_>> {
        let placed = self.documents.iter().map(|document| {
            let Document { id, written, object } = document;
            (Unit { mapping: &self.mapping, path: None, object, id }, *written)
        });
        placed.filter(|(unit, _)| matching::matches(query, unit)).collect()
    }

    fn change(&mut self, operation: Operation, written: u64) -> Result<(), String> {
        match operation {
            Operation::Put { id, body } => {
                let object: Map<String, Value> =
                    serde_json::from_str(&body).map_err(|error| error.to_string())?;
                values::check(&self.mapping, &object)?;
                let id = id.unwrap_or_else(|| format!("given-{written}"));
                if id.is_empty() || id.len() > 512 {
                    return Err("the id is empty or longer than 512 bytes".to_owned());
                }
                self.documents.retain(|document| document.id != id);
                self.documents.push(Document { id, written, object });
            }
            Operation::Delete { id } => self.documents.retain(|document| document.id != id),
        }
        Ok(())
    }
}

fn check_name(name: &str) -> Result<(), SearchError> {
    let bad = |letter: char| letter.is_uppercase() || "\\/*?\"<>| ,#:".contains(letter);
    if name.is_empty() || name.len() > 255 || name.starts_with(['-', '_', '+', '.']) || name.contains(bad) {
        return Err(SearchError::Refused(format!("{name:?} cannot be the name of an index")));
    }
    Ok(())
}

fn sorted(mut mapping: Mapping) -> Mapping {
    fn sort(fields: &mut [Field]) {
        fields.sort_by(|one, other| one.name.cmp(&other.name));
        for field in fields {
            sort(&mut field.subfields);
            if let Kind::Nested(inner) | Kind::Object(inner) = &mut field.kind {
                sort(&mut inner.fields);
            }
        }
    }
    sort(&mut mapping.fields);
    mapping
}

/// Whether a name is meant by a pattern with `*`.
fn fits(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((before, after)) => name.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).any(|at| rest.get(at..).is_some_and(|rest| fits(after, rest)))
        }),
    }
}

#[async_trait]
impl Engine for Naive {
    async fn information(&self) -> Result<Information, SearchError> {
        Ok(Information { kind: "naive".to_owned(), version: "1".to_owned() })
    }

    async fn mapping(&self, index: &str) -> Result<Mapping, SearchError> {
        let state = self.state();
        let indices = state.resolve(index)?;
        Ok(indices.first().map(|index| index.mapping.clone()).unwrap_or_default())
    }

    async fn aliases(&self, name: &str) -> Result<BTreeMap<String, Vec<String>>, SearchError> {
        let state = self.state();
        let of = |index: &String| -> Vec<String> {
            let aliases = state.aliases.iter().filter(|(_, indices)| indices.contains(index));
            aliases.map(|(alias, _)| alias.clone()).collect()
        };
        let meant = |index: &String| fits(name, index) || of(index).iter().any(|alias| fits(name, alias));
        Ok(state
            .indices
            .keys()
            .filter(|index| meant(index))
            .map(|index| (index.clone(), of(index)))
            .collect())
    }

    async fn search_all(&self, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>> {
        let state = self.state();
        searches.iter().map(|(index, search)| state.search(index, search)).collect()
    }

    async fn pages(
        &self,
        index: &str,
        query: &Query,
        sort: &[Sort],
        source: &Source,
        page: usize,
    ) -> Result<Pages, SearchError> {
        let search = Search {
            size: u64::MAX,
            sort: sort.to_vec(),
            source: source.clone(),
            ..Search::new(query.clone())
        };
        let hits = self.state().search(index, &search)?.hits;
        let pages: Vec<Result<Vec<Hit>, _>> =
            hits.chunks(page.max(1)).map(|page| Ok(page.to_vec())).collect();
        Ok(stream::iter(pages).boxed())
    }

    async fn document(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
        let state = self.state();
        let mut documents = state.resolve(index)?.into_iter().flat_map(|index| &index.documents);
        Ok(documents.find(|document| document.id == id).map(|document| document.object.clone()))
    }

    async fn create(&self, index: &str, definition: &Definition) -> Result<(), SearchError> {
        check_name(index)?;
        let mut state = self.state();
        if state.indices.contains_key(index) || state.aliases.contains_key(index) {
            return Err(SearchError::Exists(index.to_owned()));
        }
        let mapping = sorted(definition.mapping.clone());
        state.indices.insert(index.to_owned(), Index { mapping, documents: Vec::new() });
        Ok(())
    }

    async fn write(&self, index: &str, operations: Vec<Operation>) -> Result<Written, SearchError> {
        self.state().write(index, operations)
    }

    async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        self.state().resolve(index).map(|_| ())
    }

    async fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError> {
        let mut state = self.state();
        let mut changed = state.clone();
        // As with Elasticsearch, indices go first, so that an alias may take the name of one that goes.
        let (goes, stays): (Vec<_>, Vec<_>) =
            changes.iter().partition(|change| matches!(change, AliasChange::DeleteIndex { .. }));
        let gone: BTreeSet<_> = goes.iter().map(|change| index_of(change)).collect();
        let stays = stays.into_iter().filter(|change| {
            !(matches!(change, AliasChange::Remove { .. }) && gone.contains(index_of(change)))
        });
        for change in goes.iter().copied().chain(stays) {
            changed.change_alias(change)?;
        }
        *state = changed;
        Ok(())
    }
}

fn index_of(change: &AliasChange) -> &str {
    match change {
        AliasChange::Add { index, .. }
        | AliasChange::Remove { index, .. }
        | AliasChange::DeleteIndex { index } => index,
    }
}
