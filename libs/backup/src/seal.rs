//! Keys, passwords and configuration: one archive, encrypted in the form of age, which the programs `age` and
//! `rage` open as well.

use std::{
    io::{Cursor, Read as _},
    path::{Component, Path},
    str::FromStr as _,
};

use crate::{
    BackupError,
    age::{self, AgeError, Identity, Recipient},
    manifest::Sealing,
};

/// The largest archive, in bytes.
pub const LARGEST: u64 = 256 * 1024 * 1024;

/// What seals.
#[derive(Clone)]
pub struct Seal {
    sealing: Sealing,
    recipients: Vec<Recipient>,
}

/// What opens a seal.
pub struct Key {
    sealing: Sealing,
    identities: Vec<Identity>,
}

/// A file in the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its path.
    pub path: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

fn failed(told: impl Into<String>) -> BackupError {
    BackupError::Seal(told.into())
}

impl Seal {
    /// With a passphrase.
    pub fn passphrase(phrase: &str) -> Self {
        Self { sealing: Sealing::Passphrase, recipients: vec![Recipient::Passphrase(phrase.to_owned())] }
    }

    /// For the owners of these public keys (`age1…`): each of them can open it.
    ///
    /// # Errors
    /// When a text is none.
    pub fn recipients<T: AsRef<str>>(texts: &[T]) -> Result<Self, BackupError> {
        let read = |text: &T| {
            let text = text.as_ref().trim();
            let told = || failed(format!("{text:?} is not a public key of age, which is like age1…"));
            Recipient::from_str(text).map_err(|_| told())
        };
        let recipients = texts.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Self { sealing: Sealing::Recipients, recipients })
    }

    /// What will open it.
    pub fn sealing(&self) -> Sealing {
        self.sealing
    }

    /// Seals files.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn close(&self, files: &[Sealed]) -> Result<Vec<u8>, BackupError> {
        let archive = packed(files).map_err(|error| failed(format!("secrets cannot be packed: {error}")))?;
        if archive.len() as u64 > LARGEST {
            return Err(failed(format!("keys and configuration have more than {LARGEST} bytes")));
        }
        let sealed = age::encrypt(&self.recipients, &archive);
        sealed.map_err(|error| failed(format!("secrets cannot be sealed: {error}")))
    }
}

impl Key {
    /// A passphrase.
    pub fn passphrase(phrase: &str) -> Self {
        Self { sealing: Sealing::Passphrase, identities: vec![Identity::Passphrase(phrase.to_owned())] }
    }

    /// The identities in a file of age: a line with a secret key each.
    ///
    /// # Errors
    /// When there is none in it.
    pub fn identities(text: &str) -> Result<Self, BackupError> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let told = || failed("the file of identities has a line that is no secret key of age");
        let read = |line: &str| Identity::from_str(line).map_err(|_| told());
        let identities: Vec<_> = lines.map(read).collect::<Result<_, _>>()?;
        if identities.is_empty() {
            return Err(failed("the file of identities has no secret key of age (AGE-SECRET-KEY-1…)"));
        }
        Ok(Self { sealing: Sealing::Recipients, identities })
    }

    /// Opens what was sealed.
    ///
    /// # Errors
    /// When this does not open it, or it is damaged.
    pub fn open(&self, sealed: &[u8]) -> Result<Vec<Sealed>, BackupError> {
        let damaged = |what: &str| BackupError::Damaged {
            of: "the keys and secrets".to_owned(),
            what: what.to_owned(),
        };
        let archive =
            age::decrypt(&self.identities, sealed).map_err(|error| match (error, self.sealing) {
                (AgeError::NotForUs, Sealing::Passphrase) => {
                    failed("this is not the passphrase that keys and secrets were sealed with")
                }
                (AgeError::NotForUs, Sealing::Recipients) => {
                    failed("keys and secrets were not sealed for any of these identities")
                }
                (AgeError::Damaged, _) => damaged(&error.to_string()),
                _ => failed(format!("keys and secrets cannot be opened: {error}")),
            })?;
        unpacked(&archive).map_err(|_| damaged("their archive cannot be read"))
    }
}

fn packed(files: &[Sealed]) -> std::io::Result<Vec<u8>> {
    let mut archive = tar::Builder::new(Vec::new());
    for file in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(file.content.len() as u64);
        header.set_mode(0o600);
        archive.append_data(&mut header, &file.path, file.content.as_slice())?;
    }
    archive.into_inner()
}

fn unpacked(archive: &[u8]) -> std::io::Result<Vec<Sealed>> {
    let mut files = Vec::new();
    for entry in tar::Archive::new(Cursor::new(archive)).entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        let path = path.to_str().filter(|path| is_below(path)).ok_or(std::io::ErrorKind::InvalidData)?;
        let (path, mut content) = (path.to_owned(), Vec::new());
        entry.read_to_end(&mut content)?;
        files.push(Sealed { path, content });
    }
    Ok(files)
}

/// Whether a path stays below the folder that it begins at.
fn is_below(path: &str) -> bool {
    !path.is_empty() && Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
