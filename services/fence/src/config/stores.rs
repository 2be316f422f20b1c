//! The object stores that the settings name.

use std::{fs, path::Path};

use storage::{AzureStore, GoogleCredentials, GoogleStore, S3Store, Stores};

use super::{
    clouds::{CirrusConfig, ConnectionString},
    error::ConfigError,
    settings::Config,
};

/// `AZ_BLOB_CREDENTIALS` that say that nothing is signed.
const PUBLIC: &str = "*";

impl Config {
    /// The stores of all kinds, as [`crate::Fence::build`] takes them. `http` asks Google for signatures. A
    /// key file of Google that is not there is told, loudly: the delivered configuration may name one.
    ///
    /// # Errors
    /// For a bucket that cannot work, a file that is no key, and a connection string that is none.
    pub fn stores(&self, http: &reqwest::Client) -> Result<Stores, ConfigError> {
        Ok(Stores::new(S3Store::new(self.buckets()?), self.google(http)?, self.azure()?))
    }

    fn google(&self, http: &reqwest::Client) -> Result<Option<GoogleStore>, ConfigError> {
        let CirrusConfig { google_storage_creds, google_application_credentials } = &self.cirrus_cfg;
        let files = [google_storage_creds, google_application_credentials];
        let Some(file) = files.into_iter().find(|file| !file.is_empty()) else {
            let identity = self.google_workload_identity.is_on().then_some(GoogleCredentials::Found);
            let store = identity.map(|credentials| GoogleStore::new(credentials, None, http));
            return store.transpose().map_err(|error| wrong_key("GOOGLE_WORKLOAD_IDENTITY", error));
        };
        match fs::read_to_string(file) {
            Ok(text) => match GoogleStore::new(GoogleCredentials::KeyFile(&text), None, http) {
                Ok(store) => Ok(Some(store)),
                Err(error) => Err(wrong_key(file, error)),
            },
            Err(error) => {
                tracing::warn!(
                    file,
                    error = &error as &dyn std::error::Error,
                    "URLs of Google's buckets are not signed: the key file of CIRRUS_CFG cannot be read"
                );
                Ok(None)
            }
        }
    }

    /// Whether buckets at Google are opened by an identity, or by a key file that is there.
    pub(crate) fn opens_google(&self) -> bool {
        let CirrusConfig { google_storage_creds, google_application_credentials } = &self.cirrus_cfg;
        let file =
            [google_storage_creds, google_application_credentials].into_iter().find(|file| !file.is_empty());
        file.map_or(self.google_workload_identity.is_on(), |file| Path::new(file).exists())
    }

    /// The account at Azure whose containers are opened.
    pub(crate) fn azure_account(&self) -> Option<String> {
        self.azure().ok()??.account().map(str::to_owned)
    }

    fn azure(&self) -> Result<Option<AzureStore>, ConfigError> {
        let text = self.az_blob_credentials.as_ref().map(ConnectionString::as_str).unwrap_or_default();
        Ok(match text {
            "" => None,
            PUBLIC => Some(AzureStore::public()),
            text => Some(AzureStore::from_connection_string(text).map_err(ConfigError::AzureKey)?),
        })
    }
}

fn wrong_key(file: &str, error: storage::GoogleKeyError) -> ConfigError {
    ConfigError::GoogleKey { file: file.to_owned(), error }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_read_from_files_and_connection_strings() {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let http = reqwest::Client::new();
        let config = |document| Config::from_document(&document).unwrap();
        let google = |document| config(document).google(&http);
        let azure = |document| config(document).azure();
        assert!(google(json!({})).unwrap().is_none() && azure(json!({})).unwrap().is_none());
        let placeholders = json!({"CIRRUS_CFG": {"GOOGLE_STORAGE_CREDS": ""}, "AZ_BLOB_CREDENTIALS": "*"});
        assert!(google(placeholders.clone()).unwrap().is_none() && azure(placeholders).unwrap().is_some());
        let gone = json!({"CIRRUS_CFG": {"GOOGLE_STORAGE_CREDS": "/nowhere/key.json"}});
        assert!(google(gone).unwrap().is_none());
        assert!(google(json!({"GOOGLE_WORKLOAD_IDENTITY": true})).unwrap().is_some());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("key.json");
        std::fs::write(&file, "{}").unwrap();
        let wrong = json!({"CIRRUS_CFG": {"GOOGLE_APPLICATION_CREDENTIALS": file}});
        assert!(matches!(google(wrong), Err(ConfigError::GoogleKey { .. })));
        let key = json!({"AZ_BLOB_CREDENTIALS": "AccountName=a;AccountKey=c2VjcmV0"});
        assert!(azure(key).unwrap().is_some());
        let wrong = config(json!({"AZ_BLOB_CREDENTIALS": "AccountName=a;Accountkee=s3cret"}));
        let error = wrong.azure().unwrap_err().to_string();
        assert!(error.contains("AZ_BLOB_CREDENTIALS") && !error.contains("s3cret"), "{error}");
    }
}
