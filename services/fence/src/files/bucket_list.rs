//! What fence says of its buckets.

use serde_json::{Map, Value, json};
use storage::Kind;

use super::target::upload_buckets;
use crate::config::Config;

/// Every bucket at Google, where keys open what is not listed.
const ANY: &str = ".*";

/// What is configured of the buckets, apart from what concerns their keys: `S3_BUCKETS` and `GS_BUCKETS`, and
/// in `AZ_BLOB_ACCOUNTS` the account at Azure whose containers are opened, if there is one (the original has
/// no word for Azure). indexd takes from it which places URLs are signed for, so none of them is left out.
pub(crate) fn bucket_list(config: &Config) -> Value {
    let s3: Map<String, Value> =
        config.s3_buckets.iter().map(|(name, info)| (name.clone(), public(json!(info)))).collect();
    let mut told = json!({ "S3_BUCKETS": s3, "GS_BUCKETS": at_google(config) });
    if let Some(account) = config.azure_account() {
        told["AZ_BLOB_ACCOUNTS"] = Value::Object(Map::from_iter([(account, json!({}))]));
    }
    told
}

fn at_google(config: &Config) -> Map<String, Value> {
    let listed = config.gs_buckets.iter().map(|(name, info)| (name.clone(), public(info.clone())));
    let mut all: Map<String, Value> = listed.collect();
    for bucket in upload_buckets(config).iter().filter(|bucket| bucket.kind() == Kind::Google) {
        all.entry(bucket.name()).or_insert_with(|| json!({}));
    }
    if all.is_empty() && config.opens_google() {
        all.insert(ANY.to_owned(), json!({}));
    }
    all
}

fn public(mut info: Value) -> Value {
    if let Value::Object(info) = &mut info {
        info.remove("cred");
        info.remove("role-arn");
    }
    info
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(document: Value) -> Value {
        bucket_list(&Config::from_document(&document).unwrap())
    }

    #[test]
    fn every_place_for_which_urls_are_signed_is_listed_and_no_key() {
        let azure = "AccountName=Acct;AccountKey=c2VjcmV0";
        let told = list(json!({
            "S3_BUCKETS": {"b": {"cred": "C", "region": "r", "role-arn": "arn:aws:iam::1:role/r"}},
            "GS_BUCKETS": {"g": {"region": "us", "cred": "C"}}, "AZ_BLOB_CREDENTIALS": azure,
            "ALLOWED_DATA_UPLOAD_BUCKETS": ["gs://uploads", "gs://g", "b"],
        }));
        let google = json!({"g": {"region": "us"}, "uploads": {}});
        let s3 = json!({"b": {"region": "r"}});
        assert_eq!(told, json!({"S3_BUCKETS": s3, "GS_BUCKETS": google, "AZ_BLOB_ACCOUNTS": {"acct": {}}}));
    }

    #[test]
    fn keys_of_google_open_any_bucket_where_none_is_listed() {
        let none = json!({"S3_BUCKETS": {}, "GS_BUCKETS": {}});
        assert_eq!(list(json!({"AZ_BLOB_CREDENTIALS": "*"})), none);
        // The delivered configuration names a file that is not there.
        assert_eq!(
            list(json!({"CIRRUS_CFG": {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/key.json"}})),
            none
        );
        let told = list(json!({"GOOGLE_WORKLOAD_IDENTITY": true}));
        assert_eq!(told["GS_BUCKETS"], json!({".*": {}}));
        let told = list(json!({"GOOGLE_WORKLOAD_IDENTITY": true, "GS_BUCKETS": {"g": {}}}));
        assert_eq!(told["GS_BUCKETS"], json!({"g": {}}));
    }
}
