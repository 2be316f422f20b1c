//! Keys, secrets and configuration of a commons that is being restored.

use std::{
    fs::{DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
};

use anyhow::Context as _;
use backup::{BackupError, Manifest, seal::Sealed};
use indexmap::IndexMap;

use super::{
    super::backup::{CONFIGURATION, OPTIONS, RUN},
    databases::Target,
    ground::Ground,
};
use crate::{
    databases::{DatabaseName, renamed},
    state::{Run, SECRETS, WTS_CLIENT, read_json, write_json},
};

/// The dictionary of the backup, below the folder of configuration.
const DICTIONARY: &str = "dictionary.json";
/// What may be in the archive, by the first part of its path.
const KNOWN: [&str; 9] = [
    SECRETS,
    "credentials.json",
    WTS_CLIENT,
    OPTIONS,
    RUN,
    "commons.toml",
    "keys",
    "keys.retired",
    CONFIGURATION,
];

/// Refuses an archive with files that no backup has: anybody may have made one for a public key.
///
/// # Errors
/// For the first of them.
pub(super) fn check(files: &[Sealed]) -> Result<(), BackupError> {
    let is_known = |file: &&Sealed| {
        let first = file.path.split('/').next().unwrap_or_default();
        KNOWN.contains(&first)
    };
    match files.iter().find(|file| !is_known(file)) {
        Some(other) => {
            Err(BackupError::damaged("the keys and secrets", format!("they have a file {:?}", other.path)))
        }
        None => Ok(()),
    }
}

/// Writes files for their owner only.
///
/// # Errors
/// When one cannot be written.
pub(super) fn write(ground: &Ground, files: &[Sealed]) -> anyhow::Result<()> {
    files.iter().try_for_each(|file| write_file(ground, &file.path, &file.content))
}

/// # Errors
/// When it cannot be written.
pub(super) fn write_dictionary(ground: &Ground, text: &[u8]) -> anyhow::Result<()> {
    write_file(ground, &format!("{CONFIGURATION}/{DICTIONARY}"), text)
}

fn write_file(ground: &Ground, name: &str, content: &[u8]) -> anyhow::Result<()> {
    let path = ground.state.path(name);
    let told = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(told)?;
    }
    let mut file = OpenOptions::new();
    let mut file = file.write(true).create_new(true).mode(0o600).open(&path).with_context(told)?;
    file.write_all(content).with_context(told)
}

/// Brings what the state folder remembers to where things are now: the files that options name are in the
/// state folder, and the databases are on their new server.
///
/// # Errors
/// When a file is not what it should be.
pub(super) fn adjust(
    ground: &Ground,
    manifest: &Manifest,
    files: &[Sealed],
    target: &Target,
) -> anyhow::Result<()> {
    let path = ground.state.path(OPTIONS);
    let mut options: IndexMap<String, Vec<String>> = read_json(&path)?.unwrap_or_default();
    let there = |name: &str| ground.wanted.join(name).to_string_lossy().into_owned();
    for file in files {
        let parts: Vec<&str> = file.path.split('/').collect();
        let [CONFIGURATION, option, index, _] = parts.as_slice() else { continue };
        let value = index.parse().ok().and_then(|index: usize| options.get_mut(*option)?.get_mut(index));
        if let Some(value) = value {
            *value = there(&file.path);
        }
    }
    options.shift_remove("state");
    options.shift_remove("database-url");
    if let Some(url) = target.url() {
        options.insert("database-url".to_owned(), vec![url.to_owned()]);
    }
    let source = manifest.dictionary.as_ref().and_then(|dictionary| dictionary.source.clone());
    // Whoever gives an address wants what is there now.
    let source = source.map(|source| {
        if source.contains("://") { source } else { there(&format!("{CONFIGURATION}/{DICTIONARY}")) }
    });
    if manifest.dictionary.is_some() {
        options.shift_remove("dictionary");
    }
    if let Some(source) = &source {
        options.insert("dictionary".to_owned(), vec![source.clone()]);
    }
    write_json(&path, &options)?;
    let path = ground.state.path(RUN);
    if let Some(run) = read_json::<Run>(&path)? {
        let databases = match target.url() {
            Some(url) => {
                let url = |name: DatabaseName| {
                    let name = name.as_str();
                    Ok((name.to_owned(), renamed(url, name).context("--database-url is not a URL")?))
                };
                DatabaseName::ALL.into_iter().map(url).collect::<anyhow::Result<_>>()?
            }
            None => run.databases,
        };
        let private_databases = target.url().is_none();
        let dictionary = if manifest.dictionary.is_some() { source } else { run.dictionary };
        write_json(&path, &Run { databases, private_databases, dictionary, pid: 0, ..run })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_has_only_what_backups_have() {
        let file = |path: &str| Sealed { path: path.to_owned(), content: Vec::new() };
        assert!(check(&[file("secrets.json"), file("keys/2026/jwt_private_key.pem")]).is_ok());
        let refused = check(&[file("secrets.json"), file("postgres/pg_hba.conf")]).unwrap_err();
        assert!(refused.is_damage() && refused.to_string().contains("pg_hba"), "{refused}");
    }
}
