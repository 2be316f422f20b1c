//! Passwords, codes and keys that are generated once.

use anyhow::Context as _;
use rand::RngExt as _;
use serde::{Deserialize, Serialize};

use super::{
    folder::{SECRETS, State, VERSION_OF_DATABASES},
    json::{read_json, write_json},
};
use crate::failure::Failure;

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
    /// Encrypts the refresh tokens of the workspace token service.
    #[serde(default = "wts::FernetKey::generate")]
    pub(crate) wts_encryption_key: String,
    /// Encrypts the cookies of its logins.
    #[serde(default = "secret")]
    pub(crate) wts_secret_key: String,
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
            wts_encryption_key: wts::FernetKey::generate(),
            wts_secret_key: secret(),
        }
    }
}

/// A text that nobody guesses.
pub(crate) fn secret() -> String {
    random_text(32)
}

impl State {
    /// The secrets, generated on first use.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub(crate) fn secrets(&self) -> anyhow::Result<Secrets> {
        let path = self.path(SECRETS);
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
}

fn random_text(length: usize) -> String {
    const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let mut random = rand::rng();
    (0..length).map(|_| char::from(LETTERS[random.random_range(0..LETTERS.len())])).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;
    use crate::state::folder::fresh;

    #[test]
    fn secrets_are_generated_once_and_for_the_owner_only() {
        let (_folder, state) = fresh();
        let first = state.secrets().unwrap();
        assert_eq!(state.secrets().unwrap().indexd_password, first.indexd_password);
        let other = State::open(&state.path("other")).unwrap().secrets().unwrap();
        assert_ne!(other.postgres_password, first.postgres_password);
        for name in ["secrets.json", "."] {
            assert_eq!(fs::metadata(state.path(name)).unwrap().permissions().mode() & 0o077, 0, "{name}");
        }
    }

    #[test]
    fn what_an_older_version_did_not_know_is_added_to_its_secrets() {
        let (_folder, state) = fresh();
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
        let (_folder, state) = fresh();
        fs::create_dir(state.path("postgres")).unwrap();
        fs::write(state.path("postgres/PG_VERSION"), "15\n").unwrap();
        let refused = state.secrets().err().unwrap().to_string();
        assert!(refused.contains("secrets.json is gone"), "{refused}");
        assert!(!state.path("secrets.json").exists());
    }
}
