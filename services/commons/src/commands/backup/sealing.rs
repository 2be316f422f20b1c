//! With what keys and secrets are sealed, and opened again.

use std::{env, fs, path::PathBuf};

use anyhow::Context as _;
use backup::{
    Sealing,
    seal::{Key, Seal},
};
use clap::Args;

use crate::failure::Failure;

/// The passphrase itself. It has no option: arguments of a program are seen by others.
const PASSPHRASE: &str = "COMMONS_BACKUP_PASSPHRASE";

/// With what keys and secrets are sealed.
#[derive(Debug, Clone, Args)]
pub(super) struct SealArgs {
    /// Seal keys and secrets with the passphrase in the first line of this file. The variable
    /// COMMONS_BACKUP_PASSPHRASE can have it, too
    #[arg(long, value_name = "FILE", env = "COMMONS_BACKUP_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// Seal them for the owner of this public key of age (age1…); several may be given
    #[arg(
        long = "recipient",
        value_name = "KEY",
        env = "COMMONS_BACKUP_RECIPIENTS",
        value_delimiter = ',',
        conflicts_with = "passphrase_file"
    )]
    recipients: Vec<String>,
    /// Leave keys, secrets and configuration out. A commons made of such a backup takes no token and no API
    /// key from before, and cannot read the refresh tokens that it keeps for other commons
    #[arg(long, conflicts_with_all = ["passphrase_file", "recipients"])]
    without_secrets: bool,
}

impl SealArgs {
    /// `None` when secrets are to be left out.
    ///
    /// # Errors
    /// When nothing is said of it.
    pub(super) fn seal(&self) -> anyhow::Result<Option<Seal>> {
        if self.without_secrets {
            return Ok(None);
        }
        match seal_of(&self.recipients, self.passphrase_file.as_ref())? {
            Some(seal) => Ok(Some(seal)),
            None => {
                let told = format!(
                    "keys and secrets are never written in clear: name what seals them by --passphrase-file \
                     FILE, {PASSPHRASE} or --recipient KEY, or leave them out by --without-secrets"
                );
                Err(Failure::Prerequisite(told).into())
            }
        }
    }
}

/// The seal for these public keys, or with the passphrase in a file or the variable; `None` when there is
/// neither.
///
/// # Errors
/// When a key is none, or the passphrase cannot be read.
pub(crate) fn seal_of(recipients: &[String], passphrase: Option<&PathBuf>) -> anyhow::Result<Option<Seal>> {
    if !recipients.is_empty() {
        return Ok(Some(Seal::recipients(recipients)?));
    }
    Ok(phrase(passphrase)?.map(|phrase| Seal::passphrase(&phrase)))
}

/// With what keys and secrets are opened.
#[derive(Debug, Clone, Args)]
pub(crate) struct OpenArgs {
    /// The file with the passphrase that keys and secrets were sealed with. The variable
    /// COMMONS_BACKUP_PASSPHRASE can have it, too
    #[arg(long, value_name = "FILE", env = "COMMONS_BACKUP_PASSPHRASE_FILE")]
    passphrase_file: Option<PathBuf>,
    /// The file with an identity of age (AGE-SECRET-KEY-1…) that they were sealed for
    #[arg(long, value_name = "FILE", env = "COMMONS_BACKUP_IDENTITY", conflicts_with = "passphrase_file")]
    identity: Option<PathBuf>,
    /// Leave keys, secrets and configuration out; the commons gets new ones
    #[arg(long, conflicts_with_all = ["passphrase_file", "identity"])]
    pub(crate) without_secrets: bool,
}

impl OpenArgs {
    /// What opens such a seal.
    ///
    /// # Errors
    /// When it was not given.
    pub(crate) fn key(&self, sealing: Sealing) -> anyhow::Result<Key> {
        match sealing {
            Sealing::Passphrase => {
                let phrase = phrase(self.passphrase_file.as_ref())?.ok_or_else(|| {
                    Failure::Prerequisite(format!(
                        "the secrets were sealed with a passphrase; give it by --passphrase-file FILE or \
                         {PASSPHRASE}, or leave them out by --without-secrets"
                    ))
                })?;
                Ok(Key::passphrase(&phrase))
            }
            Sealing::Recipients => {
                let file = self.identity.as_ref().ok_or_else(|| {
                    Failure::Prerequisite(
                        "the secrets were sealed for public keys of age; give an identity by --identity \
                         FILE, or leave them out by --without-secrets"
                            .into(),
                    )
                })?;
                let text = fs::read_to_string(file);
                Ok(Key::identities(&text.with_context(|| format!("cannot read {}", file.display()))?)?)
            }
        }
    }
}

fn phrase(file: Option<&PathBuf>) -> anyhow::Result<Option<String>> {
    let (text, whence) = match file {
        Some(file) => {
            let text = fs::read_to_string(file);
            let text = text.with_context(|| format!("cannot read {}", file.display()))?;
            (text.lines().next().unwrap_or_default().to_owned(), file.display().to_string())
        }
        None => match env::var(PASSPHRASE) {
            Ok(text) => (text, PASSPHRASE.to_owned()),
            Err(_) => return Ok(None),
        },
    };
    if text.is_empty() {
        return Err(Failure::Prerequisite(format!("{whence} has no passphrase")).into());
    }
    Ok(Some(text))
}
