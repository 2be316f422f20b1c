//! The route table: public path to service and native path. Pure.

use std::{collections::HashMap, time::Duration};

use actix_web::http::{
    Method,
    header::{HeaderName, HeaderValue},
};
use regex::Regex;
use serde::Deserialize;

/// The table that is compiled in.
const BUILT_IN: &str = include_str!("routes.toml");
/// Further rows where the public address is `http://localhost`.
const LOCALHOST: &str = include_str!("routes-localhost.toml");
/// Further rows where the portal runs.
const PORTAL: &str = include_str!("routes-portal.toml");
/// Body limit of rows that name none: 5 GiB.
const DEFAULT_BODY_LIMIT: u64 = 5 * 1024 * 1024 * 1024;
/// Answer time of rows that name none.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(400);

/// Why a route file is not accepted.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// Not TOML, or a key or value that no row has.
    #[error("the route table cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// A row that makes no sense; says which and why.
    #[error("route {row}: {reason}")]
    Row {
        /// The row's path.
        row: String,
        /// What is wrong with it.
        reason: String,
    },
}

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

    fn same_row(&self, other: &Self) -> bool {
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
    /// Which paths.
    pub pattern: Pattern,
    /// Who answers; `None` only where nobody may pass.
    pub service: Option<String>,
    /// What the service sees.
    pub rewrite: Rewrite,
    /// Whether POST is checked against cross-site request forgery.
    pub csrf: bool,
    /// What a failed check says.
    pub csrf_message: String,
    /// The only methods, or empty for all.
    pub methods: Vec<Method>,
    /// Nobody passes.
    pub deny: bool,
    /// Needed permission.
    pub authz: Option<Triple>,
    /// The service whose own login replaces the caller's token.
    pub login: Option<String>,
    /// Bytes, or `None` for no limit.
    pub body_limit: Option<u64>,
    /// How long neither the body nor the answer may make progress.
    pub timeout: Duration,
    /// Sent to the service.
    pub headers: Vec<(HeaderName, HeaderValue)>,
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
}

fn yes() -> bool {
    true
}

/// All rows, in the order of the file.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Row>,
    instances: HashMap<String, String>,
}

/// What a path leads to.
#[derive(Debug)]
pub enum Found<'t> {
    /// This row, with the path and query that its service sees.
    Row(&'t Row, String),
    /// The same path with a slash at its end.
    AddSlash(String),
    /// Nothing.
    Nothing,
}

impl Table {
    /// The table that is compiled in.
    ///
    /// # Errors
    /// Never in a build whose tests pass; the signature is that of [`Table::parse`].
    pub fn built_in() -> Result<Self, TableError> {
        Self::parse(BUILT_IN)
    }

    /// Reads a table from TOML text.
    ///
    /// # Errors
    /// When the text is not TOML, has unknown keys, or a row is contradictory.
    pub fn parse(text: &str) -> Result<Self, TableError> {
        let raw: RawTable = toml::from_str(text)?;
        let instances = raw.instance.into_iter().map(|i| (i.name, i.of)).collect();
        let rows = raw.route.into_iter().map(row).collect::<Result<_, _>>()?;
        Ok(Self { rows, instances })
    }

    /// This table with the rows of `text`: a row with a known path replaces it, others are added.
    ///
    /// # Errors
    /// As [`Table::parse`].
    pub fn extended_by(mut self, text: &str) -> Result<Self, TableError> {
        let more = Self::parse(text)?;
        self.instances.extend(more.instances);
        for row in more.rows {
            match self.rows.iter_mut().find(|known| known.pattern.same_row(&row.pattern)) {
                Some(known) => *known = row,
                None => self.rows.push(row),
            }
        }
        Ok(self)
    }

    /// This table with the names that the gen3 SDK uses where the public address is `http://localhost`.
    ///
    /// # Errors
    /// Never in a build whose tests pass; the signature is that of [`Table::parse`].
    pub fn with_localhost_names(self) -> Result<Self, TableError> {
        self.extended_by(LOCALHOST)
    }

    /// This table with the pages of the portal.
    ///
    /// # Errors
    /// Never in a build whose tests pass; the signature is that of [`Table::parse`].
    pub fn with_portal(self) -> Result<Self, TableError> {
        self.extended_by(PORTAL)
    }

    /// All rows.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// The service that `name` is another deployment of, or `name` itself.
    pub fn service_of<'t>(&'t self, name: &'t str) -> &'t str {
        self.instances.get(name).map_or(name, String::as_str)
    }

    /// What `path` (normalised) with `query` leads to.
    pub fn find(&self, path: &str, query: Option<&str>) -> Found<'_> {
        let found = match self.row_of(path) {
            Some(row) => Found::Row(row, rewrite(row, path, query)),
            None => Found::Nothing,
        };
        found.or_slash(self, path)
    }

    fn row_of(&self, path: &str) -> Option<&Row> {
        let exact = self.rows.iter().find(|row| matches!(&row.pattern, Pattern::Exact(p) if p == path));
        let regex =
            || self.rows.iter().find(|row| matches!(&row.pattern, Pattern::Regex(r) if r.is_match(path)));
        exact.or_else(regex).or_else(|| self.longest_prefix(path))
    }

    fn longest_prefix(&self, path: &str) -> Option<&Row> {
        let length = |row: &&Row| match &row.pattern {
            Pattern::Prefix(prefix) if path.starts_with(prefix.as_str()) => prefix.len(),
            _ => 0,
        };
        self.rows.iter().max_by_key(length).filter(|row| length(row) > 0)
    }
}

impl<'t> Found<'t> {
    /// nginx: `location /user/` that proxies also owns `/user`, by a redirect.
    fn or_slash(self, table: &Table, path: &str) -> Self {
        let owns = |row: &Row| {
            let with_slash = matches!(&row.pattern, Pattern::Prefix(p) if p.strip_suffix('/') == Some(path));
            with_slash && row.service.is_some() && !row.deny
        };
        match self {
            Self::Row(row, _) if !matches!(row.pattern, Pattern::Prefix(_)) => self,
            _ if table.rows.iter().any(owns) => Self::AddSlash(format!("{path}/")),
            _ => self,
        }
    }
}

fn rewrite(row: &Row, path: &str, query: Option<&str>) -> String {
    let with_query = |path: &str| match query {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    match (&row.rewrite, &row.pattern) {
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

/// `path` with the first value of each wanted argument, as it was spelled.
fn fixed(path: &str, wanted: &[String], query: &str) -> String {
    let argument = |name: &String| {
        query.split('&').find(|pair| pair.split('=').next() == Some(name.as_str())).map(str::to_owned)
    };
    let kept: Vec<String> = wanted.iter().filter_map(argument).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
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
        pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `service path?query` of what a public path leads to.
    fn leads(path: &str, query: Option<&str>) -> String {
        leads_in(&Table::built_in().unwrap(), path, query)
    }

    fn leads_in(table: &Table, path: &str, query: Option<&str>) -> String {
        match table.find(path, query) {
            Found::Row(row, _) if row.deny => "denied".into(),
            Found::Row(row, native) => format!("{} {native}", row.service.as_deref().unwrap_or_default()),
            Found::AddSlash(path) => format!("redirect {path}"),
            Found::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn public_paths_lead_to_native_paths() {
        let cases = [
            ("/user/user", "fence /user"),
            ("/user/", "fence /"),
            ("/user", "redirect /user/"),
            ("/user/data/download/dg.1/a", "presigned-url-fence /data/download/dg.1/a"),
            ("/user/data/upload", "fence /data/upload"),
            ("/user/register", "fence /register"),
            ("/user/metrics", "denied"),
            ("/user/credentials/token/denylisted", "denied"),
            ("/user/credentials/cdis/access_token", "fence /credentials/cdis/access_token"),
            ("/.well-known/jwks", "fence /.well-known/jwks"),
            ("/user/.well-known/jwks", "fence /.well-known/jwks"),
            ("/ga4gh/drs/v1/objects/a", "indexd /ga4gh/drs/v1/objects/a"),
            (
                "/ga4gh/drs/v1/objects/a/b/access/s3",
                "presigned-url-fence /ga4gh/drs/v1/objects/a/b/access/s3",
            ),
            ("/ga4gh/drs/v1/objects/access", "presigned-url-fence /ga4gh/drs/v1/objects/access"),
            (
                "/user/ga4gh/drs/v1/objects/a/access/s3",
                "presigned-url-fence /ga4gh/drs/v1/objects/a/access/s3",
            ),
            ("/index/index/a", "indexd /index/a"),
            ("/index-admin/index", "indexd /index"),
            ("/api/v0/submission/p/q", "sheepdog /v0/submission/p/q"),
            ("/api/v0/submission/graphql/", "peregrine /v0/submission/graphql"),
            ("/api/v0/submission/getschema", "peregrine /v0/submission/getschema"),
            ("/api/search/datasets", "peregrine /datasets"),
            ("/peregrine/_status", "peregrine /_status"),
            ("/peregrine/graphql", "nothing"),
            ("/guppy/graphql", "guppy /graphql"),
            ("/auth/request", "nothing"),
            ("/authz/other", "nothing"),
            ("/gen3-authz-test", "denied"),
            ("/", "nothing"),
        ];
        for (path, wanted) in cases {
            assert_eq!(leads(path, None), wanted, "{path}");
        }
    }

    #[test]
    fn on_localhost_the_index_answers_without_its_prefix_too() {
        let table = Table::built_in().unwrap().with_localhost_names().unwrap();
        let did = "0a5e1f6e-1111-5abc-8def-000000000001";
        let cases = [
            ("/index/".to_owned(), "indexd /index/".to_owned()),
            ("/index".to_owned(), "indexd /index".to_owned()),
            (format!("/index/{did}"), format!("indexd /index/{did}")),
            (format!("/index/dg.1/{did}/latest"), format!("indexd /index/dg.1/{did}/latest")),
            (format!("/index/blank/{did}"), format!("indexd /index/blank/{did}")),
            ("/bulk/documents".to_owned(), "indexd /bulk/documents".to_owned()),
            // The full names stay what they are.
            ("/index/index/".to_owned(), "indexd /index/".to_owned()),
            (format!("/index/index/{did}"), format!("indexd /index/{did}")),
            ("/index/_status".to_owned(), "indexd /_status".to_owned()),
        ];
        for (path, wanted) in cases {
            assert_eq!(leads_in(&table, &path, None), wanted, "{path}");
        }
    }

    #[test]
    fn fixed_upstreams_drop_the_query_but_for_named_arguments() {
        assert_eq!(leads("/authz/mapping", Some("username=ada")), "arborist /auth/mapping");
        let query = "service=b&x=y&resource=%2Fprograms&resource=/other&method=read";
        assert_eq!(
            leads("/authz", Some(query)),
            "arborist /auth/proxy?resource=%2Fprograms&method=read&service=b"
        );
        assert_eq!(leads("/index/index", Some("limit=2")), "indexd /index?limit=2");
    }

    #[test]
    fn a_file_replaces_rows_by_path_and_adds_others() {
        let table = Table::built_in().unwrap().extended_by(
            "[[route]]\nprefix = '/guppy/'\nservice = 'other'\n[[route]]\nprefix = '/new/'\nservice = 'new'\nstrip = '/new'",
        );
        let table = table.unwrap();
        assert!(matches!(table.find("/new/x", None), Found::Row(_, native) if native == "/x"));
        let Found::Row(row, native) = table.find("/guppy/x", None) else { panic!("no row") };
        assert_eq!((row.service.as_deref(), native.as_str()), (Some("other"), "/guppy/x"));
    }

    #[test]
    fn contradictory_rows_are_refused_with_their_path() {
        let refused = |text: &str| Table::parse(text).unwrap_err().to_string();
        assert_eq!(refused("[[route]]\nprefix='/a'"), "route /a: needs a service, or deny = true");
        assert!(refused("[[route]]\nprefix='/a'\nservic='x'").contains("unknown field `servic`"));
        assert_eq!(refused("[[route]]\nprefix='a'\nservice='x'"), "route a: the path must start with /");
    }
}
