//! The state folder of a commons on one machine.
//!
//! ```text
//! lock               held while a commons runs on this folder
//! secrets.json       passwords, codes and store keys, generated once
//! keys/DATE/*.pem    token signing keys, generated once, newest first
//! credentials.json   API key of the user admin, as the SDK reads it
//! run.json           what runs now, or ran last: URL, addresses, databases
//! options.json       options of the last start, which the next one takes up
//! commons.log        log of a commons in the background
//! dictionary.json    what came of the last reload of the dictionary
//! postgres/          the databases          postgres.log   their log
//! objects/           uploaded files, by bucket
//! ```

use std::{
    fs::{self, File, OpenOptions, Permissions, TryLockError},
    io::{ErrorKind, Read as _, Seek as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, anyhow};
use clap::Args;
use indexmap::IndexMap;
use rand::RngExt as _;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokens::SigningKeys;

use crate::failure::Failure;

/// Names in a state folder that are nobody else's business. `postgres` is another account's, if we are root.
const PRIVATE: [&str; 11] = [
    "lock",
    "secrets.json",
    "keys",
    "credentials.json",
    "run.json",
    "options.json",
    "commons.log",
    "dictionary.json",
    "postgres.log",
    "postgres.log.1",
    "objects",
];

/// PostgreSQL's file that says which major version made its folder.
const VERSION_OF_DATABASES: &str = "PG_VERSION";

/// Where a commons of this machine keeps everything.
#[derive(Debug, Clone, Args)]
pub struct StateArgs {
    /// The state folder: databases, objects, keys, secrets.
    #[arg(long = "state", value_name = "DIR", env = "COMMONS_STATE", default_value = ".commons")]
    pub folder: PathBuf,
}

/// A state folder.
#[derive(Debug, Clone)]
pub(crate) struct State {
    folder: PathBuf,
}

/// The right to run a commons on a state folder. It ends when it is dropped, and when the process is killed.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

/// What is generated once.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Secrets {
    pub(crate) postgres_password: String,
    pub(crate) store_access_key: String,
    pub(crate) store_secret_key: String,
    /// Basic login for writing to the file index.
    pub(crate) indexd_user: String,
    pub(crate) indexd_password: String,
    /// Who wants to log in without a password must know this: it is in the address that is printed.
    #[serde(default = "secret")]
    pub(crate) login_code: String,
    /// What services' own ports ask for: other accounts of the machine can reach them too.
    #[serde(default = "secret")]
    pub(crate) service_secret: String,
}

impl Secrets {
    fn generate() -> Self {
        Self {
            postgres_password: random_text(32),
            store_access_key: random_text(20).to_uppercase(),
            store_secret_key: random_text(40),
            indexd_user: "commons".into(),
            indexd_password: secret(),
            login_code: secret(),
            service_secret: secret(),
        }
    }
}

fn secret() -> String {
    random_text(32)
}

/// What runs on a state folder, or ran last. The database URLs hold a password.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Run {
    pub(crate) url: String,
    /// The gateway's address on this machine, which does without name servers and proxies.
    #[serde(default)]
    pub(crate) local_url: Option<String>,
    pub(crate) pid: u32,
    /// Each service's own address, if it has one.
    pub(crate) services: IndexMap<String, String>,
    pub(crate) object_store: String,
    pub(crate) databases: IndexMap<String, String>,
    /// Whether the databases are on our own server, which stops with us.
    pub(crate) private_databases: bool,
    /// The dictionary, if it is not the built-in one.
    pub(crate) dictionary: Option<String>,
    /// The page that lets somebody in without a password, with its code.
    #[serde(default)]
    pub(crate) login_url: Option<String>,
}

impl Run {
    /// The port of the object store.
    pub(crate) fn object_store_port(&self) -> Option<u16> {
        self.object_store.rsplit_once(':')?.1.parse().ok()
    }

    /// The issuer of all tokens: fence's public address.
    pub(crate) fn issuer(&self) -> String {
        format!("{}/user", self.url)
    }

    /// Where a program on this machine reaches the gateway.
    pub(crate) fn local_address(&self) -> &str {
        self.local_url.as_deref().unwrap_or(&self.url)
    }

    /// What a person opens in a browser first.
    pub(crate) fn page(&self) -> String {
        self.login_url.clone().unwrap_or_else(|| format!("{}/query", self.url))
    }
}

impl State {
    /// Opens `folder`, making it (for its owner only) when there is none.
    ///
    /// # Errors
    /// When it cannot be made or is not a folder.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let told = || format!("cannot use the state folder {}", absolute(folder).display());
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(told)?;
        let state = Self { folder: folder.canonicalize().with_context(told)? };
        state.protect();
        Ok(state)
    }

    /// Takes away what others could read. A folder may have been made by somebody else: by an administrator,
    /// a service manager, a container's volume.
    fn protect(&self) {
        let mine = PRIVATE.iter().map(|name| self.path(name));
        for path in std::iter::once(self.folder.clone()).chain(mine) {
            let Ok(meta) = fs::metadata(&path) else { continue };
            let mode = meta.permissions().mode();
            // A folder with the sticky bit, such as that for temporary files, belongs to everybody.
            if mode & 0o077 == 0 || mode & 0o1000 != 0 {
                continue;
            }
            match fs::set_permissions(&path, Permissions::from_mode(mode & 0o700)) {
                Ok(()) => {
                    tracing::warn!(path = %path.display(), "others could read this, and cannot any more");
                }
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, path = %path.display(), "others can read this");
                }
            }
        }
    }

    /// Opens a folder that must be there already.
    ///
    /// # Errors
    /// When no commons ever ran on it.
    pub(crate) fn existing(folder: &Path) -> anyhow::Result<Self> {
        let shown = absolute(folder);
        let failed = |error| anyhow!("cannot use the state folder {}: {error}", shown.display());
        match fs::metadata(folder.join("secrets.json")) {
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let told = format!(
                    "no commons has run on the state folder {}; start one with `commons up`, or name another \
                     folder with --state",
                    shown.display()
                );
                return Err(Failure::Prerequisite(told).into());
            }
            Err(error) if error.kind() == ErrorKind::PermissionDenied => {
                let told = format!("the state folder {} belongs to somebody else: {error}", shown.display());
                return Err(Failure::Prerequisite(told).into());
            }
            Err(error) => return Err(failed(error)),
        }
        Self::open(folder)
    }

    /// The folder's absolute path.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// A path in the folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Takes the right to run a commons on this folder.
    ///
    /// # Errors
    /// When another process has it.
    pub(crate) fn lock(&self) -> anyhow::Result<Lock> {
        match self.try_lock()? {
            Ok(lock) => Ok(lock),
            Err(holder) => {
                let holder = holder.map(|process| format!(" (process {process})")).unwrap_or_default();
                let told = format!(
                    "another commons{holder} uses the state folder {}; stop it, or choose another folder \
                     with --state",
                    self.folder.display()
                );
                Err(Failure::Prerequisite(told).into())
            }
        }
    }

    /// The process that runs a commons on this folder, or starts or stops one, if there is any.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn holder(&self) -> anyhow::Result<Option<u32>> {
        Ok(self.try_lock()?.err().map(|holder| holder.unwrap_or_default()))
    }

    /// The lock, or who holds it.
    fn try_lock(&self) -> anyhow::Result<Result<Lock, Option<u32>>> {
        let path = self.path("lock");
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(&path);
        let mut file = file.with_context(|| format!("cannot open {}", path.display()))?;
        match file.try_lock() {
            Ok(()) => {
                file.set_len(0)?;
                file.rewind()?;
                write!(file, "{}", std::process::id())?;
                Ok(Ok(Lock { _file: file }))
            }
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                Ok(Err(holder.trim().parse().ok()))
            }
            Err(TryLockError::Error(error)) => {
                Err(anyhow!(error).context(format!("cannot lock {}", path.display())))
            }
        }
    }

    /// What runs on this folder now, if anything does.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn running(&self) -> anyhow::Result<Option<Run>> {
        match self.try_lock()? {
            Ok(_released_at_once) => Ok(None),
            Err(_) => self.last_run(),
        }
    }

    /// What runs on this folder now, or ran last.
    ///
    /// # Errors
    /// When the file is there but cannot be read.
    pub(crate) fn last_run(&self) -> anyhow::Result<Option<Run>> {
        read_json(&self.path("run.json"))
    }

    /// Remembers what runs.
    pub(crate) fn write_run(&self, run: &Run) -> anyhow::Result<()> {
        write_json(&self.path("run.json"), run)
    }

    /// The secrets, generated on first use.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn secrets(&self) -> anyhow::Result<Secrets> {
        let path = self.path("secrets.json");
        let stored: Option<serde_json::Value> = read_json(&path)?;
        let secrets = match &stored {
            Some(stored) => {
                Secrets::deserialize(stored).with_context(|| format!("{} is damaged", path.display()))?
            }
            None if self.path("postgres").join(VERSION_OF_DATABASES).is_file() => {
                let told = format!(
                    "{} is gone, but it has the password of the databases in {}; put it back from a copy, or \
                     move that folder away to start anew",
                    path.display(),
                    self.path("postgres").display()
                );
                return Err(Failure::Prerequisite(told).into());
            }
            None => Secrets::generate(),
        };
        // An older version knew fewer.
        if stored == Some(serde_json::to_value(&secrets)?) {
            return Ok(secrets);
        }
        write_json(&path, &secrets)?;
        Ok(secrets)
    }

    /// The token signing keys, the first pair generated on first use.
    ///
    /// # Errors
    /// When they cannot be read or written.
    pub(crate) fn signing_keys(&self) -> anyhow::Result<SigningKeys> {
        let folder = self.path("keys");
        if !folder.is_dir() {
            // It is made beside its place, so that a crash does not leave half a pair.
            let making = self.path("keys.new");
            SigningKeys::generate(&making, &today())?;
            fs::rename(&making, &folder)?;
        }
        Ok(SigningKeys::load(&folder)?)
    }
}

/// For messages: a relative path says little to who does not know where it counts from.
fn absolute(folder: &Path) -> PathBuf {
    std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned())
}

fn today() -> String {
    chrono::Utc::now().format("%Y-%m-%d").to_string()
}

fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

/// The content of a file; `None` when there is none.
///
/// # Errors
/// When it is there but cannot be read.
pub(crate) fn read_json<T: DeserializeOwned>(path: &Path) -> anyhow::Result<Option<T>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(anyhow!(error).context(format!("cannot read {}", path.display()))),
    };
    serde_json::from_str(&text).map(Some).with_context(|| format!("{} is damaged", path.display()))
}

/// Writes a file for its owner, in one step.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_json<T: Serialize>(path: &Path, value: &T) -> anyhow::Result<()> {
    let text = serde_json::to_string_pretty(value)?;
    write_private(path, &format!("{text}\n"))
}

/// Writes a file for its owner, in one step.
///
/// # Errors
/// When it cannot be written.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    files::write_private(path, text).with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(&folder.path().join("a/state")).unwrap();
        (folder, state)
    }

    #[test]
    fn secrets_are_generated_once_and_for_the_owner_only() {
        let (_folder, state) = state();
        let first = state.secrets().unwrap();
        assert_eq!(state.secrets().unwrap().indexd_password, first.indexd_password);
        let other = State::open(&state.path("other")).unwrap().secrets().unwrap();
        assert_ne!(other.postgres_password, first.postgres_password);
        for name in ["secrets.json", "."] {
            assert_eq!(fs::metadata(state.path(name)).unwrap().permissions().mode() & 0o077, 0, "{name}");
        }
    }

    #[test]
    fn a_folder_that_others_could_read_is_private_once_it_is_used() {
        let folder = tempfile::tempdir().unwrap();
        let open = |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o7777;
        let (objects, log) = (folder.path().join("objects"), folder.path().join("postgres.log"));
        fs::create_dir(&objects).unwrap();
        fs::write(&log, "").unwrap();
        open(&objects, 0o755);
        open(&log, 0o644);
        open(folder.path(), 0o755);
        State::open(folder.path()).unwrap();
        assert_eq!((mode(folder.path()), mode(&objects), mode(&log)), (0o700, 0o700, 0o600));
        open(folder.path(), 0o1777);
        State::open(folder.path()).unwrap();
        assert_eq!(mode(folder.path()), 0o1777, "a folder for everybody stays one");
    }

    #[test]
    fn what_an_older_version_did_not_know_is_added_to_its_secrets() {
        let (_folder, state) = state();
        let known = state.secrets().unwrap();
        let path = state.path("secrets.json");
        let mut stored: serde_json::Value = read_json(&path).unwrap().unwrap();
        stored.as_object_mut().unwrap().remove("login_code");
        write_json(&path, &stored).unwrap();
        let renewed = state.secrets().unwrap();
        assert_eq!(renewed.indexd_password, known.indexd_password);
        assert_eq!(renewed.login_code.len(), 32);
        assert_ne!(renewed.login_code, known.login_code);
        assert_eq!(state.secrets().unwrap().login_code, renewed.login_code);
    }

    #[test]
    fn databases_without_their_password_are_said_to_be_so() {
        let (_folder, state) = state();
        fs::create_dir(state.path("postgres")).unwrap();
        fs::write(state.path("postgres/PG_VERSION"), "15\n").unwrap();
        let refused = state.secrets().err().unwrap().to_string();
        assert!(refused.contains("secrets.json is gone"), "{refused}");
        assert!(!state.path("secrets.json").exists());
    }

    #[test]
    fn signing_keys_are_generated_once() {
        let (_folder, state) = state();
        let kid = state.signing_keys().unwrap().signing().kid.clone();
        assert_eq!(state.signing_keys().unwrap().signing().kid, kid);
        assert!(kid.starts_with("fence_key_20"));
    }

    #[test]
    fn a_locked_folder_names_the_remedy() {
        let (_folder, state) = state();
        let lock = state.lock().unwrap();
        let refused = state.lock().unwrap_err().to_string();
        assert!(
            refused.contains(&format!("process {}", std::process::id())) && refused.contains("--state"),
            "{refused}"
        );
        drop(lock);
        assert!(state.lock().is_ok());
    }

    #[test]
    fn a_folder_without_a_commons_is_said_to_be_one() {
        let (_folder, state) = state();
        let refused = State::existing(state.folder()).unwrap_err().to_string();
        assert!(refused.contains("commons up"), "{refused}");
    }
}
