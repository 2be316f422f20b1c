//! Azure, as the emulator that Microsoft makes (the npm package `azurite`) sees it.

use aws_lc_rs::hmac;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use chrono::Utc;
use storage::{AzureStore, Bucket};

use crate::{conformance::Candidate, servers};

/// The emulator's account and key, which are the same everywhere.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";
const VERSION: &str = "2021-12-02";

/// Makes a container, by the account's own key.
async fn make(address: &str, container: &str) {
    let date = Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string();
    let resource = format!("/{ACCOUNT}/{ACCOUNT}/{container}\nrestype:container");
    let headers = format!("x-ms-date:{date}\nx-ms-version:{VERSION}\n");
    let text = format!("PUT{}{headers}{resource}", "\n".repeat(12));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &STANDARD.decode(KEY).unwrap());
    let signature = STANDARD.encode(hmac::sign(&key, text.as_bytes()));
    let made = crate::http()
        .put(format!("http://{address}/{ACCOUNT}/{container}?restype=container"))
        .header("x-ms-date", date)
        .header("x-ms-version", VERSION)
        .header("authorization", format!("SharedKey {ACCOUNT}:{signature}"))
        .header("content-length", "0")
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201, "{}", made.text().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn azurite_does_what_a_store_has_to_do() {
    let Some(server) = servers::azurite() else { return };
    make(&server.address, "box").await;
    let endpoint = format!("http://{}/{ACCOUNT}", server.address);
    let text = format!("AccountName={ACCOUNT};AccountKey={KEY};BlobEndpoint={endpoint}");
    let store = AzureStore::from_connection_string(&text).unwrap();
    Candidate {
        store: &store,
        bucket: Bucket::azure(&format!("{ACCOUNT}.blob.core.windows.net"), "box"),
        put_headers: &[("x-ms-blob-type", "BlockBlob")],
        checks_signatures: true,
        extra: &[],
        odd_keys: &[],
        knows_uploads: false,
        lists_parts: true,
    }
    .examine()
    .await;
}
