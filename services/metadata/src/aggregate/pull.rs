//! Pulls studies from the metadata services of other commons.

use std::{error::Error as _, time::Duration};

use indexmap::IndexMap;
use reqwest::{Client, StatusCode, redirect::Policy};
use serde_json::{Map, Value, json, value::RawValue};
use tokio::time::{sleep, timeout};
use url::Url;

use super::{
    config::{AdapterCommons, Gen3Commons},
    storable::can_be_kept,
};

/// Records of a request, unless an adapter says otherwise.
const PAGE: usize = 1000;
/// Most records of a commons.
const MAX_RECORDS: usize = 200_000;
/// Most bytes of the records of a commons, and of one page of them.
const MAX_BYTES: usize = 512 << 20;
const MAX_PAGE: usize = 64 << 20;
/// Most DRS prefixes, most bytes of the list that has them, and of the name of one.
const MAX_PREFIXES: usize = 10_000;
const MAX_LIST: usize = 16 << 20;
const MAX_PREFIX: usize = 200;
const TRIES: u32 = 4;
const CONNECT: Duration = Duration::from_secs(20);
const SILENCE: Duration = Duration::from_secs(120);
/// For one answer, and for all of a commons: one that sends a byte now and then would hold up the others.
const LONGEST_ANSWER: Duration = Duration::from_secs(600);
const LONGEST: Duration = Duration::from_secs(3600);
/// Redirects that are followed.
const REDIRECTS: usize = 3;

/// What a commons said, as it said it. It is taken apart one by one: a record that cannot be read is no
/// reason to do without the others.
pub(super) type Records = IndexMap<String, Box<RawValue>>;

/// Which records are pulled.
struct Pull<'a> {
    guid_type: &'a str,
    page: usize,
    most: Option<usize>,
    further: Vec<(String, String)>,
}

/// A client for all sources. A source may redirect to another path, or from HTTP to HTTPS, but to no other
/// host: it would choose what this machine asks, and what of it is published.
pub(super) fn client() -> Result<Client, reqwest::Error> {
    let policy = Policy::custom(|attempt| {
        let follows = attempt.previous().last().is_some_and(|from| is_same_server(from, attempt.url()));
        if follows && attempt.previous().len() <= REDIRECTS { attempt.follow() } else { attempt.stop() }
    });
    Client::builder()
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .timeout(LONGEST_ANSWER)
        .redirect(policy)
        .user_agent(concat!("commons/", env!("CARGO_PKG_VERSION")))
        .build()
}

fn is_same_server(from: &Url, to: &Url) -> bool {
    let is_usual = |url: &Url| url.port().is_none();
    let becomes_secure = (from.scheme(), to.scheme()) == ("http", "https") && is_usual(from) && is_usual(to);
    from.origin() == to.origin() || (becomes_secure && from.host() == to.host())
}

pub(super) async fn of_gen3(client: &Client, commons: &Gen3Commons) -> Result<Records, String> {
    let pull = Pull { guid_type: &commons.guid_type, page: PAGE, most: None, further: Vec::new() };
    in_time(pulled(client, &commons.mds_url, &pull)).await
}

pub(super) async fn of_adapter(client: &Client, commons: &AdapterCommons) -> Result<Records, String> {
    let config = &commons.config;
    let guid_type = config.guid_type.as_deref().unwrap_or("discovery_metadata");
    let mut further: Vec<(String, String)> =
        url::form_urlencoded::parse(config.filters.as_deref().unwrap_or_default().as_bytes())
            .into_owned()
            .collect();
    if let (Some(name), Some(value)) = (&config.field_name, &config.field_value) {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        further.push((format!("{guid_type}.{name}"), value));
    }
    let page = config.batch_size.unwrap_or(PAGE).clamp(1, 2000);
    let pull = Pull { guid_type, page, most: config.max_items, further };
    in_time(pulled(client, &commons.mds_url, &pull)).await
}

async fn in_time<T>(work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    timeout(LONGEST, work).await.unwrap_or_else(|_| Err("it takes more than an hour".to_owned()))
}

/// All pages. A page that cannot be had is a failure of the whole: half of the studies would look like all of
/// them.
async fn pulled(client: &Client, base: &str, pull: &Pull<'_>) -> Result<Records, String> {
    let most = pull.most.unwrap_or(MAX_RECORDS).min(MAX_RECORDS);
    let (mut records, mut bytes, mut offset) = (Records::new(), 0, 0);
    loop {
        let limit = pull.page.min(most - records.len().min(most));
        if limit == 0 {
            return match pull.most {
                Some(_) => Ok(records),
                None => Err(format!("it has more than {MAX_RECORDS} studies")),
            };
        }
        let mut url = at(base, "/mds/metadata")?;
        url.query_pairs_mut()
            .append_pair("data", "True")
            .append_pair("_guid_type", pull.guid_type)
            .append_pair("limit", &limit.to_string())
            .append_pair("offset", &offset.to_string())
            .extend_pairs(&pull.further);
        let body = body(client, &url, MAX_PAGE.min(MAX_BYTES - bytes)).await?;
        bytes += body.len();
        let page: Records = serde_json::from_slice(&body)
            .map_err(|error| format!("its answer is not understood: {error}"))?;
        let got = page.len();
        let before = records.len();
        records.extend(page);
        // A service that ignores the offset would be asked for ever.
        if got < limit || records.len() == before {
            return Ok(records);
        }
        offset += got;
    }
}

/// Who has which DRS prefix, by the list of others that an index has: prefix to host, name and type.
pub(super) async fn prefixes(client: &Client, index: &str) -> Result<Map<String, Value>, String> {
    let url = at(index, "/index/_dist")?;
    let said: Vec<Value> = serde_json::from_slice(&body(client, &url, MAX_LIST).await?)
        .map_err(|error| format!("its answer is not understood: {error}"))?;
    let prefixes = prefixes_of(&said);
    if prefixes.len() > MAX_PREFIXES {
        return Err(format!("it has more than {MAX_PREFIXES} prefixes"));
    }
    Ok(prefixes)
}

fn prefixes_of(said: &[Value]) -> Map<String, Value> {
    let mut prefixes = Map::new();
    for one in said.iter().filter(|one| one["type"] == "indexd" && can_be_kept(one)) {
        let host = host_of(one["host"].as_str().unwrap_or_default());
        for hint in one["hints"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            let prefix = hint.replace("\\.", ".").replace(".*", "");
            if !prefix.is_empty() && prefix.len() <= MAX_PREFIX {
                let name = one["name"].as_str().unwrap_or_default();
                prefixes.insert(prefix, json!({ "host": host, "name": name, "type": "indexd" }));
            }
        }
    }
    prefixes
}

/// `https://a.example/index/` is at `a.example`.
fn host_of(address: &str) -> String {
    let bare = address.split_once("://").map_or(address, |(_, rest)| rest);
    bare.split('/').next().unwrap_or_default().to_owned()
}

fn at(base: &str, path: &str) -> Result<Url, String> {
    Url::parse(&format!("{}{path}", base.trim_end_matches('/')))
        .map_err(|_| format!("{base:?} is not the address of a server"))
}

/// The body of a GET, which is tried again where that may help.
async fn body(client: &Client, url: &Url, most: usize) -> Result<Vec<u8>, String> {
    let mut tried = 0;
    loop {
        match once(client, url, most).await {
            Ok(body) => return Ok(body),
            Err((reason, may_pass)) if !may_pass || tried + 1 == TRIES => return Err(reason),
            Err(_) => {
                sleep(Duration::from_millis(500) * (1 << tried)).await;
                tried += 1;
            }
        }
    }
}

async fn once(client: &Client, url: &Url, most: usize) -> Result<Vec<u8>, (String, bool)> {
    let broken = |error: reqwest::Error| {
        let error = error.without_url();
        let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
        (format!("it does not answer: {error}{cause}"), true)
    };
    let mut answer = client.get(url.clone()).send().await.map_err(broken)?;
    let status = answer.status();
    if status.is_redirection() {
        return Err((
            format!("it answers {status}, to another server; name that one in the configuration"),
            false,
        ));
    }
    if !status.is_success() {
        let may_pass = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        return Err((format!("it answers {status}"), may_pass));
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await.map_err(broken)? {
        if body.len() + piece.len() > most {
            return Err((format!("an answer has more than {most} bytes"), false));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_bare() {
        assert_eq!(host_of("https://a.example/index/"), "a.example");
        assert_eq!(host_of("http://a.example:8080/ga4gh/drs/v1/objects"), "a.example:8080");
    }

    #[test]
    fn a_redirect_stays_at_its_server() {
        for (from, to, stays) in [
            ("https://a.example/x", "https://a.example/y", true),
            ("http://a.example/x", "https://a.example/x", true),
            ("https://a.example/x", "http://a.example/x", false),
            ("https://a.example/x", "https://b.example/x", false),
            ("https://a.example/x", "https://a.example:8443/x", false),
            ("http://a.example:8080/x", "https://a.example/x", false),
            ("https://a.example/x", "http://169.254.169.254/latest", false),
        ] {
            let read = |text: &str| Url::parse(text).unwrap();
            assert_eq!(is_same_server(&read(from), &read(to)), stays, "{from} {to}");
        }
    }

    #[test]
    fn prefixes_that_cannot_be_kept_are_left_out() {
        let long = "x".repeat(MAX_PREFIX + 1);
        let said = json!([
            {"host": "https://a/", "name": "A", "type": "indexd", "hints": [".*dg\\.1.*", ".*", long, 1]},
            {"host": "https://b/", "name": "B\u{0}", "type": "indexd", "hints": ["dg.2"]},
            {"host": "https://c/", "name": "C", "type": "doi", "hints": ["10\\..*"]},
        ]);
        let found = prefixes_of(said.as_array().unwrap());
        assert_eq!(
            found,
            Map::from_iter([("dg.1".to_owned(), json!({"host": "a", "name": "A", "type": "indexd"}))])
        );
    }
}
