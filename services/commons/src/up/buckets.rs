//! Buckets elsewhere, which a commons uses beside its own: `--buckets FILE`.

use anyhow::{Context as _, bail};
use serde_json::Value;

/// What of fence's configuration is about buckets. Other keys are refused: they would change nothing.
const KEYS: [&str; 8] = [
    "S3_BUCKETS",
    "AWS_CREDENTIALS",
    "ALLOWED_DATA_UPLOAD_BUCKETS",
    "CIRRUS_CFG",
    "GOOGLE_WORKLOAD_IDENTITY",
    "BILLING_PROJECT_FOR_SIGNED_URLS",
    "AZ_BLOB_CREDENTIALS",
    "AZ_BLOB_CONTAINER_URL",
];

/// Adds the buckets of a document to those of the commons itself, of which it must name none.
///
/// # Errors
/// What is wrong with the document.
pub(super) fn add(config: &mut fence::Config, document: &Value) -> anyhow::Result<()> {
    try_to_add(config, document).context("--buckets cannot be used")
}

fn try_to_add(config: &mut fence::Config, document: &Value) -> anyhow::Result<()> {
    let keys = document.as_object().map(serde_json::Map::keys);
    if let Some(unknown) = keys.into_iter().flatten().find(|key| !KEYS.contains(&key.as_str())) {
        bail!("{unknown} is not about buckets; it may have {}", KEYS.join(", "));
    }
    let more = fence::Config::from_document(document)?;
    for (name, bucket) in more.s3_buckets {
        if config.s3_buckets.contains_key(&name) {
            bail!("the bucket {name} is the commons' own; S3_BUCKETS names others");
        }
        config.s3_buckets.insert(name, bucket);
    }
    for (name, credentials) in more.aws_credentials {
        if config.aws_credentials.contains_key(&name) {
            bail!("{name} opens the commons' own bucket; AWS_CREDENTIALS has entries of other names");
        }
        config.aws_credentials.insert(name, credentials);
    }
    let known = |name: &&String| !config.s3_buckets.contains_key(*name);
    if let Some(unknown) = more.allowed_data_upload_buckets.iter().find(known) {
        bail!("ALLOWED_DATA_UPLOAD_BUCKETS names {unknown}, which is not among S3_BUCKETS");
    }
    config.allowed_data_upload_buckets = more.allowed_data_upload_buckets;
    config.cirrus_cfg = more.cirrus_cfg;
    config.google_workload_identity = more.google_workload_identity;
    config.billing_project_for_signed_urls = more.billing_project_for_signed_urls;
    config.az_blob_credentials = more.az_blob_credentials;
    config.az_blob_container_url = more.az_blob_container_url;
    config.can_start()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use storage::BucketConfig;

    use super::*;

    #[test]
    fn buckets_are_added_to_the_own_one_and_what_is_not_about_them_is_refused() {
        let own = || {
            let mut config =
                fence::Config { base_url: "http://localhost/user".into(), ..fence::Config::default() };
            config
                .s3_buckets
                .insert("own".into(), BucketConfig { cred: "OWN".into(), ..BucketConfig::default() });
            config.aws_credentials.insert("OWN".into(), storage::AwsCredentials::key("a", "b"));
            config.data_upload_bucket = "own".into();
            config
        };
        let theirs = json!({
            "S3_BUCKETS": {"theirs": {"cred": "T", "region": "us-east-1"}},
            "AWS_CREDENTIALS": {"T": {"aws_access_key_id": "c", "aws_secret_access_key": "d"}},
            "ALLOWED_DATA_UPLOAD_BUCKETS": ["theirs"],
        });
        let mut config = own();
        add(&mut config, &theirs).unwrap();
        assert_eq!(config.s3_buckets.keys().collect::<Vec<_>>(), ["own", "theirs"]);
        assert_eq!(config.data_upload_bucket, "own");
        assert_eq!(config.allowed_data_upload_buckets, ["theirs"]);
        add(&mut own(), &Value::Null).unwrap();
        for (wrong, told) in [
            (json!({"BASE_URL": "x"}), "BASE_URL is not about buckets"),
            (json!({"S3_BUCKETS": {"own": {"cred": "*"}}}), "the commons' own"),
            (json!({"AWS_CREDENTIALS": {"OWN": {}}}), "entries of other names"),
            (json!({"ALLOWED_DATA_UPLOAD_BUCKETS": ["x"]}), "not among S3_BUCKETS"),
            (json!({"S3_BUCKETS": {"b": {"cred": "none"}}}), "none"),
            (json!([]), "--buckets"),
        ] {
            let refused = format!("{:#}", add(&mut own(), &wrong).unwrap_err());
            assert!(refused.contains(told), "{wrong}: {refused}");
        }
    }
}
