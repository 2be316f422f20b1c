//! The form of the route table on disk: TOML, every key and value checked.

use std::{collections::HashMap, time::Duration};

use actix_web::http::{
    Method,
    header::{HeaderName, HeaderValue},
};
use regex::Regex;
use serde::Deserialize;

use super::row::{Pattern, Rewrite, Row, Triple};

/// Body limit of rows that name none: 5 GiB.
const DEFAULT_BODY_LIMIT: u64 = 5 * 1024 * 1024 * 1024;
/// Answer time of rows that name none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(400);

/// Why a route file is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// The text is not TOML, or has a key or value that no row has.
    #[error("the route table cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A row contradicts itself; the message says which and why.
    #[error("route {row}: {reason}")]
    Row {
        /// The row's path.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTable {
    #[serde(default)]
    instance: Vec<RawInstance>,
    #[serde(default)]
    route: Vec<RawRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawInstance {
    name: String,
    of: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRow {
    exact: Option<String>,
    prefix: Option<String>,
    regex: Option<String>,
    service: Option<String>,
    strip: Option<String>,
    upstream: Option<String>,
    #[serde(default)]
    query: Vec<String>,
    #[serde(default = "yes")]
    csrf: bool,
    csrf_message: Option<String>,
    #[serde(default)]
    methods: Vec<String>,
    #[serde(default)]
    deny: bool,
    authz: Option<Triple>,
    login: Option<String>,
    body_limit: Option<u64>,
    timeout: Option<u64>,
    #[serde(default)]
    headers: HashMap<String, String>,
    denied_page: Option<String>,
    #[serde(default)]
    own_errors: bool,
    #[serde(default)]
    pages: bool,
}

fn yes() -> bool {
    true
}

/// What a route file says.
pub(super) struct Content {
    pub(super) rows: Vec<Row>,
    pub(super) instances: HashMap<String, String>,
}

/// # Errors
/// When the text is not TOML, has unknown keys, or a row is contradictory.
pub(super) fn parse(text: &str) -> Result<Content, TableError> {
    let raw: RawTable = toml::from_str(text)?;
    let instances = raw.instance.into_iter().map(|instance| (instance.name, instance.of)).collect();
    let rows = raw.route.into_iter().map(row).collect::<Result<_, _>>()?;
    Ok(Content { rows, instances })
}

fn row(raw: RawRow) -> Result<Row, TableError> {
    let name = raw.exact.as_ref().or(raw.prefix.as_ref()).or(raw.regex.as_ref()).cloned().unwrap_or_default();
    let refuse = |reason: &str| TableError::Row { row: name.clone(), reason: reason.to_owned() };
    let pattern = match (raw.exact, raw.prefix, raw.regex) {
        (Some(path), None, None) => Pattern::Exact(path),
        (None, Some(path), None) => Pattern::Prefix(path),
        (None, None, Some(regex)) => Pattern::Regex(Regex::new(&regex).map_err(|e| refuse(&e.to_string()))?),
        _ => return Err(refuse("needs exactly one of exact, prefix, regex")),
    };
    if !matches!(pattern, Pattern::Regex(_)) && !pattern.text().starts_with('/') {
        return Err(refuse("the path must start with /"));
    }
    if raw.service.is_none() && !raw.deny {
        return Err(refuse("needs a service, or deny = true"));
    }
    if raw.denied_page.as_ref().is_some_and(|page| !page.starts_with('/')) {
        return Err(refuse("denied_page must start with /"));
    }
    let grouped = matches!(&pattern, Pattern::Regex(r) if r.capture_names().flatten().any(|n| n == "path"));
    let rewrite = match (raw.upstream, raw.strip) {
        (Some(_), Some(_)) => return Err(refuse("has both strip and upstream")),
        (Some(path), None) => Rewrite::Fixed { path, query: raw.query },
        (None, _) if !raw.query.is_empty() => return Err(refuse("query needs upstream")),
        (None, Some(strip)) => Rewrite::Strip(strip),
        (None, None) if grouped => Rewrite::Group,
        (None, None) => Rewrite::Strip(String::new()),
    };
    let methods = raw.methods.iter().map(|m| Method::from_bytes(m.as_bytes())).collect::<Result<Vec<_>, _>>();
    let header = |(name, value): (&String, &String)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?))
    };
    let headers: Option<Vec<_>> = raw.headers.iter().map(header).collect();
    Ok(Row {
        rewrite,
        service: raw.service,
        csrf: raw.csrf,
        csrf_message: raw.csrf_message.unwrap_or_else(|| "failed csrf check".into()),
        methods: methods.map_err(|_| refuse("a method is malformed"))?,
        deny: raw.deny,
        authz: raw.authz,
        login: raw.login,
        body_limit: Some(raw.body_limit.unwrap_or(DEFAULT_BODY_LIMIT)).filter(|limit| *limit > 0),
        timeout: raw.timeout.map_or(DEFAULT_TIMEOUT, Duration::from_secs),
        headers: headers.ok_or_else(|| refuse("a header is malformed"))?,
        denied_page: raw.denied_page,
        own_errors: raw.own_errors,
        pages: raw.pages,
        pattern,
    })
}
