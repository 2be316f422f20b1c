//! The keys folder, as fence lays it out: one folder for each pair, with `jwt_private_key.pem` and
//! `jwt_public_key.pem`.
//!
//! Folders whose names are dates come first, newest first; the first pair signs, and all pairs are published
//! and accepted. The folder is looked at again while the program runs, so that keys can be rotated and
//! retired without a restart.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant, SystemTime},
};

use arc_swap::ArcSwap;
use jsonwebtoken::DecodingKey;

use crate::{
    Jwks, KeyError, SigningKey,
    keys::{fresh_pair, public_half},
};

pub(crate) const PRIVATE_HALF: &str = "jwt_private_key.pem";
const PUBLIC_HALF: &str = "jwt_public_key.pem";
/// How often a running program looks for new and retired keys by itself.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// A token that names an unknown key makes us look at once, but not more often than this.
const LOOK_AT_MOST_EVERY: Duration = Duration::from_secs(2);

/// All key pairs of a commons; the first signs. Never empty. Clones share the keys and their changes.
#[derive(Debug, Clone)]
pub struct SigningKeys {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// `None` for keys that are in memory only.
    folder: Option<PathBuf>,
    current: ArcSwap<Loaded>,
    looked: Mutex<Instant>,
}

#[derive(Debug)]
struct Loaded {
    keys: Vec<Arc<SigningKey>>,
    marks: Vec<Mark>,
}

/// By what a changed pair is known: its name, and size and time of its private half.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    name: String,
    bytes: u64,
    written: Option<SystemTime>,
}

impl SigningKeys {
    /// Reads every pair below `folder`. A missing public half is made from the private one.
    ///
    /// # Errors
    /// When the folder cannot be read, a key is malformed, or there is no pair.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        let loaded = load(folder, marks(folder)?)?;
        Ok(Self::of(Some(folder.to_owned()), loaded))
    }

    /// Makes a fresh 2048-bit pair in `folder/<name>` (private key readable by its owner only).
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn generate(folder: &Path, name: &str) -> Result<(), KeyError> {
        let pair = folder.join(name);
        fs::create_dir_all(&pair).map_err(at(&pair))?;
        let (private, public) =
            fresh_pair().map_err(|reason| KeyError::Malformed { path: pair.clone(), reason })?;
        // The private half comes last: without it the folder is no pair, so that nobody reads half of one.
        let public_path = pair.join(PUBLIC_HALF);
        fs::write(&public_path, public).map_err(at(&public_path))?;
        let private_path = pair.join(PRIVATE_HALF);
        files::write_private(&private_path, &private).map_err(at(&private_path))
    }

    /// A set with one fresh pair named `name`, for tests and throw-away commons.
    ///
    /// # Errors
    /// When the system has no randomness.
    pub fn ephemeral(name: &str) -> Result<Self, KeyError> {
        let malformed = |reason| KeyError::Malformed { path: PathBuf::from(name), reason };
        let (private, public) = fresh_pair().map_err(malformed)?;
        let key = SigningKey::from_pem(name, &private, &public).map_err(malformed)?;
        Ok(Self::of(None, Loaded { keys: vec![Arc::new(key)], marks: Vec::new() }))
    }

    fn of(folder: Option<PathBuf>, loaded: Loaded) -> Self {
        let current = ArcSwap::from_pointee(loaded);
        Self { shared: Arc::new(Shared { folder, current, looked: Mutex::new(Instant::now()) }) }
    }

    /// The pair that signs.
    pub fn signing(&self) -> Arc<SigningKey> {
        let loaded = self.shared.current.load();
        loaded.keys.first().expect("a SigningKeys is never empty, its constructors see to it").clone()
    }

    /// All pairs, the signing one first.
    pub fn all(&self) -> Vec<Arc<SigningKey>> {
        self.shared.current.load().keys.clone()
    }

    /// What `/.well-known/jwks` answers.
    pub fn jwks(&self) -> Jwks {
        Jwks { keys: self.shared.current.load().keys.iter().map(|key| key.jwk.clone()).collect() }
    }

    /// Reads the folder again if it has changed, and says whether it has. Keys that cannot be read change
    /// nothing.
    ///
    /// # Errors
    /// When the folder cannot be read or a key is malformed.
    pub fn reload(&self) -> Result<bool, KeyError> {
        let Some(folder) = &self.shared.folder else { return Ok(false) };
        *self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        let marks = marks(folder)?;
        if marks == self.shared.current.load().marks {
            return Ok(false);
        }
        let loaded = load(folder, marks)?;
        let kids: Vec<&str> = loaded.keys.iter().map(|key| key.kid.as_str()).collect();
        tracing::info!(keys = ?kids, "the signing keys have changed");
        self.shared.current.store(Arc::new(loaded));
        Ok(true)
    }

    /// Looks at the folder now and then, as long as somebody has the keys.
    pub fn watch(&self) {
        if self.shared.folder.is_none() {
            return;
        }
        let shared = Arc::downgrade(&self.shared);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                let Some(shared) = shared.upgrade() else { return };
                (Self { shared }).look().await;
            }
        });
    }

    /// The public half of the key of this id. An unknown one may be new: the folder is looked at, though not
    /// for every such token.
    pub(crate) async fn find(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        if let Some(key) = self.known(kid) {
            return Some(key);
        }
        let looked = *self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if self.shared.folder.is_none() || looked.elapsed() < LOOK_AT_MOST_EVERY {
            return None;
        }
        self.look().await;
        self.known(kid)
    }

    fn known(&self, kid: &str) -> Option<Arc<DecodingKey>> {
        let loaded = self.shared.current.load();
        loaded.keys.iter().find(|key| key.kid == kid).map(|key| key.decoding.clone())
    }

    /// Reads the folder again where that may take its time.
    async fn look(&self) {
        let keys = self.clone();
        let looked = tokio::task::spawn_blocking(move || keys.reload()).await;
        if let Ok(Err(error)) = looked {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the signing keys cannot be read again; those known before go on");
        }
    }
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> KeyError + use<> {
    let path = path.to_owned();
    move |source| KeyError::File { path, source }
}

/// The pairs below `folder`, in their order.
fn marks(folder: &Path) -> Result<Vec<Mark>, KeyError> {
    let mut marks = Vec::new();
    for entry in fs::read_dir(folder).map_err(at(folder))? {
        let entry = entry.map_err(at(folder))?;
        // Metadata follow links: a mounted secret is made of them.
        let Ok(meta) = fs::metadata(entry.path().join(PRIVATE_HALF)) else { continue };
        if meta.is_file() {
            let name = entry.file_name().to_string_lossy().into_owned();
            marks.push(Mark { name, bytes: meta.len(), written: meta.modified().ok() });
        }
    }
    marks.sort_by(|a, b| newest_first(&a.name, &b.name));
    Ok(marks)
}

fn load(folder: &Path, marks: Vec<Mark>) -> Result<Loaded, KeyError> {
    let keys = marks.iter().map(|mark| pair(folder, &mark.name).map(Arc::new)).collect::<Result<_, _>>()?;
    let loaded = Loaded { keys, marks };
    if loaded.keys.is_empty() { Err(KeyError::Empty(folder.to_owned())) } else { Ok(loaded) }
}

fn pair(folder: &Path, name: &str) -> Result<SigningKey, KeyError> {
    let private_path = folder.join(name).join(PRIVATE_HALF);
    let public_path = folder.join(name).join(PUBLIC_HALF);
    let private = fs::read_to_string(&private_path).map_err(at(&private_path))?;
    let malformed = |reason| KeyError::Malformed { path: private_path.clone(), reason };
    let public = match fs::read_to_string(&public_path) {
        Ok(public) => public,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let public = public_half(&private).map_err(malformed)?;
            // A folder that is mounted read-only, as a secret is, serves as well.
            if let Err(error) = fs::write(&public_path, &public) {
                tracing::debug!(error = %error, "the public half of a key is kept in memory only");
            }
            public
        }
        Err(error) => return Err(at(&public_path)(error)),
    };
    SigningKey::from_pem(name, &private, &public).map_err(malformed)
}

/// Names that are dates come first, the newest before the others; then the other names alphabetically, as
/// fence has them.
fn newest_first(a: &str, b: &str) -> std::cmp::Ordering {
    let parse = |name: &str| {
        chrono::DateTime::parse_from_rfc3339(name).ok().map(|date| date.timestamp()).or_else(|| {
            let date = chrono::NaiveDate::parse_from_str(name, "%Y-%m-%d").ok()?;
            Some(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp())
        })
    };
    match (parse(a), parse(b)) {
        (Some(x), Some(y)) => y.cmp(&x),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn newest_dated_folder_signs() {
        let mut names = ["b", "2018-05-01T21:29:02Z", "a", "2026-01-01T00:00:00Z"];
        names.sort_by(|a, b| newest_first(a, b));
        assert_eq!(names, ["2026-01-01T00:00:00Z", "2018-05-01T21:29:02Z", "a", "b"]);
    }

    #[test]
    fn a_missing_public_half_is_made_from_the_private_one() {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "first").unwrap();
        let public = folder.path().join("first/jwt_public_key.pem");
        let original = fs::read_to_string(&public).unwrap();
        fs::remove_file(&public).unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        assert_eq!(keys.signing().public_pem, original);
        assert_eq!(fs::read_to_string(&public).unwrap(), original);
    }

    #[test]
    fn generated_pairs_are_read_back_and_keep_their_private_half_private() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "first").unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        assert_eq!(keys.signing().kid, "fence_key_first");
        assert_eq!(keys.jwks().keys[0].e, "AQAB");
        let mode =
            fs::metadata(folder.path().join("first/jwt_private_key.pem")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_new_pair_signs_after_a_look_and_the_old_one_is_believed_until_it_goes() {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "2026-01-01").unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        let clone = keys.clone();
        assert!(!keys.reload().unwrap(), "nothing has changed");
        SigningKeys::generate(folder.path(), "2026-02-01T00:00:00Z").unwrap();
        assert!(keys.reload().unwrap());
        assert_eq!(clone.signing().kid, "fence_key_2026-02-01T00:00:00Z");
        assert!(clone.known("fence_key_2026-01-01").is_some());
        fs::remove_dir_all(folder.path().join("2026-01-01")).unwrap();
        assert!(keys.reload().unwrap());
        assert!(clone.known("fence_key_2026-01-01").is_none());
    }

    #[test]
    fn keys_that_cannot_be_read_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        SigningKeys::generate(folder.path(), "2026-01-01").unwrap();
        let keys = SigningKeys::load(folder.path()).unwrap();
        let broken = folder.path().join("2026-02-01");
        fs::create_dir(&broken).unwrap();
        fs::write(broken.join(PRIVATE_HALF), "no key").unwrap();
        assert!(matches!(keys.reload(), Err(KeyError::Malformed { .. })));
        assert_eq!(keys.signing().kid, "fence_key_2026-01-01");
        fs::remove_dir_all(folder.path().join("2026-01-01")).unwrap();
        fs::remove_dir_all(&broken).unwrap();
        assert!(matches!(keys.reload(), Err(KeyError::Empty(_))));
        assert_eq!(keys.signing().kid, "fence_key_2026-01-01");
    }
}
