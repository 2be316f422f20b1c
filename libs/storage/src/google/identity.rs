//! Signatures by the account of the machine or the pod, which has no key here: Google makes them.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use object_store::gcp::GoogleCloudStorage;
use serde::Deserialize;
use serde_json::json;

use crate::StorageError;

const IAM: &str = "https://iamcredentials.googleapis.com";
const TIMEOUT: Duration = Duration::from_secs(20);

/// The account, and who asks for its signatures.
pub(super) struct Identity {
    http: reqwest::Client,
    iam: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signed {
    signed_blob: String,
}

impl Identity {
    pub(super) fn new(http: reqwest::Client) -> Self {
        Self { http, iam: IAM.to_owned() }
    }

    /// The account's e-mail address.
    ///
    /// # Errors
    /// When there is none.
    pub(super) async fn account(&self, store: &GoogleCloudStorage) -> Result<String, StorageError> {
        let found = store.signing_credentials().get_credential().await;
        Ok(found.map_err(without)?.email.clone())
    }

    /// The signature of a text, in hexadecimal digits.
    ///
    /// # Errors
    /// When Google does not make it.
    pub(super) async fn signature(
        &self,
        store: &GoogleCloudStorage,
        text: &str,
    ) -> Result<String, StorageError> {
        let account = self.account(store).await?;
        let token = store.credentials().get_credential().await.map_err(without)?;
        self.sign(&account, &token.bearer, text).await
    }

    async fn sign(&self, account: &str, token: &str, text: &str) -> Result<String, StorageError> {
        let url = format!("{}/v1/projects/-/serviceAccounts/{account}:signBlob", self.iam);
        let unavailable = |error: reqwest::Error| StorageError::Unavailable(error.without_url().to_string());
        let asked = self.http.post(url).timeout(TIMEOUT).bearer_auth(token);
        let answer = asked.json(&json!({ "payload": STANDARD.encode(text) })).send().await;
        let answer = answer.map_err(unavailable)?;
        let status = answer.status().as_u16();
        if status != 200 {
            let code = "signBlob: the account needs iam.serviceAccounts.signBlob on itself".to_owned();
            return Err(StorageError::Refused { status, code });
        }
        let Signed { signed_blob } = answer.json().await.map_err(unavailable)?;
        let signature = STANDARD.decode(signed_blob);
        let signature = signature.map_err(|_| StorageError::Unavailable("signBlob gave no base64".into()))?;
        Ok(hex::encode(signature))
    }
}

fn without(error: object_store::Error) -> StorageError {
    StorageError::Credentials { bucket: "at Google".to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    /// Answers once, and tells what it was asked.
    async fn asked(answer: &'static str) -> (String, String, Result<String, StorageError>) {
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let iam = format!("http://{}", listener.local_addr().unwrap());
        let identity = Identity { http: reqwest::Client::builder().no_proxy().build().unwrap(), iam };
        let serve = async {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut request = Vec::new();
            while !request.ends_with(b"}") {
                socket.read_buf(&mut request).await.unwrap();
            }
            socket.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8(request).unwrap()
        };
        let (request, signed) = tokio::join!(serve, identity.sign("a@p.example", "a token", "text"));
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        (head.to_owned(), body.to_owned(), signed)
    }

    #[tokio::test]
    async fn google_signs_for_an_account_whose_key_is_not_here() {
        let answer =
            "HTTP/1.1 200 OK\r\nContent-Length: 38\r\n\r\n{\"keyId\": \"k\", \"signedBlob\": \"AAH/\"}   ";
        let (head, body, signed) = asked(answer).await;
        assert!(head.starts_with("POST /v1/projects/-/serviceAccounts/a@p.example:signBlob "), "{head}");
        assert!(head.contains("Bearer a token"), "{head}");
        assert_eq!(body, r#"{"payload":"dGV4dA=="}"#);
        assert_eq!(signed.unwrap(), "0001ff");
    }

    #[tokio::test]
    async fn an_account_that_may_not_sign_is_told_what_it_lacks() {
        let (_, _, signed) = asked("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n").await;
        assert!(signed.unwrap_err().to_string().contains("iam.serviceAccounts.signBlob"));
    }
}
