//! `/coremetadata/{object_id}`: what a file's landing page says (peregrine 3.2.6).

use std::sync::Arc;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::ACCEPT,
    web::{Data, Path},
};
use serde_json::{Map, Value, json};

use crate::{Peregrine, error::Error, query::Reader};

const FILE_FIELDS: [&str; 8] = [
    "type",
    "file_name",
    "data_format",
    "file_size",
    "project_id",
    "object_id",
    "updated_datetime",
    "md5sum",
];
const COLLECTION_FIELDS: [&str; 10] = [
    "title",
    "description",
    "creator",
    "contributor",
    "coverage",
    "language",
    "publisher",
    "rights",
    "source",
    "subject",
];
const COLLECTIONS: &str = "core_metadata_collections";

/// `GET /coremetadata/{object_id}` as JSON, BibTeX or schema.org JSON, by the `Accept` header.
pub(super) async fn show(
    peregrine: Data<Peregrine>,
    request: HttpRequest,
    object_id: Path<String>,
) -> Result<HttpResponse, Error> {
    let reader = Reader::Subject(peregrine.authenticate(&request).await?);
    let metadata = flatten(&peregrine.into_inner().file(&reader, &object_id).await?);
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok());
    let body = match accept {
        Some("x-bibtex") => bibtex(&with_citation(metadata)),
        Some("application/vnd.schemaorg.ld+json") => schema_org(&with_citation(metadata)).to_string(),
        _ => Value::Object(with_citation(metadata)).to_string(),
    };
    // The original never says which of the three it is.
    Ok(HttpResponse::Ok().content_type("text/html; charset=utf-8").body(body))
}

impl Peregrine {
    /// The file with this object id, with its collection of core metadata.
    async fn file(self: &Arc<Self>, reader: &Reader, object_id: &str) -> Result<Value, Error> {
        let not_found = || Error::NotFound(format!("object_id \"{object_id}\" not found"));
        let one = Map::from_iter([("id".to_owned(), json!(object_id))]);
        let has_object_id =
            self.graph.types.iter().any(|node| node.is_file() && node.properties.contains_key("object_id"));
        if !has_object_id {
            return Err(not_found());
        }
        let found = self.ask(reader, "query ($id: String) {datanode(object_id: $id) {type}}", &one).await?;
        let label = found["datanode"][0]["type"].as_str().ok_or_else(not_found)?;
        let node = self.graph.find(label).map(|node| &self.graph.types[node]).ok_or_else(not_found)?;
        let known =
            |name: &&str| *name == "type" || *name == "project_id" || node.properties.contains_key(*name);
        let mut fields: Vec<&str> = FILE_FIELDS.into_iter().filter(known).collect();
        let collection = node.links.get(COLLECTIONS).map(|link| &self.graph.types[link.target].properties);
        let collected: Vec<&str> = COLLECTION_FIELDS
            .into_iter()
            .filter(|name| collection.is_some_and(|collection| collection.contains_key(*name)))
            .collect();
        let collected = format!("{COLLECTIONS}(first: 1) {{{}}}", collected.join(" "));
        if collection.is_some_and(|_| !collected.ends_with("{}")) {
            fields.insert(0, &collected);
        }
        let query = format!("query ($id: [String]) {{{label}(object_id: $id) {{{}}}}}", fields.join(" "));
        let ids = Map::from_iter([("id".to_owned(), json!([object_id]))]);
        let mut found = self.ask(reader, &query, &ids).await?;
        match found[label][0].take() {
            Value::Null => Err(not_found()),
            file => Ok(file),
        }
    }
}

/// The collection's fields, then the file's.
fn flatten(file: &Value) -> Map<String, Value> {
    let mut flat = Map::new();
    let collection = file[COLLECTIONS][0].as_object().into_iter().flatten();
    let own = file.as_object().into_iter().flatten().filter(|(key, _)| *key != COLLECTIONS);
    flat.extend(collection.chain(own).map(|(key, value)| (key.clone(), value.clone())));
    flat
}

/// Adds `citation`, "creator, year: title. publisher, object_id.", which uses up the title and the date.
fn with_citation(mut metadata: Map<String, Value>) -> Map<String, Value> {
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

fn bibtex(metadata: &Map<String, Value>) -> String {
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

/// A `Dataset` of schema.org.
fn schema_org(metadata: &Map<String, Value>) -> Value {
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
            "@misc {id-1, type = \"reads\", object_id = \"id-1\", file_size = \"2.0\", md5sum = \"None\", citation = \"2026: id-1.\"}"
        );
    }
}
