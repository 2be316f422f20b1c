//! indexd in another process, over its HTTP API.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, header::AUTHORIZATION};
use serde_json::{Map, Value, json};
use tracecontext::Traced as _;

use crate::{
    Caller, Ending, Holders, IndexClient, IndexError, NewRecord, Record, RecordPatch, Revision, Written,
};

const TIMEOUT: Duration = Duration::from_secs(60);
/// indexd has no bulk form for these calls, so this many go at once.
const IN_FLIGHT: usize = 8;
/// indexd mints at most this many GUIDs at once.
const MOST_MINTED: usize = 10_000;
/// indexd answers for at most this many locations at once.
const LOCATIONS_AT_ONCE: usize = 1000;
/// GUIDs keep their slashes; everything with a meaning in a URL is escaped.
const GUID: &AsciiSet = &CONTROLS.add(b' ').add(b'?').add(b'#').add(b'%').add(b'"').add(b'<').add(b'>');

/// indexd at a base URL such as `http://indexd-service`, with the service's own basic login.
#[derive(Clone)]
pub struct HttpIndex {
    base: String,
    user: String,
    password: String,
    client: reqwest::Client,
}

impl std::fmt::Debug for HttpIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpIndex")
            .field("base", &self.base)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl HttpIndex {
    /// Asks the indexd at `base`; writes of [`Caller::Service`] log in with `user` and `password`.
    pub fn new(base: &str, user: &str, password: &str, client: reqwest::Client) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        Self { base, user: user.to_owned(), password: password.to_owned(), client }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.base)).timeout(TIMEOUT)
    }

    fn as_caller(&self, request: RequestBuilder, caller: &Caller) -> RequestBuilder {
        match caller {
            Caller::Service => request.basic_auth(&self.user, Some(&self.password)),
            Caller::Bearer(token) => request.bearer_auth(token),
            Caller::Header(Some(header)) => request.header(AUTHORIZATION, header),
            Caller::Header(None) => request,
        }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, IndexError> {
        let unavailable = |error: reqwest::Error| IndexError::Unavailable(error.without_url().to_string());
        let response = request.traced().send().await.map_err(unavailable)?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(unavailable)?;
        let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
        let detail = body.get("error").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
        match status {
            200..=299 => Ok(body),
            400 => Err(IndexError::BadRequest(detail)),
            401 | 403 => Err(IndexError::Refused { status, detail }),
            404 => Err(IndexError::NotFound(detail)),
            409 => Err(IndexError::Conflict(detail)),
            _ => Err(IndexError::Unavailable(format!("status {status}"))),
        }
    }

    async fn revision(&self, request: RequestBuilder) -> Result<Revision, IndexError> {
        parse(self.send(request).await?)
    }
}

fn parse<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, IndexError> {
    serde_json::from_value(body)
        .map_err(|error| IndexError::Unavailable(format!("unexpected answer: {error}")))
}

/// A line of indexd's bulk route.
fn upsert_line(record: &Map<String, Value>) -> String {
    format!("{}\n", json!({ "op": "upsert", "record": record }))
}

/// What the lines of its answer say of `count` records; `None` unless each has a line.
fn written(answer: &[u8], count: usize) -> Option<Vec<Written>> {
    let mut found = vec![None; count];
    for line in answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let line: Value = serde_json::from_slice(line).ok()?;
        let Some(number) = line.get("line").and_then(Value::as_u64) else { continue };
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        *found.get_mut(place)? = Some(written_line(&line));
    }
    found.into_iter().collect()
}

fn written_line(line: &Value) -> Written {
    let status = line.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    match (line.get("result").and_then(Value::as_str), status) {
        (Some("created"), _) => Written::Created,
        (Some("updated"), _) => Written::Updated,
        (Some("unchanged"), _) => Written::Unchanged,
        (_, Some(424)) => Written::Left,
        (_, status) => {
            let detail = line.get("error").and_then(Value::as_str).unwrap_or("no reason given").to_owned();
            Written::Refused { status: status.unwrap_or(502), detail }
        }
    }
}

fn path_of(guid: &str) -> String {
    utf8_percent_encode(guid, GUID).to_string()
}

#[async_trait]
impl IndexClient for HttpIndex {
    async fn get(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        match self.send(self.request(Method::GET, &format!("/{}", path_of(guid)))).await {
            // A bundle or a legacy alias is not a record: it has no did.
            Ok(body) => {
                parse(body).map(|record: Record| Some(record).filter(|record| !record.did.is_empty()))
            }
            Err(IndexError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn latest(&self, guid: &str) -> Result<Option<Record>, IndexError> {
        match self.send(self.request(Method::GET, &format!("/index/{}/latest", path_of(guid)))).await {
            Ok(body) => parse(body).map(Some),
            Err(IndexError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn get_many(&self, dids: &[String]) -> Result<Vec<Record>, IndexError> {
        if dids.is_empty() {
            return Ok(Vec::new());
        }
        parse(self.send(self.request(Method::POST, "/bulk/documents").json(dids)).await?)
    }

    async fn list(
        &self,
        query: &[(String, String)],
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Record>, IndexError> {
        let mut query = query.to_vec();
        query.push(("limit".to_owned(), most.to_string()));
        query.extend(after.map(|after| ("start".to_owned(), after.to_owned())));
        let body = self.send(self.request(Method::GET, "/index").query(&query)).await?;
        parse(body.get("records").cloned().unwrap_or_else(|| json!([])))
    }

    async fn bundle(&self, id: &str) -> Result<Option<Vec<String>>, IndexError> {
        let request = self.request(Method::GET, &format!("/bundle/{}", path_of(id)));
        match self.send(request.query(&[("expand", "true")])).await {
            Ok(body) => Ok(Some(crate::members(&body["contents"]))),
            Err(IndexError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn holders(&self, urls: &[String]) -> Result<Vec<Holders>, IndexError> {
        let mut holders = Vec::with_capacity(urls.len());
        for some in urls.chunks(LOCATIONS_AT_ONCE) {
            let request = self.request(Method::POST, "/bulk/locations").json(some);
            let answered: Vec<Holders> = parse(self.send(request).await?)?;
            if answered.len() != some.len() {
                return Err(IndexError::Unavailable("not one answer for each location".into()));
            }
            holders.extend(answered);
        }
        Ok(holders)
    }

    async fn find_by_md5_and_size(&self, files: &[(String, i64)]) -> Result<Vec<Option<Record>>, IndexError> {
        let find = async |(md5, size): &(String, i64)| {
            let query = [("hash", format!("md5:{md5}")), ("size", size.to_string()), ("limit", "1".into())];
            let body = self.send(self.request(Method::GET, "/index").query(&query)).await?;
            let records: Vec<Record> = parse(body.get("records").cloned().unwrap_or_else(|| json!([])))?;
            Ok(records.into_iter().next())
        };
        stream::iter(files.iter().map(find)).buffered(IN_FLIGHT).try_collect().await
    }

    async fn mint(&self, count: usize) -> Result<Vec<String>, IndexError> {
        let mut guids = Vec::with_capacity(count);
        while guids.len() < count {
            let query = [("count", (count - guids.len()).min(MOST_MINTED))];
            let body = match self.send(self.request(Method::GET, "/guid/mint").query(&query)).await {
                Ok(body) => body,
                // Old releases of indexd mint none, and give no prefix either.
                Err(IndexError::NotFound(_)) => {
                    guids.resize_with(count, || uuid::Uuid::new_v4().to_string());
                    break;
                }
                Err(error) => return Err(error),
            };
            let minted: Vec<String> = parse(body.get("guids").cloned().unwrap_or_else(|| json!([])))?;
            if minted.is_empty() {
                return Err(IndexError::Unavailable("no GUIDs were minted".to_owned()));
            }
            guids.extend(minted);
        }
        guids.truncate(count);
        Ok(guids)
    }

    async fn create(&self, caller: &Caller, records: &[NewRecord]) -> Result<Vec<Revision>, IndexError> {
        let create = async |record: &NewRecord| {
            self.revision(self.as_caller(self.request(Method::POST, "/index"), caller).json(record)).await
        };
        stream::iter(records.iter().map(create)).buffered(IN_FLIGHT).try_collect().await
    }

    async fn upsert_all(
        &self,
        user: &str,
        records: &[Map<String, Value>],
        ending: Ending,
    ) -> Result<Vec<Written>, IndexError> {
        if records.is_empty() {
            return Ok(Vec::new());
        }
        let dry_run = if ending == Ending::Undo { "true" } else { "false" };
        let query = [("mode", "all"), ("dry_run", dry_run), ("user", user)];
        let body: String = records.iter().map(upsert_line).collect();
        let request = self.request(Method::POST, "/bulk/records").query(&query).body(body);
        let unavailable = |error: reqwest::Error| IndexError::Unavailable(error.without_url().to_string());
        let response =
            self.as_caller(request, &Caller::Service).traced().send().await.map_err(unavailable)?;
        let status = response.status().as_u16();
        let text = response.bytes().await.map_err(unavailable)?;
        written(&text, records.len())
            .ok_or_else(|| IndexError::Unavailable(format!("status {status} without a line for each record")))
    }

    async fn create_blank(
        &self,
        caller: &Caller,
        uploader: Option<&str>,
        file_name: &str,
        authz: Option<&[String]>,
    ) -> Result<Revision, IndexError> {
        let mut body = json!({ "uploader": uploader, "file_name": file_name });
        if let Some(authz) = authz {
            body["authz"] = json!(authz);
        }
        self.revision(self.as_caller(self.request(Method::POST, "/index/blank"), caller).json(&body)).await
    }

    async fn create_blank_version(
        &self,
        caller: &Caller,
        did: &str,
        file_name: &str,
        authz: &[String],
    ) -> Result<Revision, IndexError> {
        let body = json!({ "file_name": file_name, "authz": authz });
        let path = format!("/index/blank/{}", path_of(did));
        self.revision(self.as_caller(self.request(Method::POST, &path), caller).json(&body)).await
    }

    async fn fill_blank(
        &self,
        caller: &Caller,
        revision: &Revision,
        size: i64,
        hashes: &[(String, String)],
        urls: &[String],
    ) -> Result<Revision, IndexError> {
        let hashes: serde_json::Map<String, Value> =
            hashes.iter().map(|(kind, value)| (kind.clone(), json!(value))).collect();
        let path = format!("/index/blank/{}", path_of(&revision.did));
        let request = self.request(Method::PUT, &path).query(&[("rev", &revision.rev)]);
        let body = json!({ "size": size, "hashes": hashes, "urls": urls });
        self.revision(self.as_caller(request, caller).json(&body)).await
    }

    async fn update(
        &self,
        caller: &Caller,
        revision: &Revision,
        patch: &RecordPatch,
    ) -> Result<Revision, IndexError> {
        let path = format!("/index/{}", path_of(&revision.did));
        let request = self.request(Method::PUT, &path).query(&[("rev", &revision.rev)]);
        self.revision(self.as_caller(request, caller).json(patch)).await
    }

    async fn add_aliases(&self, caller: &Caller, aliases: &[(String, String)]) -> Result<(), IndexError> {
        let add = async |(did, alias): &(String, String)| {
            let path = format!("/index/{}/aliases", path_of(did));
            let body = json!({ "aliases": [{ "value": alias }] });
            match self.send(self.as_caller(self.request(Method::POST, &path), caller).json(&body)).await {
                Ok(_) | Err(IndexError::Conflict(_)) => Ok(()),
                Err(error) => Err(error),
            }
        };
        stream::iter(aliases.iter().map(add)).buffered(IN_FLIGHT).try_collect().await
    }

    async fn claim_aliases(&self, caller: &Caller, did: &str, names: &[String]) -> Result<(), IndexError> {
        let aliases: Vec<Value> = names.iter().map(|name| json!({ "value": name })).collect();
        let request = self.request(Method::POST, &format!("/index/{}/aliases", path_of(did)));
        self.send(self.as_caller(request, caller).json(&json!({ "aliases": aliases }))).await.map(|_| ())
    }

    async fn delete(&self, caller: &Caller, revision: &Revision) -> Result<(), IndexError> {
        let path = format!("/index/{}", path_of(&revision.did));
        let request = self.request(Method::DELETE, &path).query(&[("rev", &revision.rev)]);
        self.send(self.as_caller(request, caller)).await.map(|_| ())
    }
}
