//! Reads a dictionary from a folder of YAML files, from one merged JSON file, or from the address of one.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use indexmap::IndexMap;
use serde_json::Value;

use yaml::{Budget, RepeatedKey};

use crate::{LoadError, Problem, Severity};

const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_BYTES: usize = 128 << 20;
const MAX_FILES: usize = 10_000;

/// The folders in which repositories of dictionaries keep their schemas, newest convention first.
const SCHEMA_FOLDERS: [&str; 3] =
    ["gdcdictionary/schemas", "dictionary/schemas", "src/gdcdictionary/schemas"];

/// The files of a dictionary, as far as they can be read.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Their unresolved contents, by file name.
    pub files: IndexMap<String, Value>,
    /// The names of those that are no YAML.
    pub unread: Vec<String>,
    /// Errors of those, and warnings about keys that stand twice.
    pub problems: Vec<Problem>,
}

/// Reads the unresolved files of a dictionary, by file name. `source` is a folder with `*.yaml` files (or the
/// root of a repository that has them in `gdcdictionary/schemas`), a merged `.json` file, or the `http(s)`
/// address of one.
///
/// # Errors
/// The source cannot be fetched, is neither YAML nor JSON, or is too large (128 MB).
pub async fn read_files(source: &str) -> Result<IndexMap<String, Value>, LoadError> {
    let mut sources = read(source).await?;
    sources.problems.retain(|problem| problem.severity == Severity::Error);
    if sources.problems.is_empty() { Ok(sources.files) } else { Err(LoadError::Invalid(sources.problems)) }
}

/// Reads the same, and tells everything that is wrong with the files.
///
/// # Errors
/// The source as a whole cannot be fetched or read, or is too large (128 MB).
pub async fn read(source: &str) -> Result<Sources, LoadError> {
    if is_address(source) {
        let fetched = fetch(source, None).await?;
        let body = fetched
            .ok_or_else(|| unreadable(source, "the server answered 304 to a request without an ETag"))?;
        return Ok(whole(merged(source, &body.body)?));
    }
    let path = local(source);
    if path.is_dir() {
        return read_folder(path);
    }
    let size = fs::metadata(path).map_err(|error| unreadable(path, error))?.len();
    if size > MAX_BYTES as u64 {
        return Err(unreadable(source, format!("larger than {MAX_BYTES} bytes")));
    }
    Ok(whole(merged(source, &fs::read(path).map_err(|error| unreadable(source, error))?)?))
}

fn whole(files: IndexMap<String, Value>) -> Sources {
    Sources { files, ..Sources::default() }
}

/// Whether `source` is an address; anything else is a path.
pub(crate) fn is_address(source: &str) -> bool {
    source.starts_with("http://") || source.starts_with("https://")
}

/// The path of a source that is not an address.
pub(crate) fn local(source: &str) -> &Path {
    Path::new(source.strip_prefix("file://").unwrap_or(source))
}

pub(crate) fn unreadable(source: impl AsRef<Path>, reason: impl ToString) -> LoadError {
    LoadError::Unreadable { source_name: source.as_ref().display().to_string(), reason: reason.to_string() }
}

/// The answer of a server.
pub(crate) struct Fetched {
    pub(crate) body: Vec<u8>,
    /// Its `ETag`.
    pub(crate) tag: Option<String>,
}

/// The error and what caused it: by itself it says only that something could not be sent.
fn with_causes(error: &reqwest::Error) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        told = format!("{told}: {next}");
        cause = next.source();
    }
    told
}

/// Fetches the document at `url`; gives none if it still has the tag `known`.
pub(crate) async fn fetch(url: &str, known: Option<&str>) -> Result<Option<Fetched>, LoadError> {
    let failed = |error: reqwest::Error| unreadable(url, with_causes(&error.without_url()));
    let client = reqwest::Client::builder().timeout(TIMEOUT).build().map_err(failed)?;
    let mut request = client.get(url);
    if let Some(tag) = known {
        request = request.header(reqwest::header::IF_NONE_MATCH, tag);
    }
    let mut response = request.send().await.map_err(failed)?;
    if known.is_some() && response.status() == reqwest::StatusCode::NOT_MODIFIED {
        return Ok(None);
    }
    if response.status() != reqwest::StatusCode::OK {
        return Err(unreadable(url, format!("the server answered {}", response.status())));
    }
    let tag = response.headers().get(reqwest::header::ETAG).and_then(|tag| tag.to_str().ok());
    let tag = tag.map(str::to_owned);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > MAX_BYTES {
            return Err(unreadable(url, format!("larger than {MAX_BYTES} bytes")));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(Fetched { body, tag }))
}

/// Reads the merged form: one JSON object of file names and their contents.
pub(crate) fn merged(source: &str, bytes: &[u8]) -> Result<IndexMap<String, Value>, LoadError> {
    serde_json::from_slice(bytes).map_err(|error| {
        unreadable(source, format!("not a JSON object of file names and their contents: {error}"))
    })
}

fn read_folder(root: &Path) -> Result<Sources, LoadError> {
    let folder = schema_folder(root);
    let names = yaml_names(&folder)?;
    if names.is_empty() {
        let places = SCHEMA_FOLDERS.join(", ");
        return Err(unreadable(root, format!("no *.yaml file here or in {places}")));
    }
    let mut sources = Sources::default();
    let (mut bytes, mut values) = (0, Budget::new(yaml::MAX_VALUES));
    for name in names {
        let text = read_text(&folder.join(&name))?;
        bytes += text.len();
        if bytes > MAX_BYTES {
            return Err(unreadable(root, format!("larger than {MAX_BYTES} bytes")));
        }
        sources.add(name, yaml::read(&text, &mut values));
    }
    Ok(sources)
}

impl Sources {
    fn add(&mut self, name: String, read: Result<yaml::Document, yaml::Error>) {
        match read {
            Ok(document) => {
                self.problems.extend(document.repeated.iter().map(|repeated| stands_twice(&name, repeated)));
                self.problems.extend(document.faults.iter().map(|fault| not_yaml(&name, fault)));
                self.files.insert(name, document.root.into_json());
            }
            Err(error) => {
                self.problems.push(not_yaml(&name, &error));
                self.unread.push(name);
            }
        }
    }
}

fn not_yaml(file: &str, error: &yaml::Error) -> Problem {
    Problem::new(file, "", error.to_string(), "Correct the YAML.")
}

/// The last of two keys counts, as for the original's reader.
fn stands_twice(file: &str, repeated: &RepeatedKey) -> Problem {
    let (key, before, line) = (&repeated.key, repeated.before.line, repeated.position.line);
    let message = format!("{key} stands twice (lines {before} and {line}); the first is lost");
    Problem::warning(file, &repeated.path, message, "Merge the two or remove one.")
}

/// The folder that has the files: `root` itself, or one below it.
pub(crate) fn schema_folder(root: &Path) -> PathBuf {
    let below = SCHEMA_FOLDERS.iter().map(|folder| root.join(folder)).find(|folder| folder.is_dir());
    below.unwrap_or_else(|| root.to_owned())
}

pub(crate) fn yaml_names(folder: &Path) -> Result<Vec<String>, LoadError> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| unreadable(folder, error))? {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") && !name.starts_with('.') && entry.path().is_file() {
            names.push(name);
        }
    }
    if names.len() > MAX_FILES {
        return Err(unreadable(folder, format!("more than {MAX_FILES} files")));
    }
    names.sort();
    Ok(names)
}

fn read_text(path: &Path) -> Result<String, LoadError> {
    let size = fs::metadata(path).map_err(|error| unreadable(path, error))?.len();
    if size > MAX_BYTES as u64 {
        return Err(unreadable(path, format!("larger than {MAX_BYTES} bytes")));
    }
    fs::read_to_string(path).map_err(|error| unreadable(path, error))
}
