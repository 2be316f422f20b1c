//! The configuration of the aggregate, in the form of metadata-service's `aggregate_config.json`. Pure.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

/// What is pulled, and how it is brought to one form.
#[derive(Debug, Clone, Deserialize)]
pub struct SyncConfig {
    #[serde(default)]
    pub(crate) configuration: Option<Configuration>,
    #[serde(default)]
    pub(crate) gen3_commons: IndexMap<String, Gen3Commons>,
    #[serde(default)]
    pub(crate) adapter_commons: IndexMap<String, AdapterCommons>,
    #[serde(default)]
    aggregations: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Configuration {
    #[serde(default)]
    pub(crate) schema: Option<IndexMap<String, Field>>,
    #[serde(default)]
    settings: Option<Settings>,
}

#[derive(Debug, Clone, Deserialize)]
struct Settings {
    #[serde(default)]
    cache_drs: bool,
    #[serde(default = "public_index")]
    drs_indexd_server: String,
}

/// A field of the schema.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Field {
    #[serde(rename = "type", default = "text")]
    pub(crate) kind: String,
    #[serde(default)]
    description: String,
    #[serde(default)]
    pub(crate) default: Option<Value>,
    #[serde(default)]
    properties: Option<IndexMap<String, Field>>,
    #[serde(default)]
    items: Option<Value>,
}

/// A commons whose metadata service has studies in our form already.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Gen3Commons {
    pub(crate) mds_url: String,
    pub(crate) commons_url: String,
    #[serde(default)]
    pub(crate) columns_to_fields: Option<IndexMap<String, Column>>,
    #[serde(default = "study_field")]
    pub(crate) study_data_field: String,
    #[serde(default = "guid_type")]
    pub(crate) guid_type: String,
    #[serde(default)]
    pub(crate) data_dict_field: Option<String>,
    #[serde(default)]
    pub(crate) select_field: Option<Select>,
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub(crate) enum Column {
    /// Another field of the study.
    Field(String),
    /// Another field, and what stands for it where it is missing.
    Described {
        name: String,
        #[serde(default)]
        default: Value,
    },
}

/// The studies that are taken.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Select {
    pub(crate) field_name: String,
    pub(crate) field_value: Value,
}

/// A source whose studies are brought to our form.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AdapterCommons {
    pub(crate) mds_url: String,
    pub(crate) commons_url: String,
    adapter: String,
    #[serde(default)]
    pub(crate) config: AdapterConfig,
    #[serde(default)]
    pub(crate) field_mappings: Option<IndexMap<String, Value>>,
    #[serde(default)]
    pub(crate) per_item_values: Option<IndexMap<String, Map<String, Value>>>,
    #[serde(default)]
    pub(crate) data_dict_field: Option<String>,
    #[serde(default = "yes")]
    pub(crate) keep_original_fields: bool,
    #[serde(default)]
    pub(crate) global_field_filters: Vec<String>,
    #[serde(default)]
    pub(crate) commons_name: Option<String>,
}

/// What the adapter `gen3` is told.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct AdapterConfig {
    pub(crate) guid_type: Option<String>,
    pub(crate) study_field: Option<String>,
    pub(crate) data_dict_field: Option<String>,
    pub(crate) field_name: Option<String>,
    pub(crate) field_value: Option<Value>,
    /// Further parameters of the query, `a=b&c=d`.
    pub(crate) filters: Option<String>,
    #[serde(rename = "batchSize")]
    pub(crate) batch_size: Option<usize>,
    #[serde(rename = "maxItems")]
    pub(crate) max_items: Option<usize>,
}

fn public_index() -> String {
    "https://dataguids.org".to_owned()
}

fn text() -> String {
    "string".to_owned()
}

fn study_field() -> String {
    "gen3_discovery".to_owned()
}

fn guid_type() -> String {
    "discovery_metadata".to_owned()
}

fn yes() -> bool {
    true
}

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SyncConfigError {
    /// It is no JSON, or has another form.
    #[error("the configuration of the aggregate cannot be read: {0}")]
    Form(String),
    /// It names nothing to pull.
    #[error("the configuration has neither gen3_commons nor adapter_commons")]
    Empty,
    /// A commons that cannot be pulled.
    #[error("{commons}: {reason}")]
    Commons {
        /// Its name in the configuration.
        commons: String,
        /// What is wrong.
        reason: String,
    },
}

impl SyncConfig {
    /// Reads and checks a configuration.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub(super) fn read(text: &str) -> Result<Self, SyncConfigError> {
        let config: Self =
            serde_json::from_str(text).map_err(|error| SyncConfigError::Form(error.to_string()))?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), SyncConfigError> {
        if self.gen3_commons.is_empty() && self.adapter_commons.is_empty() {
            return Err(SyncConfigError::Empty);
        }
        let wrong =
            |commons: &str, reason: String| SyncConfigError::Commons { commons: commons.to_owned(), reason };
        let gen3 = self.gen3_commons.iter().map(|(name, commons)| (name, &commons.mds_url));
        let adapted = self.adapter_commons.iter().map(|(name, commons)| (name, &commons.mds_url));
        for (name, url) in gen3.chain(adapted) {
            let is_address = Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
            if !is_address {
                return Err(wrong(name, format!("its mds_url {url:?} is not the address of a server")));
            }
        }
        for (name, commons) in &self.adapter_commons {
            if self.gen3_commons.contains_key(name) {
                return Err(wrong(name, "it stands in gen3_commons and in adapter_commons".to_owned()));
            }
            if commons.adapter != "gen3" {
                let told = "only the adapter \"gen3\" is there; remove the entry";
                return Err(wrong(name, format!("its adapter is {:?}: {told}", commons.adapter)));
            }
        }
        Ok(())
    }

    pub(crate) fn schema(&self) -> Option<&IndexMap<String, Field>> {
        self.configuration.as_ref()?.schema.as_ref()
    }

    /// The index whose list of others says who has which DRS prefix, if that is to be kept.
    pub(crate) fn prefixes(&self) -> Option<&str> {
        let settings = self.configuration.as_ref()?.settings.as_ref()?;
        settings.cache_drs.then_some(settings.drs_indexd_server.as_str())
    }

    /// What is answered about the aggregate itself, by name.
    pub(crate) fn info(&self) -> Vec<(String, Value)> {
        let aggregations =
            self.aggregations.as_ref().map(|all| all.iter().map(aggregation).collect::<Map<_, _>>());
        let mut info = vec![("aggregations".to_owned(), Value::Object(aggregations.unwrap_or_default()))];
        if let Some(schema) = self.schema() {
            let fields = schema.iter().map(|(name, field)| (name.clone(), field.described()));
            info.push(("schema".to_owned(), Value::Object(fields.collect())));
        }
        info
    }
}

fn aggregation((name, said): (&String, &Value)) -> (String, Value) {
    let value = |key: &str, usual: &str| said.get(key).cloned().unwrap_or_else(|| json!(usual));
    let (kind, function) = (value("type", "number"), value("function", "sum"));
    (name.clone(), json!({ "type": kind, "function": function, "chart": value("chart", "text") }))
}

impl Field {
    /// As the original answers it.
    fn described(&self) -> Value {
        let mut said = json!({ "type": self.kind });
        if let Some(properties) = &self.properties {
            let fields = properties.iter().map(|(name, field)| (name.clone(), field.described()));
            said["properties"] = Value::Object(fields.collect());
        }
        if let Some(items) = &self.items {
            said["items"] = items.clone();
        }
        said["description"] = json!(self.description);
        if let Some(default) = &self.default {
            said["default"] = default.clone();
        }
        said
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_configuration_of_the_original_is_read_and_describes_itself() {
        let config = SyncConfig::read(
            r#"{"configuration": {"schema": {"tags": {"type": "array"}, "year": {"default": "not_set"}},
                                  "settings": {"cache_drs": true}},
                "gen3_commons": {"A": {"mds_url": "http://a", "commons_url": "a",
                                       "columns_to_fields": {"x": "y", "z": {"name": "w", "default": 1}}}},
                "aggregations": {"_subjects_count": {}}}"#,
        )
        .unwrap();
        assert_eq!(config.prefixes(), Some("https://dataguids.org"));
        let info: Map<String, Value> = config.info().into_iter().collect();
        assert_eq!(
            info["aggregations"]["_subjects_count"],
            json!({"type": "number", "function": "sum", "chart": "text"})
        );
        assert_eq!(
            info["schema"]["year"],
            json!({"type": "string", "description": "", "default": "not_set"})
        );
    }

    #[test]
    fn what_cannot_be_pulled_is_told_with_its_name() {
        let told = |text: &str| SyncConfig::read(text).unwrap_err().to_string();
        assert_eq!(told("{}"), "the configuration has neither gen3_commons nor adapter_commons");
        assert!(told("[").starts_with("the configuration of the aggregate cannot be read"));
        let adapter =
            r#"{"adapter_commons": {"B": {"mds_url": "http://b", "commons_url": "b", "adapter": "gdc"}}}"#;
        assert!(told(adapter).starts_with("B: its adapter is \"gdc\""));
        let address = r#"{"gen3_commons": {"A": {"mds_url": "file:///x", "commons_url": "a"}}}"#;
        assert!(told(address).starts_with("A: its mds_url"));
    }
}
