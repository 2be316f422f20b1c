//! A cluster as an engine.

use std::{collections::BTreeMap, sync::Arc};

use async_trait::async_trait;
use reqwest::Method;
use search::{
    AliasChange, Definition, Engine, Field, Found, Information, Kind, Mapping, Operation, Pages, Query,
    Search, SearchError, Sort, Source, Written,
};
use serde_json::{Map, Value, json};
use tokio::sync::OnceCell;

use crate::{
    answer::unexpected,
    client::{Client, Repeat, Request},
    names, pages, searches,
    settings::{Settings, SettingsError},
    writes,
};

/// Elasticsearch 7 to 9 or OpenSearch 1 to 3. Clones are one.
#[derive(Debug, Clone)]
pub struct Server {
    client: Arc<Client>,
    information: Arc<OnceCell<Information>>,
}

impl Server {
    /// The servers of these settings, none of which is asked yet: a server may come later than we do.
    ///
    /// # Errors
    /// No request can be made with the settings.
    pub async fn connect(settings: Settings) -> Result<Self, SettingsError> {
        let client = Arc::new(Client::new(&settings).await?);
        Ok(Self { client, information: Arc::default() })
    }

    /// A document, as far as it is visible.
    async fn find(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
        let search = Search::new(Query::Ids(vec![id.to_owned()]));
        Ok(self.search(index, &search).await?.hits.into_iter().next().map(|hit| hit.source))
    }

    async fn ask_information(&self) -> Result<Information, SearchError> {
        let said = self.client.send(&Request::get(String::new())).await?.read("")?;
        let version = said["version"]["number"].as_str().ok_or_else(|| unexpected("version"))?;
        let kind = said["version"]["distribution"].as_str().unwrap_or("elasticsearch");
        Ok(Information { kind: kind.to_owned(), version: version.to_owned() })
    }
}

/// The fields of several indices as those of one; the first that has a field says what it is.
fn merged(said: &Value) -> Result<Mapping, SearchError> {
    let indices = said.as_object().ok_or_else(|| unexpected("mapping"))?;
    let mut fields: Vec<Field> = Vec::new();
    for index in indices.values() {
        let mapping = Mapping::read(&index["mappings"]).map_err(|error| SearchError::Failed(error.into()))?;
        for field in mapping.fields {
            if !fields.iter().any(|known| known.name == field.name) {
                fields.push(field);
            }
        }
    }
    sort(&mut fields);
    Ok(Mapping { fields })
}

fn sort(fields: &mut [Field]) {
    fields.sort_by(|one, other| one.name.cmp(&other.name));
    for field in fields {
        sort(&mut field.subfields);
        if let Kind::Nested(inner) | Kind::Object(inner) = &mut field.kind {
            sort(&mut inner.fields);
        }
    }
}

/// The actions of changes. What an index that goes has been called goes with it, and OpenSearch 2 refuses to
/// be told so.
fn actions(changes: &[AliasChange]) -> Result<Vec<Value>, SearchError> {
    let goes = |name: &String| {
        changes.iter().any(|change| matches!(change, AliasChange::DeleteIndex { index } if index == name))
    };
    let mut actions = Vec::new();
    for change in changes {
        match change {
            AliasChange::Add { alias, index } => {
                names::concrete(index)?;
                names::alias(alias)?;
                actions.push(json!({"add": {"index": index, "alias": alias}}));
            }
            AliasChange::Remove { alias, index } => {
                names::concrete(index)?;
                names::alias(alias)?;
                if !goes(index) {
                    actions.push(json!({"remove": {"index": index, "alias": alias}}));
                }
            }
            AliasChange::DeleteIndex { index } => {
                names::concrete(index)?;
                actions.push(json!({"remove_index": {"index": index}}));
            }
        }
    }
    Ok(actions)
}

#[async_trait]
impl Engine for Server {
    async fn information(&self) -> Result<Information, SearchError> {
        let information = self.ask_information().await?;
        // What decides how pages are asked for; a cluster does not change its kind.
        self.information.set(information.clone()).ok();
        Ok(information)
    }

    async fn mapping(&self, index: &str) -> Result<Mapping, SearchError> {
        let name = names::concrete(index)?;
        merged(&self.client.send(&Request::get(format!("{name}/_mapping"))).await?.read(index)?)
    }

    async fn aliases(&self, name: &str) -> Result<BTreeMap<String, Vec<String>>, SearchError> {
        let Some(pattern) = names::pattern(name) else { return Ok(BTreeMap::new()) };
        let answer = self.client.send(&Request::get(format!("{pattern}/_alias"))).await?;
        let said = match answer.read(name) {
            Err(SearchError::NoIndex(_)) => return Ok(BTreeMap::new()),
            said => said?,
        };
        let indices = said.as_object().ok_or_else(|| unexpected("indices"))?;
        let aliases = |index: &Value| -> Vec<String> {
            let mut names: Vec<String> = index["aliases"]
                .as_object()
                .into_iter()
                .flat_map(|aliases| aliases.keys().cloned())
                .collect();
            names.sort_unstable();
            names
        };
        Ok(indices.iter().map(|(name, index)| (name.clone(), aliases(index))).collect())
    }

    async fn search_all(&self, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>> {
        searches::all(&self.client, searches).await
    }

    async fn pages(
        &self,
        index: &str,
        query: &Query,
        sort: &[Sort],
        source: &Source,
        page: usize,
    ) -> Result<Pages, SearchError> {
        let name = names::concrete(index)?;
        let information = self.information.get_or_try_init(|| self.ask_information()).await?;
        let asked = pages::Asked { index: index.to_owned(), name, query, sort, source, page };
        pages::open(self.client.clone(), information, &asked).await
    }

    async fn document(&self, index: &str, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
        let name = names::concrete(index)?;
        if id.is_empty() {
            return Ok(None);
        }
        // No path can have these.
        if matches!(id, "." | "..") {
            return self.find(index, id).await;
        }
        let asked = Request::get(format!("{name}/_doc/{}", names::encoded(id)));
        let answer = self.client.send(&asked).await?;
        if answer.status == 404 {
            let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            if said["found"] == json!(false) {
                return Ok(None);
            }
        }
        match answer.read(index) {
            // The alias names several indices.
            Err(SearchError::Refused(_)) => self.find(index, id).await,
            said => match said?["_source"].take() {
                Value::Object(source) => Ok(Some(source)),
                _ => Err(unexpected("source")),
            },
        }
    }

    async fn create(&self, index: &str, definition: &Definition) -> Result<(), SearchError> {
        let name = names::fresh(index)?;
        let mut mappings = definition.mapping.write();
        // What no mapping has is no field: a document cannot add one, in any engine.
        mappings["dynamic"] = false.into();
        let mut body = json!({"mappings": mappings});
        if !definition.settings.is_empty() {
            body["settings"] = definition.settings.clone().into();
        }
        let asked = Request::json(Method::PUT, name, &body, Repeat::OnlyUnseen);
        self.client.send(&asked).await?.read(index).map(|_| ())
    }

    async fn write(&self, index: &str, operations: Vec<Operation>) -> Result<Written, SearchError> {
        writes::write(&self.client, index, operations).await
    }

    async fn refresh(&self, index: &str) -> Result<(), SearchError> {
        let name = names::concrete(index)?;
        let asked = Request { method: Method::POST, ..Request::get(format!("{name}/_refresh")) };
        self.client.send(&asked).await?.read(index).map(|_| ())
    }

    async fn change_aliases(&self, changes: &[AliasChange]) -> Result<(), SearchError> {
        let actions = actions(changes)?;
        if actions.is_empty() {
            return Ok(());
        }
        let body = json!({"actions": actions});
        let asked = Request::json(Method::POST, "_aliases".to_owned(), &body, Repeat::OnlyUnseen);
        self.client.send(&asked).await?.read("").map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_of_an_index_that_goes_is_not_removed_by_itself() {
        let text = str::to_owned;
        let changes = [
            AliasChange::Add { alias: text("case"), index: text("case_1") },
            AliasChange::Remove { alias: text("case"), index: text("case_0") },
            AliasChange::Remove { alias: text("other"), index: text("case_2") },
            AliasChange::DeleteIndex { index: text("case_0") },
        ];
        let expected = json!([
            {"add": {"index": "case_1", "alias": "case"}},
            {"remove": {"index": "case_2", "alias": "other"}},
            {"remove_index": {"index": "case_0"}},
        ]);
        assert_eq!(Value::from(actions(&changes).unwrap()), expected);
        let everything = [AliasChange::DeleteIndex { index: text("*") }];
        assert!(matches!(actions(&everything), Err(SearchError::NoIndex(_))));
    }

    #[test]
    fn an_alias_of_several_indices_has_the_fields_of_all() {
        let said = json!({
            "case_0": {"mappings": {"dynamic": "false", "properties": {"b": {"type": "keyword"}}}},
            "case_1": {"mappings": {"properties": {"a": {"type": "long"}, "b": {"type": "long"}}}},
            "case_2": {"mappings": {}},
        });
        let expected = json!({"properties": {"a": {"type": "long"}, "b": {"type": "keyword"}}});
        assert_eq!(merged(&said).unwrap().write(), expected);
    }
}
