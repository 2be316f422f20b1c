//! Calls to other systems that follow a status.

use std::{error::Error as StdError, time::Duration};

use reqwest::Method;
use serde::Deserialize;

use crate::{
    config::{Call, Credentials},
    model::StoredRequest,
    service::Requestor,
};

type BoxError = Box<dyn StdError + Send + Sync>;

const TIMEOUT: Duration = Duration::from_secs(10);
/// How long it is waited before the second attempt; before each other one twice as long as before the last.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

#[derive(Deserialize)]
struct Token {
    access_token: String,
}

impl Requestor {
    /// Tells another system of `request`, by so many attempts as the operator wants.
    pub(crate) async fn call(&self, call: &Call, request: &StoredRequest) -> Result<(), BoxError> {
        let mut pause = FIRST_PAUSE;
        for _ in 1..self.config.default_max_retries.max(1) {
            if self.call_once(call, request).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
            pause *= 2;
        }
        self.call_once(call, request).await
    }

    async fn call_once(&self, call: &Call, request: &StoredRequest) -> Result<(), BoxError> {
        let form: Vec<(&str, String)> = call
            .form
            .iter()
            .filter_map(|field| Some((field.name.as_str(), request.field(&field.param)?)))
            .collect();
        let method: Method = call.method.to_uppercase().parse()?;
        let mut sent = self.client.request(method, call.url.clone()).timeout(TIMEOUT);
        if !form.is_empty() {
            sent = sent.form(&form);
        }
        if let Some(credentials) = call.creds.as_ref().and_then(|name| self.config.credentials.get(name)) {
            sent = sent.bearer_auth(self.token(credentials).await?);
        }
        sent.send().await?.error_for_status().map_err(reqwest::Error::without_url)?;
        Ok(())
    }

    /// A fresh access token.
    async fn token(&self, credentials: &Credentials) -> Result<String, BoxError> {
        let client = &credentials.config;
        let form = [("grant_type", "client_credentials"), ("scope", client.scope.as_str())];
        let request = self.client.post(client.url.clone()).timeout(TIMEOUT).form(&form);
        let answer = request.basic_auth(&client.client_id, Some(&client.client_secret)).send().await?;
        let token: Token = answer.error_for_status()?.json().await?;
        Ok(token.access_token)
    }
}
