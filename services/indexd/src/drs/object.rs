//! DRS objects in the form that the original gives them, which clients of Gen3 read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    authorizations::Authorizations,
    buckets::Regions,
    config::Config,
    dates::Timestamp,
    document::{Bundle, Record},
    guid::Guid,
    query::Depth,
};

/// A DRS object. A key without a value is null, as in the original, except for the lists that only records or
/// only bundles have: these are left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct DrsObject {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_methods: Option<Vec<AccessMethod>>,
    aliases: Value,
    checksums: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<Value>,
    created_time: Option<String>,
    description: Option<String>,
    form: Option<String>,
    id: Guid,
    index_created_time: Option<Timestamp>,
    index_updated_time: Option<Timestamp>,
    mime_type: &'static str,
    name: Option<String>,
    self_uri: String,
    size: Option<i64>,
    updated_time: Option<String>,
    version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AccessMethod {
    access_id: String,
    access_url: AccessUrl,
    /// Only for records of the form `object`.
    #[serde(skip_serializing_if = "Option::is_none")]
    authorizations: Option<Authorizations>,
    available: bool,
    cloud: Option<String>,
    region: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AccessUrl {
    url: String,
}

/// The object of a record.
pub(crate) fn record_object(config: &Config, regions: &Regions, record: &Record) -> DrsObject {
    DrsObject {
        access_methods: Some(access_methods(config, regions, record)),
        aliases: json!([]),
        checksums: checksums(record),
        contents: None,
        created_time: record.content_created_date.map(|date| date.to_string()),
        description: record.description.clone(),
        form: record.form.clone(),
        id: record.did.clone(),
        index_created_time: record.created_date,
        index_updated_time: record.updated_date,
        mime_type: "application/json",
        name: record.file_name.clone(),
        self_uri: config.drs_uri(&record.did),
        size: record.size,
        updated_time: record.content_updated_date.map(|date| date.to_string()),
        version: record.version.clone(),
    }
}

/// The object of a bundle; without contents where its members were not read.
pub(crate) fn bundle_object(config: &Config, bundle: &Bundle, depth: Depth) -> DrsObject {
    DrsObject {
        access_methods: None,
        aliases: text_list(bundle.aliases.as_deref()),
        checksums: bundle_checksums(bundle),
        contents: bundle.bundle_data.is_some().then(|| members(bundle, depth)),
        created_time: Some(String::new()),
        description: bundle.description.clone(),
        form: Some(bundle.form.to_owned()),
        id: bundle.id.clone(),
        index_created_time: bundle.created_time,
        index_updated_time: bundle.updated_time,
        mime_type: "application/json",
        name: bundle.name.clone(),
        self_uri: config.drs_uri(&bundle.id),
        size: bundle.size,
        updated_time: Some(String::new()),
        version: bundle.version.clone(),
    }
}

/// What is known of a url under `key`. An empty text is nothing.
pub(crate) fn fact<'a>(facts: &'a BTreeMap<String, Value>, key: &str) -> Option<&'a str> {
    facts.get(key)?.as_str().filter(|text| !text.is_empty())
}

fn access_methods(config: &Config, regions: &Regions, record: &Record) -> Vec<AccessMethod> {
    let authorizations = (record.form.as_deref() == Some("object"))
        .then(|| config.authorizations.of(&record.did, &record.authz));
    let method = |url: &String| {
        let facts = record.urls_metadata.get(url);
        let fact = |key: &str| facts.and_then(|facts| fact(facts, key));
        let scheme = url.split_once(':').map_or(url.as_str(), |(scheme, _)| scheme);
        AccessMethod {
            access_id: scheme.to_owned(),
            access_url: AccessUrl { url: url.clone() },
            authorizations: authorizations.clone(),
            available: fact("available").is_none_or(|text| text.eq_ignore_ascii_case("true")),
            cloud: config.clouds.of(url).map(str::to_owned),
            region: fact("region").map_or_else(|| regions.of_url(url), str::to_owned),
            kind: scheme.to_owned(),
        }
    };
    record.urls.iter().map(method).collect()
}

/// `[{"checksum", "type"}]` of a record.
pub(crate) fn checksums(record: &Record) -> Value {
    let one = |(kind, value): (&String, &Option<String>)| json!({ "checksum": value, "type": kind });
    Value::Array(record.hashes.iter().map(one).collect())
}

/// The checksums of a bundle; very old rows have a bare md5.
pub(crate) fn bundle_checksums(bundle: &Bundle) -> Value {
    match bundle.checksum.as_deref() {
        None | Some("") => json!([]),
        Some(text) => serde_json::from_str::<Vec<Value>>(text)
            .map_or_else(|_| json!([{ "checksum": text, "type": "md5" }]), Value::Array),
    }
}

/// A list that is kept as JSON in a string.
pub(crate) fn text_list(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str::<Vec<Value>>(text).ok())
        .map_or_else(|| json!([]), Value::Array)
}

/// The members of a bundle.
pub(crate) fn members(bundle: &Bundle, depth: Depth) -> Value {
    let mut members = bundle.bundle_data.clone().unwrap_or_else(|| json!([]));
    if depth == Depth::Members {
        for member in members.as_array_mut().into_iter().flatten() {
            if let Some(member) = member.as_object_mut() {
                member.shift_remove("contents");
            }
        }
    }
    members
}
