//! The manifest of a backup: what is in it.

use std::collections::BTreeMap;

use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::{BackupError, StoredFile};

/// The form of manifests that this program writes. It reads this one and all before.
pub const FORMAT: u64 = 1;
/// The largest manifest, in bytes. Lists of objects are files of their own.
pub(crate) const LARGEST: u64 = 64 * 1024 * 1024;

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Its name.
    pub name: String,
    /// When it was begun: RFC 3339.
    pub begun: String,
    /// When all of it was there.
    pub ended: String,
    /// What wrote it.
    pub program: Program,
    /// The databases, in the order of their snapshots.
    pub databases: Vec<Database>,
    /// Whether these are on the private server of the commons.
    pub private_databases: bool,
    /// The data dictionary.
    pub dictionary: Option<Dictionary>,
    /// Keys, passwords and configuration, sealed.
    pub secrets: Option<Secrets>,
    /// The objects of the embedded store.
    pub objects: Option<Objects>,
    /// The id of the operation's run that made it, if it was one: a run that is begun again finds its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<String>,
}

/// What wrote a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Program {
    /// Its version.
    pub version: String,
    /// The commit that it was made of.
    pub commit: String,
}

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Whose it is, such as `fence`.
    pub name: String,
    /// The version number of its server, such as 150013.
    pub server: u32,
    /// The moment that it was dumped of.
    pub snapshot: Snapshot,
    /// How many rows each table had at that moment, by `schema.table`.
    pub rows: BTreeMap<String, u64>,
    /// What `pg_dump` wrote, in its custom form.
    pub dump: StoredFile,
}

/// A moment of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// By the clock of the server: RFC 3339.
    pub taken: String,
    /// The place in the server's log, if it tells.
    pub lsn: Option<String>,
}

/// A data dictionary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dictionary {
    /// Where it was read from; `None` for that of the program.
    pub source: Option<String>,
    /// Its files as one JSON document, which `--dictionary` takes.
    pub file: StoredFile,
}

/// What opens a seal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sealing {
    /// A passphrase.
    Passphrase,
    /// The identity of one of the recipients.
    Recipients,
}

/// Keys, passwords and configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Secrets {
    /// What opens them.
    pub sealing: Sealing,
    /// The names of the files.
    pub files: Vec<String>,
    /// An archive of them, encrypted in the form of age.
    pub file: StoredFile,
}

/// The objects of the embedded store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objects {
    /// Its buckets.
    pub buckets: Vec<Bucket>,
    /// Objects, with all of their versions.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Objects that were damaged in the store already, and are not in the backup.
    pub damaged: u64,
    /// The list of them: lines of JSON, each an [`Entry`](crate::Entry).
    pub list: StoredFile,
}

/// A bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What its store says of versions in it.
    pub versioning: Option<String>,
}

/// What is kept at a place and described by a manifest: a backup, or a snapshot.
pub trait Described: Serialize + DeserializeOwned {
    /// What it is called.
    const WORD: &'static str;
    /// The file that says that a place is one of these, and the key of the form in it.
    const MARK: (&'static str, &'static str);
    /// The key of the form in a manifest.
    const FORM: &'static str;
    /// The folder of the manifests.
    const FOLDER: &'static str;

    /// The name of this one.
    fn name(&self) -> &str;
}

impl Described for Manifest {
    const WORD: &'static str = "backup";
    const MARK: (&'static str, &'static str) = ("commons-backup.json", "commons_backup_place");
    const FORM: &'static str = "commons_backup";
    const FOLDER: &'static str = "backups/";

    fn name(&self) -> &str {
        &self.name
    }
}

/// A manifest as it is written: its form can be told before anything else is believed.
pub(crate) fn encode<D: Described>(described: &D) -> Bytes {
    let text = serde_json::to_string(described).expect("invariant: it has texts and numbers only");
    let sha256 = hex::encode(Sha256::digest(&text));
    format!("{{\"{}\":{FORMAT},\"sha256\":\"{sha256}\",\"{}\":{text}}}\n", D::FORM, D::WORD).into()
}

/// What [`encode`] wrote for the one of this name.
///
/// # Errors
/// When it is damaged, that of another one, or of a later form.
pub(crate) fn decode<D: Described>(name: &str, text: &[u8]) -> Result<D, BackupError> {
    let damaged =
        |what: &str| BackupError::Manifest { word: D::WORD, name: name.to_owned(), what: what.to_owned() };
    let parts: BTreeMap<String, &RawValue> = serde_json::from_slice(text)
        .map_err(|error| damaged(if error.is_eof() { "it is cut off" } else { "it is no manifest" }))?;
    let form = parts.get(D::FORM).and_then(|form| form.get().parse().ok());
    let form: u64 = form.ok_or_else(|| damaged("it is no manifest"))?;
    if form > FORMAT {
        return Err(BackupError::Newer { what: format!("the {} {name}", D::WORD), form, known: FORMAT });
    }
    let (Some(digest), Some(described)) = (parts.get("sha256"), parts.get(D::WORD)) else {
        return Err(damaged("parts of it are missing"));
    };
    if digest.get().trim_matches('"') != hex::encode(Sha256::digest(described.get())) {
        return Err(damaged("it does not have its digest"));
    }
    let described: D = serde_json::from_str(described.get())
        .map_err(|error| damaged(&format!("it cannot be read: {error}")))?;
    if described.name() != name {
        return Err(damaged(&format!("it is that of the {} {}", D::WORD, described.name())));
    }
    Ok(described)
}

impl Manifest {
    /// All files that it names itself, with words for them.
    pub(crate) fn files(&self) -> Vec<(String, &StoredFile)> {
        let mut files = Vec::new();
        for database in &self.databases {
            files.push((format!("the database {}", database.name), &database.dump));
        }
        files.extend(self.dictionary.iter().map(|one| ("the dictionary".to_owned(), &one.file)));
        files.extend(self.secrets.iter().map(|one| ("the keys and secrets".to_owned(), &one.file)));
        files.extend(self.objects.iter().map(|one| ("the list of objects".to_owned(), &one.list)));
        files
    }

    /// Bytes that it stands for.
    pub fn size(&self) -> u64 {
        let files: u64 = self.files().iter().map(|(_, file)| file.size).sum();
        files + self.objects.as_ref().map_or(0, |objects| objects.bytes)
    }

    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.databases.iter().flat_map(|database| database.rows.values()).sum()
    }
}
