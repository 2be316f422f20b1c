//! The public API, as a submitter's program uses it.

use std::{fs, path::Path, time::Duration};

use anyhow::{Context as _, bail};
use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

const TIMEOUT: Duration = Duration::from_secs(120);
/// How long the commons may take to read an uploaded file and fill its index record.
const INDEXING_TIMEOUT: Duration = Duration::from_secs(60);
const INDEXING_PAUSE: Duration = Duration::from_millis(100);

/// A logged-in submitter.
pub(crate) struct Api {
    base: String,
    token: String,
    client: Client,
}

impl Api {
    /// Logs in with an API key file.
    pub(crate) async fn log_in(base: &str, api_key_file: &Path) -> anyhow::Result<Self> {
        let client = Client::builder().no_proxy().timeout(TIMEOUT).build()?;
        let key: Value = serde_json::from_str(&fs::read_to_string(api_key_file)?)?;
        let base = base.trim_end_matches('/').to_owned();
        let request = client.post(format!("{base}/user/credentials/api/access_token")).json(&key);
        let answer = answer(request).await?;
        let token = answer.get("access_token").and_then(Value::as_str).context("the login gave no token")?;
        Ok(Self { token: token.to_owned(), base, client })
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn call(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        answer(request.bearer_auth(&self.token)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        self.call(self.client.put(self.url(path)).json(body)).await
    }

    /// Links of the program's projects; none if there is no such program.
    pub(crate) async fn projects(&self, program: &str) -> anyhow::Result<Vec<String>> {
        let programs = self.call(self.client.get(self.url("/api/v0/submission/"))).await?;
        if !links(&programs).iter().any(|link| link.ends_with(&format!("/{program}"))) {
            return Ok(Vec::new());
        }
        Ok(links(&self.call(self.client.get(self.url(&format!("/api/v0/submission/{program}")))).await?))
    }

    pub(crate) async fn submit(&self, program: &str, project: &str, records: &[Value]) -> anyhow::Result<()> {
        let path = format!("/api/v0/submission/{program}/{project}");
        self.put(&path, &Value::from(records.to_vec())).await.map(drop)
    }

    pub(crate) async fn query(&self, query: &str) -> anyhow::Result<Value> {
        let url = self.url("/api/v0/submission/graphql");
        self.call(self.client.post(url).json(&json!({ "query": query }))).await
    }

    /// Uploads a file by a signed URL and waits until its size and hash are in the index. Returns its GUID.
    pub(crate) async fn upload(&self, name: &str, bytes: Vec<u8>) -> anyhow::Result<String> {
        let url = self.url("/user/data/upload");
        let made = self.call(self.client.post(url).json(&json!({ "file_name": name }))).await?;
        let text = |key: &str| made.get(key).and_then(Value::as_str).context("the upload was not prepared");
        let (guid, signed) = (text("guid")?.to_owned(), text("url")?);
        let put = self.client.put(signed).body(bytes).send().await.map_err(reqwest::Error::without_url)?;
        put.error_for_status().map_err(reqwest::Error::without_url).context("the store refused the file")?;
        let waiting = async {
            loop {
                let record = self.call(self.client.get(self.url(&format!("/index/index/{guid}")))).await?;
                if record.get("size").is_some_and(Value::is_number) {
                    return Ok::<_, anyhow::Error>(());
                }
                tokio::time::sleep(INDEXING_PAUSE).await;
            }
        };
        tokio::time::timeout(INDEXING_TIMEOUT, waiting)
            .await
            .context("an uploaded file was not indexed in time")??;
        Ok(guid)
    }
}

fn links(body: &Value) -> Vec<String> {
    let links = body.get("links").and_then(Value::as_array).into_iter().flatten();
    links.filter_map(Value::as_str).map(str::to_owned).collect()
}

async fn answer(request: RequestBuilder) -> anyhow::Result<Value> {
    let response = request.send().await?;
    let (status, url) = (response.status(), response.url().path().to_owned());
    let body = response.text().await?;
    if !status.is_success() {
        let start: String = body.chars().take(500).collect();
        bail!("{url} answered {status}: {start}");
    }
    Ok(serde_json::from_str(&body)?)
}
