//! What a file's landing page says of it: its citation, and the forms that it comes in (peregrine 3.2.6).

use serde_json::{Map, Value, json};

/// The link from a file to its collections of core metadata.
pub(crate) const COLLECTIONS: &str = "core_metadata_collections";

/// The fields of a file's first collection, then its own.
pub(crate) fn flatten(file: &Value) -> Map<String, Value> {
    let mut flat = Map::new();
    let collection = file[COLLECTIONS][0].as_object().into_iter().flatten();
    let own = file.as_object().into_iter().flatten().filter(|(key, _)| *key != COLLECTIONS);
    flat.extend(collection.chain(own).map(|(key, value)| (key.clone(), value.clone())));
    flat
}

/// Adds `citation`, "creator, year: title. publisher, object_id.", which uses up the title and the date.
pub(crate) fn with_citation(mut metadata: Map<String, Value>) -> Map<String, Value> {
    let text = |metadata: &Map<String, Value>, key: &str| {
        metadata.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
    };
    let mut citation = String::new();
    if let Some(creator) = text(&metadata, "creator") {
        citation += &format!("{creator}, ");
    }
    if let Some(date) = text(&metadata, "updated_datetime") {
        metadata.shift_remove("updated_datetime");
        citation += &format!("{}: ", date.split('-').next().unwrap_or_default());
    }
    if let Some(title) = text(&metadata, "title") {
        citation += &format!("{title}. ");
    }
    if let Some(publisher) = text(&metadata, "publisher") {
        citation += &format!("{publisher}, ");
    }
    citation += &text(&metadata, "object_id").unwrap_or_default();
    let citation = citation.trim().trim_end_matches(',');
    let end = if citation.ends_with('.') { "" } else { "." };
    let citation = format!("{citation}{end}");
    metadata.shift_remove("title");
    metadata.insert("citation".to_owned(), Value::String(citation));
    metadata
}

/// An entry `@misc` of BibTeX.
pub(crate) fn bibtex(metadata: &Map<String, Value>) -> String {
    let plain = |value: &Value| match value {
        Value::String(text) => text.clone(),
        Value::Null => "None".to_owned(),
        other => other.to_string(),
    };
    let items: Vec<String> =
        metadata.iter().map(|(key, value)| format!("{key} = \"{}\"", plain(value))).collect();
    let id = metadata.get("object_id").map(plain).unwrap_or_default();
    format!("@misc {{{id}, {}}}", items.join(", "))
}

/// A `Dataset` of schema.org, as JSON-LD.
pub(crate) fn schema_org(metadata: &Map<String, Value>) -> Value {
    let id = metadata.get("object_id").and_then(Value::as_str).unwrap_or_default();
    let property =
        |name: &str, value: Value| json!({"@type": "PropertyValue", "propertyID": name, "value": value});
    let md5 = metadata.get("md5sum").cloned().unwrap_or_default();
    let mut dataset = json!({
        "@context": "http://schema.org",
        "@type": "Dataset",
        "@id": format!("https://dataguids.org/index/{id}"),
        "identifier": [property("dataguid", json!(id)), property("md5", md5)],
    });
    let mut add = |key: &str, from: &str, shape: fn(Value) -> Value| {
        if let Some(value) = metadata.get(from) {
            dataset[key] = shape(value.clone());
        }
    };
    add("publisher", "publisher", |name| json!({"@type": "Organization", "name": name}));
    add("author", "creator", |name| json!({ "name": name }));
    add("description", "description", |value| value);
    add("additionalType", "type", |value| value);
    add("name", "file_name", |value| value);
    add("datePublished", "updated_datetime", |value| value);
    dataset
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(extra: Value) -> Map<String, Value> {
        let mut file =
            json!({"type": "reads", "object_id": "id-1", "updated_datetime": "2026-11-21T07:22:39+00:00"});
        file.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        file.as_object().unwrap().clone()
    }

    #[test]
    fn a_citation_says_what_is_known() {
        let full = json!({"creator": "Someone", "title": "The title", "publisher": "Us"});
        assert_eq!(with_citation(file(full))["citation"], "Someone, 2026: The title. Us, id-1.");
        assert_eq!(with_citation(file(json!({})))["citation"], "2026: id-1.");
        assert!(!with_citation(file(json!({}))).contains_key("updated_datetime"));
    }

    #[test]
    fn bibtex_lists_every_field() {
        let metadata = with_citation(file(json!({"file_size": 2.0, "md5sum": null})));
        assert_eq!(
            bibtex(&metadata),
            "@misc {id-1, type = \"reads\", object_id = \"id-1\", file_size = \"2.0\", \
             md5sum = \"None\", citation = \"2026: id-1.\"}"
        );
    }
}
