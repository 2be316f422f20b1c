//! The route table: public path to service and native path. Pure.

mod file;
mod row;

use std::collections::HashMap;

pub use file::TableError;
pub use row::{Pattern, Rewrite, Row, Triple};

/// The table that is compiled in.
const BUILT_IN: &str = include_str!("../routes.toml");
/// Further rows where the public address is `http://localhost`.
const LOCALHOST: &str = include_str!("../routes-localhost.toml");
/// Further rows where the portal runs.
const PORTAL: &str = include_str!("../routes-portal.toml");
/// Further rows where a portal runs that is not this project's.
const PORTAL_ELSEWHERE: &str = include_str!("../routes-portal-elsewhere.toml");

/// All rows, in the order of the file.
#[derive(Debug, Clone)]
pub struct Table {
    rows: Vec<Row>,
    /// The row of those who open a page at which no other row answers.
    pages: Option<Row>,
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
        let file::Content { rows, instances } = file::parse(text)?;
        let (mut pages, rows): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.pages);
        Ok(Self { rows, pages: pages.pop(), instances })
    }

    /// This table with the rows of `text`: a row with a known path replaces it, others are added.
    ///
    /// # Errors
    /// As [`Table::parse`].
    pub fn extended_by(mut self, text: &str) -> Result<Self, TableError> {
        let more = Self::parse(text)?;
        self.instances.extend(more.instances);
        self.pages = more.pages.or(self.pages);
        for row in more.rows {
            match self.rows.iter_mut().find(|known| known.pattern.is_same_as(&row.pattern)) {
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

    /// This table with a portal that is not this project's, and whose paths nobody here knows.
    ///
    /// # Errors
    /// Never in a build whose tests pass; the signature is that of [`Table::parse`].
    pub fn with_portal_elsewhere(self) -> Result<Self, TableError> {
        self.extended_by(PORTAL_ELSEWHERE)
    }

    /// What a person who opens `path` as a page is led to where [`Table::find`] finds nothing.
    pub(crate) fn page(&self, path: &str, query: Option<&str>) -> Option<(&Row, String)> {
        let row = self.pages.as_ref()?;
        Some((row, row.native(path, query)))
    }

    /// All rows but the one of pages.
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
            Some(row) => Found::Row(row, row.native(path, query)),
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
    /// As in nginx, a `location /user/` that proxies also owns `/user` and answers it with a redirect.
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
            ("/mds/metadata/dg.1/a", "metadata /metadata/dg.1/a"),
            ("/mds-admin/metadata", "metadata /metadata"),
            ("/manifests/", "manifests /"),
            ("/manifests", "redirect /manifests/"),
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
    fn on_localhost_the_index_and_metadata_answer_without_their_prefixes_too() {
        let table = Table::built_in().unwrap().with_localhost_names().unwrap();
        let did = "0a5e1f6e-1111-5abc-8def-000000000001";
        let cases = [
            ("/index/".to_owned(), "indexd /index/".to_owned()),
            ("/index".to_owned(), "indexd /index".to_owned()),
            (format!("/index/{did}"), format!("indexd /index/{did}")),
            (format!("/index/dg.1/{did}/latest"), format!("indexd /index/dg.1/{did}/latest")),
            (format!("/index/blank/{did}"), format!("indexd /index/blank/{did}")),
            (format!("/{did}"), format!("indexd /{did}")),
            (format!("/dg.1/{did}"), format!("indexd /dg.1/{did}")),
            ("/_version".to_owned(), "indexd /_version".to_owned()),
            ("/bulk/documents".to_owned(), "indexd /bulk/documents".to_owned()),
            ("/metadata".to_owned(), "metadata /metadata".to_owned()),
            (format!("/metadata/dg.1/{did}/aliases"), format!("metadata /metadata/dg.1/{did}/aliases")),
            ("/metadata_index/a.b".to_owned(), "metadata /metadata_index/a.b".to_owned()),
            ("/version".to_owned(), "metadata /version".to_owned()),
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
        let rows = "[[route]]\nprefix = '/guppy/'\nservice = 'other'\n\
                    [[route]]\nprefix = '/new/'\nservice = 'new'\nstrip = '/new'";
        let table = Table::built_in().unwrap().extended_by(rows).unwrap();
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
