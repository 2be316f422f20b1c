//! What a user, or a program, is told once everything is ready.

use std::{env, path::PathBuf};

use comfy_table::{Table, presets::NOTHING};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::{
    pages::Pages,
    style::{self, Stream},
};

/// What runs where.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Announcement {
    /// The public URL.
    pub url: String,
    /// The state folder.
    pub state: PathBuf,
    /// The administrator's API key file.
    pub api_key_file: PathBuf,
    /// Each service's own address, if it has one.
    pub services: IndexMap<String, String>,
    /// The page that lets somebody in without a password, with its code.
    pub login_url: Option<String>,
    /// The page on which users log in by a password, if this commons keeps passwords.
    pub password_login_url: Option<String>,
    /// The object store's address.
    pub object_store: String,
    /// Connection URLs of the databases are in this file (owner only), under `databases`.
    pub run_file: PathBuf,
    /// The basic login of the file index and the object store's keys are in this file (owner only).
    pub secrets_file: PathBuf,
    /// Whose pages people see: `embedded`, `none`, or the address of another portal.
    #[serde(default)]
    pub portal: Pages,
    /// Seconds from start to ready.
    pub ready_seconds: f64,
}

/// Public paths and what they are for.
const PUBLIC: [(&str, &str, &str); 15] = [
    ("fence", "/user", "users, tokens, signed URLs"),
    ("arborist", "/authz", "who may do what"),
    ("indexd", "/index, /ga4gh/drs", "where files are"),
    ("sheepdog", "/api/v0/submission", "validated submission"),
    ("peregrine", "/api/v0/submission/graphql", "graph queries"),
    ("guppy", "/guppy", "search"),
    ("audit", "/audit", "who logged in, and who got which file"),
    ("requestor", "/requestor", "asking for access"),
    ("library", "/library", "saved cohorts and lists of files"),
    ("wts", "/wts", "tokens of other commons"),
    ("metadata", "/mds", "documents by GUID"),
    ("manifests", "/manifests", "users' lists of files"),
    ("operations", "/ops, /job", "recurring work and its history"),
    ("workspace", "/lw-workspace", "notebooks next to the data"),
    ("portal", "/query", "query page"),
];

impl Announcement {
    /// For people.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(NOTHING).set_header(["what", "public path", "own address", "for"]);
        table.add_row(["commons", "/", self.url.as_str(), "everything below"]);
        let is_here = |name: &str| name != "portal" || self.portal.are_embedded();
        for (name, path, purpose) in PUBLIC.into_iter().filter(|(name, ..)| is_here(name)) {
            let address = self.services.get(name).map_or("", String::as_str);
            table.add_row([name, path, address, purpose]);
        }
        table.add_row(["object store", "", self.object_store.as_str(), "file bytes (S3)"]);
        let bold = |text: String| style::bold(Stream::Output, text);
        let url = &self.url;
        let mut places = Vec::new();
        match &self.portal {
            Pages::Embedded if !portal::Portal::has_pages() => {
                let remedy = "the program was compiled without its pages; `make portal` makes them";
                places.push(("Portal", remedy.to_owned()));
            }
            Pages::None => places.push(("Portal", "none (--portal none)".to_owned())),
            Pages::Embedded => places.push(("Open in a browser", bold(url.clone()).to_string())),
            Pages::Elsewhere(at) => {
                places.push(("Open in a browser", bold(url.clone()).to_string()));
                places.push(("", format!("(pages of the portal at {at})")));
            }
        }
        if self.portal.are_embedded() {
            places.push(("Query in a browser", bold(format!("{url}/query")).to_string()));
        }
        if let Some(page) = &self.login_url {
            places.push(("Log in in a browser", bold(page.clone()).to_string()));
            let explained = "(development login: who knows this address gets in as anybody)".to_owned();
            places.push(("", explained));
        }
        if let Some(page) = &self.password_login_url {
            places.push(("Log in by a password", bold(page.clone()).to_string()));
            let explained = "(`commons user invite NAME` prints a link by which a user sets one)".to_owned();
            places.push(("", explained));
        }
        places.push(("State folder", self.state.display().to_string()));
        places.push(("API key of `admin`", self.api_key_file.display().to_string()));
        let places: String = places.iter().map(|(what, place)| format!("\n  {what:<21} {place}")).collect();
        let (program, state) = (program(), quoted(&self.state.to_string_lossy()));
        format!(
            "{table}\n{places}\n\nTry next\n  \
             curl {url}/_status\n  \
             {program} status --state {state}\n  \
             {program} user token admin --state {state}\n\n\
             In Python, Gen3Auth(refresh_file={key:?}) logs in.\n\
             Ready after {seconds:.1} s.",
            key = self.api_key_file.to_string_lossy(),
            seconds = self.ready_seconds,
        )
    }
}

/// What runs where, of all tenants.
#[derive(Debug, Serialize, Deserialize)]
pub struct Announcements {
    tenants: IndexMap<String, Announcement>,
}

impl Announcements {
    /// For people.
    pub fn table(&self) -> String {
        let told = self.tenants.iter().map(|(name, announced)| {
            let login = announced.login_url.as_deref().map(|url| format!("\n  log in          {url}"));
            format!(
                "{name}\n  address         {}{}\n  state folder    {}\n  key of `admin`  {}",
                announced.url,
                login.unwrap_or_default(),
                announced.state.display(),
                announced.api_key_file.display()
            )
        });
        told.collect::<Vec<_>>().join("\n\n")
    }
}

impl FromIterator<(String, Announcement)> for Announcements {
    fn from_iter<T: IntoIterator<Item = (String, Announcement)>>(all: T) -> Self {
        Self { tenants: all.into_iter().collect() }
    }
}

/// How a shell calls this program: by its name, if that leads to it, else by its path.
fn program() -> String {
    const NAME: &str = "commons";
    let Ok(own) = env::current_exe() else { return NAME.to_owned() };
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(NAME)).find(|program| program.is_file());
    let is_own = found.and_then(|found| found.canonicalize().ok()).is_some_and(|found| found == own);
    if is_own { NAME.to_owned() } else { quoted(&own.to_string_lossy()) }
}

/// A word as a shell reads it back.
fn quoted(word: &str) -> String {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+:@%,=~".contains(letter);
    if !word.is_empty() && word.chars().all(is_plain) && !word.starts_with('~') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn what_a_shell_would_not_take_as_one_word_is_quoted() {
        assert_eq!(quoted("/home/ada/.commons"), "/home/ada/.commons");
        assert_eq!(quoted("/home/ada l/c"), "'/home/ada l/c'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted("~/x"), "'~/x'");
    }
}
