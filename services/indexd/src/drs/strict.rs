//! DRS documents with what the standard has and nothing else: DRS 1.2, and the names that 1.3 gave to bulk
//! answers. The public compliance suite checks this form. In comparison with the historic form:
//!
//! - keys without a value are left out, and so are the additions of Gen3 (`form`, `index_*_time`) and the
//!   keys of access methods that 1.2 does not have (`cloud`, `available`, `authorizations`);
//! - times have a zone, and the creation of the record stands for that of a content without a date;
//! - `self_uri` and `drs_uri` name the host, and `drs_uri` is a list;
//! - hashes and access methods have the names of the standard, and no two methods one `access_id`;
//! - a record whose bytes have not arrived is no object yet.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::object::{bundle_checksums, fact, text_list};
use crate::{
    buckets::{Regions, scheme},
    config::Config,
    dates::Timestamp,
    document::{Bundle, Record},
    guid::Guid,
    query::Depth,
};

/// Kinds of access methods that the standard knows.
const KINDS: [&str; 8] = ["s3", "gs", "ftp", "gsiftp", "globus", "htsget", "https", "file"];
/// Schemes for which fence makes URLs.
const SIGNED: [&str; 5] = ["s3", "gs", "az", "ftp", "https"];

/// A DRS object of the standard.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct StrictObject {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    access_methods: Vec<Method>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
    checksums: Vec<Checksum>,
    /// Only bundles have them.
    #[serde(skip_serializing_if = "Option::is_none")]
    contents: Option<Vec<Member>>,
    created_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    id: Guid,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    self_uri: String,
    size: i64,
    updated_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Checksum {
    checksum: String,
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Method {
    #[serde(skip_serializing_if = "Option::is_none")]
    access_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_url: Option<AccessUrl>,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<String>,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct AccessUrl {
    url: String,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
struct Member {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    contents: Vec<Member>,
    drs_uri: Vec<String>,
    id: String,
    name: String,
}

/// The object of a record; `None` as long as its size and hashes are not known.
pub(crate) fn record_object(config: &Config, regions: &Regions, record: &Record) -> Option<StrictObject> {
    let checksums: Vec<Checksum> = record
        .hashes
        .iter()
        .filter_map(|(kind, value)| Some(Checksum { checksum: value.clone()?, kind: standard(kind) }))
        .collect();
    let size = record.size.filter(|_| !checksums.is_empty())?;
    let created = record.content_created_date.or(record.created_date);
    Some(StrictObject {
        access_methods: methods(regions, record),
        aliases: Vec::new(),
        checksums,
        contents: None,
        created_time: with_zone(created),
        description: record.description.clone(),
        id: record.did.clone(),
        name: record.file_name.clone(),
        self_uri: config.host_uri(&record.did),
        size,
        updated_time: with_zone(record.content_updated_date.or(created)),
        version: record.version.clone(),
    })
}

/// The object of a bundle with its members.
pub(crate) fn bundle_object(config: &Config, bundle: &Bundle, depth: Depth) -> StrictObject {
    let text = |value: Option<String>| value.filter(|text| !text.is_empty());
    let aliases = text_list(bundle.aliases.as_deref());
    StrictObject {
        access_methods: Vec::new(),
        aliases: items(&aliases).filter_map(Value::as_str).map(str::to_owned).collect(),
        checksums: items(&bundle_checksums(bundle)).filter_map(checksum).collect(),
        contents: Some(members(config, bundle.bundle_data.as_ref(), depth)),
        created_time: with_zone(bundle.created_time),
        description: text(bundle.description.clone()),
        id: bundle.id.clone(),
        name: text(bundle.name.clone()),
        self_uri: config.host_uri(&bundle.id),
        size: bundle.size.unwrap_or(0),
        updated_time: with_zone(bundle.updated_time.or(bundle.created_time)),
        version: text(bundle.version.clone()),
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn checksum(entry: &Value) -> Option<Checksum> {
    let text = |key: &str| entry.get(key)?.as_str();
    Some(Checksum { checksum: text("checksum")?.to_owned(), kind: standard(text("type")?) })
}

/// The name of a hash in the registry of IANA (RFC 6920), or the one that DRS uses for those which are not
/// in it.
fn standard(kind: &str) -> String {
    match kind {
        "sha256" => "sha-256",
        "sha512" => "sha-512",
        "crc" => "crc32c",
        other => other,
    }
    .to_owned()
}

/// RFC 3339. A row of a very old database that has no date was made at the beginning of time.
fn with_zone(date: Option<Timestamp>) -> String {
    date.map_or_else(|| "1970-01-01T00:00:00Z".to_owned(), |date| format!("{date}Z"))
}

/// The ways to the bytes, without those that the standard has no name for and those that are known to be
/// unavailable. fence makes a URL of the first location of a scheme, so that only this one has an
/// `access_id`, which is the scheme.
fn methods(regions: &Regions, record: &Record) -> Vec<Method> {
    let mut signed = BTreeSet::new();
    let mut method = |url: &String| {
        let facts = record.urls_metadata.get(url);
        let fact = |key: &str| facts.and_then(|facts| fact(facts, key));
        if fact("available").is_some_and(|text| !text.eq_ignore_ascii_case("true")) {
            return None;
        }
        let scheme = scheme(url);
        // What fence signs for Azure is an address of https, and nothing else leads there.
        let is_azure = scheme == "az";
        let wanted = if is_azure { "https" } else { scheme.as_str() };
        let kind = KINDS.into_iter().find(|kind| *kind == wanted)?;
        let access_id =
            (SIGNED.contains(&scheme.as_str()) && signed.insert(scheme.clone())).then_some(scheme);
        let access_url = (!is_azure).then(|| AccessUrl { url: url.clone() });
        if access_id.is_none() && access_url.is_none() {
            return None;
        }
        let region = fact("region").map_or_else(|| regions.of_url(url), str::to_owned);
        Some(Method { access_id, access_url, region: Some(region).filter(|text| !text.is_empty()), kind })
    };
    record.urls.iter().filter_map(&mut method).collect()
}

fn members(config: &Config, list: Option<&Value>, depth: Depth) -> Vec<Member> {
    let member = |entry: &Value| {
        let id = entry.get("id")?.as_str()?;
        let contents = match depth {
            Depth::Members => Vec::new(),
            Depth::Everything => members(config, entry.get("contents"), depth),
        };
        Some(Member {
            contents,
            drs_uri: vec![config.host_uri(&Guid::from(id.to_owned()))],
            id: id.to_owned(),
            // A name is needed, by which the member is materialised.
            name: entry.get("name").and_then(Value::as_str).unwrap_or(id).to_owned(),
        })
    };
    list.into_iter().flat_map(items).filter_map(member).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(urls: &[(&str, Value)]) -> Record {
        let facts = |facts: &Value| serde_json::from_value(facts.clone()).expect("facts");
        Record {
            acl: Vec::new(),
            authz: vec!["/a".into()],
            baseid: Guid::from("b".to_owned()),
            content_created_date: None,
            content_updated_date: None,
            created_date: Timestamp::parse("2022-03-04T05:06:07.5"),
            description: None,
            did: Guid::from("dg.T/x".to_owned()),
            file_name: None,
            form: Some("object".into()),
            hashes: [("crc", "deadbeef"), ("sha256", "00"), ("md5", "11")]
                .map(|(kind, value)| (kind.to_owned(), Some(value.to_owned())))
                .into(),
            metadata: Default::default(),
            rev: "r".into(),
            size: Some(5),
            updated_date: Timestamp::parse("2023-01-01"),
            uploader: None,
            urls: urls.iter().map(|(url, _)| (*url).to_owned()).collect(),
            urls_metadata: urls.iter().map(|(url, value)| ((*url).to_owned(), facts(value))).collect(),
            version: None,
        }
    }

    fn config() -> Config {
        Config { hostname: "data.example.org".into(), ..Config::default() }
    }

    #[test]
    fn an_object_has_the_keys_of_the_standard_and_no_nulls() {
        let object = record_object(&config(), &Regions::default(), &record(&[("s3://b/1", json!({}))]));
        assert_eq!(
            json!(object),
            json!({
                "access_methods": [
                    {"access_id": "s3", "access_url": {"url": "s3://b/1"}, "type": "s3"},
                ],
                "checksums": [
                    {"checksum": "deadbeef", "type": "crc32c"}, {"checksum": "11", "type": "md5"},
                    {"checksum": "00", "type": "sha-256"},
                ],
                "created_time": "2022-03-04T05:06:07.500000Z", "id": "dg.T/x",
                "self_uri": "drs://data.example.org/dg.T%2Fx", "size": 5,
                "updated_time": "2022-03-04T05:06:07.500000Z",
            })
        );
    }

    #[test]
    fn what_has_no_bytes_yet_is_no_object() {
        let whole = record(&[]);
        let (config, regions) = (config(), Regions::default());
        assert!(record_object(&config, &regions, &whole).is_some());
        let without_size = Record { size: None, ..whole.clone() };
        assert!(record_object(&config, &regions, &without_size).is_none());
        let without_hashes = Record { hashes: Default::default(), ..whole };
        assert!(record_object(&config, &regions, &without_hashes).is_none());
    }

    #[test]
    fn access_methods_are_of_known_kinds_and_have_ids_of_their_own() {
        let urls = [
            ("s3://b/1", json!({"region": "r"})),
            ("s3://b/2", json!({})),
            ("az://c/1", json!({})),
            ("https://h/1", json!({"available": "False"})),
            ("swift://h/1", json!({})),
            ("file:///x", json!({})),
        ];
        let methods = json!(methods(&Regions::default(), &record(&urls)));
        assert_eq!(
            methods,
            json!([
                {"access_id": "s3", "access_url": {"url": "s3://b/1"}, "region": "r", "type": "s3"},
                {"access_url": {"url": "s3://b/2"}, "type": "s3"},
                {"access_id": "az", "type": "https"},
                {"access_url": {"url": "file:///x"}, "type": "file"},
            ])
        );
    }

    #[test]
    fn members_are_named_and_located_and_nested_only_when_asked() {
        let data = json!([
            {"id": "x", "name": null, "drs_uri": "drs://old:x", "contents": []},
            {"id": "y", "name": "n", "drs_uri": "drs://old:y",
             "contents": [{"id": "z", "name": "z", "drs_uri": "d", "contents": []}]},
        ]);
        let uri = |id: &str| json!([format!("drs://data.example.org/{id}")]);
        let x = json!({"drs_uri": uri("x"), "id": "x", "name": "x"});
        let y = json!({"drs_uri": uri("y"), "id": "y", "name": "n"});
        assert_eq!(json!(members(&config(), Some(&data), Depth::Members)), json!([x, y]));
        let mut nested = y;
        nested["contents"] = json!([{"drs_uri": uri("z"), "id": "z", "name": "z"}]);
        assert_eq!(json!(members(&config(), Some(&data), Depth::Everything)), json!([x, nested]));
    }
}
