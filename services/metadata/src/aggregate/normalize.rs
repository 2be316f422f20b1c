//! Studies of a commons in the form of the aggregate. Pure.

use serde_json::{Map, Value, json};

use super::{
    config::{AdapterCommons, Column, Gen3Commons},
    mapping::Mapping,
};

/// Where the aggregate has a study, and the variables of one.
pub(crate) const STUDY: &str = "gen3_discovery";
const VARIABLES: &str = "data_dictionaries";

/// A study in the form of the aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Study {
    pub(super) guid: String,
    /// The name of its commons.
    pub(super) commons: String,
    pub(super) document: Value,
}

/// A record of a metadata service, or `None` if it is no study or is not wanted.
pub(super) fn of_gen3(name: &str, commons: &Gen3Commons, guid: String, record: Value) -> Option<Study> {
    let Value::Object(mut record) = record else { return None };
    let Some(Value::Object(mut study)) = record.remove(&commons.study_data_field) else { return None };
    if let Some(select) = &commons.select_field
        && study.get(&select.field_name) != Some(&select.field_value)
    {
        return None;
    }
    for (column, from) in commons.columns_to_fields.iter().flatten() {
        let value = match from {
            Column::Field(field) => study.get(field).cloned(),
            Column::Described { name, default } => {
                let usual = if default.is_null() { json!("") } else { default.clone() };
                Some(study.get(name).cloned().unwrap_or(usual))
            }
        };
        if let Some(value) = value {
            study.insert(column.clone(), value);
        }
    }
    let variables = record.remove(commons.data_dict_field.as_deref().unwrap_or(VARIABLES));
    Some(named(guid, name, study, variables))
}

/// A record that an adapter has pulled, or `None` if it is no study.
pub(super) fn of_adapter(
    name: &str,
    commons: &AdapterCommons,
    mapping: &Mapping,
    guid: String,
    record: Value,
) -> Option<Study> {
    let Value::Object(mut record) = record else { return None };
    let field = commons.config.study_field.as_deref().unwrap_or(STUDY);
    let Some(Value::Object(item)) = record.remove(field) else { return None };
    let mut study = mapping.apply(item);
    if let Some(own) = commons.per_item_values.as_ref().and_then(|all| all.get(&guid)) {
        for (key, value) in own {
            if let Some(there) = study.get_mut(key) {
                there.clone_from(value);
            }
        }
    }
    let field = commons.config.data_dict_field.as_deref().or(commons.data_dict_field.as_deref());
    let variables = record.remove(field.unwrap_or(VARIABLES));
    Some(named(guid, commons.commons_name.as_deref().unwrap_or(name), study, variables))
}

fn named(guid: String, commons: &str, mut study: Map<String, Value>, variables: Option<Value>) -> Study {
    study.insert("commons_name".to_owned(), json!(commons));
    let mut document = Map::from_iter([(STUDY.to_owned(), Value::Object(study))]);
    document.extend(variables.map(|variables| (VARIABLES.to_owned(), variables)));
    Study { guid, commons: commons.to_owned(), document: Value::Object(document) }
}

#[cfg(test)]
mod tests {
    use super::{super::config::SyncConfig, *};

    fn gen3(options: &Value, record: Value) -> Option<Value> {
        let mut commons = json!({"mds_url": "http://a", "commons_url": "a"});
        commons.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        let config = json!({"gen3_commons": {"A": commons}}).to_string();
        let config = SyncConfig::read(&config).unwrap();
        of_gen3("A", &config.gen3_commons["A"], "g".to_owned(), record).map(|study| study.document)
    }

    #[test]
    fn studies_of_a_metadata_service_get_the_names_of_the_aggregate() {
        let options = json!({
            "study_data_field": "study", "data_dict_field": "variables",
            "columns_to_fields": {"title": "name", "year": {"name": "y", "default": "?"}, "none": "missing"},
        });
        let record = json!({"study": {"name": "N"}, "variables": {"v": 1}, "other": 1});
        let wanted = json!({
            "gen3_discovery": {"name": "N", "title": "N", "year": "?", "commons_name": "A"},
            "data_dictionaries": {"v": 1},
        });
        assert_eq!(gen3(&options, record), Some(wanted));
    }

    #[test]
    fn records_that_are_no_studies_or_not_selected_are_left_out() {
        let select = json!({"select_field": {"field_name": "commons", "field_value": "X"}});
        assert_eq!(gen3(&json!({}), json!({"other": {}})), None);
        assert_eq!(gen3(&json!({}), json!([1])), None);
        assert_eq!(gen3(&select, json!({"gen3_discovery": {"commons": "Y"}})), None);
        assert!(gen3(&select, json!({"gen3_discovery": {"commons": "X"}})).is_some());
    }
}
