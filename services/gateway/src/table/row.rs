//! A row of the route table, and what its service sees of a path.

use std::time::Duration;

use actix_web::http::{
    Method,
    header::{HeaderName, HeaderValue},
};
use regex::Regex;
use serde::Deserialize;

/// How a row's path is compared.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// The whole path.
    Exact(String),
    /// The beginning of the path.
    Prefix(String),
    /// Any part of the path.
    Regex(Regex),
}

impl Pattern {
    /// The text in the route file.
    pub fn text(&self) -> &str {
        match self {
            Self::Exact(text) | Self::Prefix(text) => text,
            Self::Regex(regex) => regex.as_str(),
        }
    }

    pub(super) fn is_same_as(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other) && self.text() == other.text()
    }
}

/// What the caller must be permitted to do before the request is passed on.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triple {
    /// Resource path.
    pub resource: String,
    /// Method.
    pub method: String,
    /// Service.
    pub service: String,
}

/// The path and query that the service sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rewrite {
    /// The public path less this beginning (which may be empty).
    Strip(String),
    /// Always this path, with these query arguments only.
    Fixed {
        /// The path.
        path: String,
        /// Names of the arguments that are kept.
        query: Vec<String>,
    },
    /// The regex's group `path`.
    Group,
}

/// One row of the table.
#[derive(Debug, Clone)]
pub struct Row {
    /// The paths that it is for.
    pub pattern: Pattern,
    /// The service that answers; `None` only where nobody may pass.
    pub service: Option<String>,
    /// What the service sees of the path.
    pub rewrite: Rewrite,
    /// Whether POST is checked against cross-site request forgery.
    pub csrf: bool,
    /// What a failed check says.
    pub csrf_message: String,
    /// The only methods that pass; empty for all.
    pub methods: Vec<Method>,
    /// Whether nobody passes.
    pub deny: bool,
    /// The permission that the caller needs.
    pub authz: Option<Triple>,
    /// The service whose own login replaces the caller's token.
    pub login: Option<String>,
    /// The largest body in bytes; `None` for no limit.
    pub body_limit: Option<u64>,
    /// The request is given up when neither its body nor its answer makes progress for this long.
    pub timeout: Duration,
    /// Headers that are sent to the service.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// The page to which those are led who lack the permission; without one they get 403.
    pub denied_page: Option<String>,
    /// Whether failures of the service are shown as they are.
    pub own_errors: bool,
    /// Whether it is for people who open a page at which no other row answers.
    pub pages: bool,
}

impl Row {
    /// The path and query that the service sees for the public ones.
    pub(super) fn native(&self, path: &str, query: Option<&str>) -> String {
        let with_query = |path: &str| match query {
            Some(query) => format!("{path}?{query}"),
            None => path.to_owned(),
        };
        match (&self.rewrite, &self.pattern) {
            (Rewrite::Fixed { path, query: wanted }, _) => fixed(path, wanted, query.unwrap_or_default()),
            (Rewrite::Group, Pattern::Regex(regex)) => {
                let group = regex.captures(path).and_then(|captures| captures.name("path"));
                with_query(group.map_or(path, |group| group.as_str()))
            }
            (Rewrite::Group, _) => with_query(path),
            (Rewrite::Strip(beginning), _) => match path.strip_prefix(beginning.as_str()) {
                Some(rest) if rest.starts_with('/') => with_query(rest),
                Some(rest) => with_query(&format!("/{rest}")),
                None => with_query(path),
            },
        }
    }
}

/// `path` with the first value of each wanted argument, as it was spelled.
fn fixed(path: &str, wanted: &[String], query: &str) -> String {
    let argument = |name: &String| {
        query.split('&').find(|pair| pair.split('=').next() == Some(name.as_str())).map(str::to_owned)
    };
    let kept: Vec<String> = wanted.iter().filter_map(argument).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}
