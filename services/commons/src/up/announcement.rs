//! What a user, or a program, is told once everything is ready.

use std::path::PathBuf;

use comfy_table::{Table, presets::NOTHING};
use indexmap::IndexMap;
use serde::Serialize;

/// What runs where.
#[derive(Debug, Clone, Serialize)]
pub struct Announcement {
    /// The public URL.
    pub url: String,
    /// The state folder.
    pub state: PathBuf,
    /// The administrator's API key file.
    pub api_key_file: PathBuf,
    /// Each service's own address.
    pub services: IndexMap<String, String>,
    /// The object store's address.
    pub object_store: String,
    /// Connection URLs of the databases are in this file (owner only), under `databases`.
    pub run_file: PathBuf,
    /// The basic login of the file index and the object store's keys are in this file (owner only).
    pub secrets_file: PathBuf,
    /// Seconds from start to ready.
    pub ready_seconds: f64,
}

/// Public paths and what they are for.
const PUBLIC: [(&str, &str, &str); 7] = [
    ("fence", "/user", "users, tokens, signed URLs"),
    ("arborist", "/authz", "who may do what"),
    ("indexd", "/index, /ga4gh/drs", "where files are"),
    ("sheepdog", "/api/v0/submission", "validated submission"),
    ("peregrine", "/api/v0/submission/graphql", "graph queries"),
    ("guppy", "/guppy", "search"),
    ("portal", "/query", "query page"),
];

impl Announcement {
    /// For people.
    pub fn table(&self, development_login: bool) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["what", "public path", "own address", "for"]);
        table.add_row(["commons", "/", self.url.as_str(), "everything below"]);
        for (name, path, purpose) in PUBLIC {
            let address = self.services.get(name).map_or("", String::as_str);
            table.add_row([name, path, address, purpose]);
        }
        table.add_row(["object store", "", self.object_store.as_str(), "file bytes (S3)"]);
        let login = if development_login {
            let page = format!("{url}/user/login/dev?redirect={url}/query", url = self.url);
            format!(
                "\n  Log in in a browser   {page}\
                 \n                        (development login: anybody, no password, this machine only)"
            )
        } else {
            String::new()
        };
        format!(
            "{table}\n\n  Query in a browser    {url}/query\n  State folder          {state}\n  \
             API key of `admin`    {key}{login}\n\nTry next\n  \
             curl {url}/_status\n  \
             commons user token admin --state {state}\n  \
             python: Gen3Auth(refresh_file=\"{key}\")\n\n\
             Ready after {seconds:.1} s. Ctrl-C stops everything.",
            state = self.state.display(),
            key = self.api_key_file.display(),
            url = self.url,
            seconds = self.ready_seconds,
        )
    }
}
