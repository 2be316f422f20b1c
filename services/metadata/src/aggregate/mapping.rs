//! Fields of a study from those of its source: constants, JSON paths, defaults, filters, and types of the
//! schema. Pure.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};
use serde_json_path::JsonPath;

use super::{
    config::{AdapterCommons, Field},
    filters::Filter,
};

/// What is in front of a path.
const PATH: &str = "path:";

/// How the fields of a source become ours.
#[derive(Debug, Clone)]
pub(super) struct Mapping {
    fields: Option<Vec<Mapped>>,
    keep_original: bool,
}

#[derive(Debug, Clone)]
struct Mapped {
    /// Names of objects down to the field.
    to: Vec<String>,
    from: From,
    default: Option<Value>,
    filters: Vec<Filter>,
    /// The type that the schema says.
    kind: Option<String>,
}

#[derive(Debug, Clone)]
enum From {
    Constant(Value),
    Path(JsonPath),
    /// A described field without a path: the default alone.
    Nothing,
}

impl Mapping {
    /// # Errors
    /// For a path that is none, and a filter that nobody knows.
    pub(super) fn of(
        commons: &AdapterCommons,
        schema: Option<&IndexMap<String, Field>>,
    ) -> Result<Self, String> {
        let global: Vec<Filter> = commons
            .global_field_filters
            .iter()
            .map(|name| Filter::named(name, None))
            .collect::<Result<_, _>>()?;
        let fields = commons.field_mappings.as_ref().map(|mappings| {
            let one = |(name, value): (&String, &Value)| {
                Mapped::of(name, value, schema.and_then(|schema| schema.get(name)), &global)
                    .map_err(|reason| format!("field_mappings, {name}: {reason}"))
            };
            mappings.iter().map(one).collect::<Result<Vec<_>, _>>()
        });
        Ok(Self { fields: fields.transpose()?, keep_original: commons.keep_original_fields })
    }

    /// The fields of a study.
    pub(super) fn apply(&self, item: Map<String, Value>) -> Map<String, Value> {
        let Some(fields) = &self.fields else { return item };
        let item = Value::Object(item);
        let found: Vec<(&[String], Value)> =
            fields.iter().map(|field| (field.to.as_slice(), field.value(&item))).collect();
        let mut study = match item {
            Value::Object(item) if self.keep_original => item,
            _ => Map::new(),
        };
        for (to, value) in found {
            set(&mut study, to, value);
        }
        study
    }
}

impl Mapped {
    fn of(name: &str, said: &Value, field: Option<&Field>, global: &[Filter]) -> Result<Self, String> {
        let mut default = field.and_then(|field| field.default.clone());
        let mut filters = Vec::new();
        let from = match said {
            Value::Object(described) => {
                if let Some(own) = described.get("default") {
                    default = Some(own.clone());
                }
                let parameters = described.get("filterParams");
                for filter in described.get("filters").and_then(Value::as_array).into_iter().flatten() {
                    let filter = filter.as_str().ok_or("a filter is a text")?;
                    filters.push(Filter::named(filter, parameters.and_then(|all| all.get(filter)))?);
                }
                match described.get("path").and_then(Value::as_str) {
                    Some(path) => From::Path(parsed(path)?),
                    None => From::Nothing,
                }
            }
            Value::String(text) => match text.split_once(PATH) {
                Some((_, path)) => From::Path(parsed(path)?),
                None => From::Constant(said.clone()),
            },
            constant => From::Constant(constant.clone()),
        };
        filters.extend(global.iter().cloned());
        let to: Vec<String> = name.strip_prefix("$.").unwrap_or(name).split('.').map(str::to_owned).collect();
        if to.iter().any(String::is_empty) || name.contains('[') {
            return Err("the name of a field has names between its dots, and nothing else".to_owned());
        }
        Ok(Self { to, from, default, filters, kind: field.map(|field| field.kind.clone()) })
    }

    fn value(&self, item: &Value) -> Value {
        let found = match &self.from {
            From::Constant(value) => Some(value.clone()),
            From::Nothing => None,
            From::Path(path) => match path.query(item).all().as_slice() {
                [] => None,
                [one] => Some((*one).clone()),
                many => Some(many.iter().map(|one| (*one).clone()).collect()),
            },
        };
        let value = found.or_else(|| self.default.clone()).unwrap_or_default();
        let value = self.filters.iter().fold(value, |value, filter| filter.apply(value));
        let typed = match &self.kind {
            Some(kind) => typed(value, kind),
            None => value,
        };
        if typed.is_null() { self.default.clone().unwrap_or_default() } else { typed }
    }
}

/// The original's paths begin without the `$` of RFC 9535.
fn parsed(path: &str) -> Result<JsonPath, String> {
    let whole = match path.trim() {
        whole if whole.starts_with('$') => whole.to_owned(),
        bare if bare.starts_with('[') => format!("${bare}"),
        bare => format!("$.{bare}"),
    };
    JsonPath::parse(&whole).map_err(|error| format!("{path:?} is no JSON path: {error}"))
}

fn set(study: &mut Map<String, Value>, to: &[String], value: Value) {
    match to {
        [] => {}
        [last] => drop(study.insert(last.clone(), value)),
        [first, rest @ ..] => {
            let inner = study.entry(first.clone()).or_insert_with(|| json!({}));
            if !inner.is_object() {
                *inner = json!({});
            }
            if let Value::Object(inner) = inner {
                set(inner, rest, value);
            }
        }
    }
}

/// The value as the type that the schema says; null where it cannot be one, so that the default counts.
fn typed(value: Value, kind: &str) -> Value {
    match (value, kind) {
        (Value::String(text), "integer") => text.parse::<i64>().map_or(Value::Null, Value::from),
        (Value::String(text), "number") => text.parse::<f64>().map_or(Value::Null, Value::from),
        (Value::String(text), "object") => serde_json::from_str(&text).unwrap_or_default(),
        (Value::String(text), "array") if text.is_empty() => json!([]),
        (value @ (Value::String(_) | Value::Object(_)), "array") => json!([value]),
        (Value::Array(all), "string") if all.iter().all(Value::is_string) => {
            json!(all.iter().filter_map(Value::as_str).collect::<String>())
        }
        (value, _) => value,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::config::SyncConfig, *};

    fn mapped(mappings: &Value, keep: bool, item: &Value) -> Result<Value, String> {
        let whole = json!({
            "configuration": {"schema": {
                "year": {"default": "not_set"}, "count": {"type": "integer", "default": 0},
                "tags": {"type": "array"},
            }},
            "adapter_commons": {"A": {"mds_url": "http://a", "commons_url": "a", "adapter": "gen3",
                                      "keep_original_fields": keep, "field_mappings": mappings}},
        });
        let config = SyncConfig::read(&whole.to_string()).map_err(|error| error.to_string())?;
        let mapping = Mapping::of(&config.adapter_commons["A"], config.schema())?;
        Ok(Value::Object(mapping.apply(item.as_object().unwrap().clone())))
    }

    #[test]
    fn fields_come_from_constants_paths_and_defaults() {
        let mappings = json!({
            "commons": "The Commons", "title": "path:study.title", "first": "path:people[0].name",
            "names": "path:people[*].name", "year": "path:none", "count": "path:n", "tags": "path:tag",
            "url": {"path": "link", "default": "unknown"},
            "nested.text": {"path": "html", "filters": ["strip_html"]},
            "missing": "path:nothing",
        });
        let item = json!({"study": {"title": "T"}, "people": [{"name": "a"}, {"name": "b"}], "n": "12",
                          "tag": "x", "html": "<b>y</b>"});
        let found = mapped(&mappings, false, &item).unwrap();
        let wanted = json!({
            "commons": "The Commons", "title": "T", "first": "a", "names": ["a", "b"], "year": "not_set",
            "count": 12, "tags": ["x"], "url": "unknown", "nested": {"text": "y"}, "missing": null,
        });
        assert_eq!(found, wanted);
        assert_eq!(
            mapped(&json!({"count": "path:n"}), false, &json!({"n": "many"})).unwrap(),
            json!({"count": 0})
        );
        let kept = mapped(&json!({"a": "path:b"}), true, &json!({"b": 1})).unwrap();
        assert_eq!(kept, json!({"b": 1, "a": 1}));
    }

    #[test]
    fn a_mapping_that_cannot_work_is_refused_before_anything_is_pulled() {
        for (mappings, told) in [
            (json!({"a": "path:[["}), "is no JSON path"),
            (json!({"a": {"path": "b", "filters": ["nothing"]}}), "there is no filter"),
            (json!({"a[0]": "path:b"}), "names between its dots"),
        ] {
            let error = mapped(&mappings, true, &json!({})).unwrap_err();
            assert!(error.contains(told), "{error}");
        }
    }
}
