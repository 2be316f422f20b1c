//! Access files of dbGaP: finding, decrypting and merging them into a user.yaml.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};
use dbgap::{Access, Settings, StudyProjects};
use serde::Deserialize;
use useryaml::UserYaml;

use crate::failure;

/// At most this many warnings are told one by one.
const TOLD: usize = 20;
/// The variable that hands the key to the decrypting program, so that no list of processes shows it.
const KEY_VARIABLE: &str = "COMMONS_DBGAP_KEY";

/// Where the files are, and what says how to read them.
pub(crate) struct Files<'a> {
    /// Files, and folders of files.
    pub(crate) paths: &'a [PathBuf],
    /// fence-config.yaml.
    pub(crate) fence_config: Option<&'a Path>,
    /// Which projects stand for a study.
    pub(crate) projects: Option<&'a Path>,
}

/// Adds what the files say to `users`.
///
/// # Errors
/// When a file cannot be read: access that is not understood would be access that goes.
pub(crate) fn merge(files: &Files<'_>, users: &mut UserYaml) -> anyhow::Result<()> {
    let settings = settings(files.fence_config)?;
    let projects: StudyProjects = match files.projects {
        Some(file) => read_yaml(file)?,
        None => StudyProjects::new(),
    };
    let mut access = Access::default();
    for path in listed(files.paths)? {
        let told = || format!("cannot read {}", path.display());
        let bytes = fs::read(&path).with_context(told)?;
        let encrypted = path.extension().is_some_and(|ending| ending == "enc");
        for settings in &settings {
            let text = if encrypted && !bytes.is_empty() {
                decrypted(&path, &settings.decrypt_key).with_context(told)?
            } else {
                bytes.clone()
            };
            let text = String::from_utf8(text).context("it is not UTF-8").with_context(told)?;
            access.add(&path.to_string_lossy(), &text, settings, &projects)?;
        }
    }
    for warning in access.warnings.iter().take(TOLD) {
        failure::warn(warning);
    }
    if let Some(more @ 1..) = access.warnings.len().checked_sub(TOLD) {
        failure::warn(&format!("and {more} more rows or files were left out"));
    }
    access.merge(users);
    Ok(())
}

/// The files, those of folders in the order of their names.
fn listed(paths: &[PathBuf]) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            let entries = fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))?;
            let mut found: Vec<PathBuf> =
                entries.map(|entry| Ok(entry?.path())).collect::<std::io::Result<_>>()?;
            found.retain(|file| file.is_file());
            found.sort();
            files.extend(found);
        } else {
            files.push(path.clone());
        }
    }
    if files.is_empty() {
        bail!("no access file was found; nobody's access by dbGaP is changed");
    }
    Ok(files)
}

#[derive(Default, Deserialize)]
struct FenceConfig {
    #[serde(default, rename = "dbGaP")]
    dbgap: Vec<Settings>,
}

fn settings(fence_config: Option<&Path>) -> anyhow::Result<Vec<Settings>> {
    let config: FenceConfig = match fence_config {
        Some(file) => read_yaml(file)?,
        None => FenceConfig::default(),
    };
    Ok(if config.dbgap.is_empty() { vec![Settings::default()] } else { config.dbgap })
}

fn read_yaml<T: serde::de::DeserializeOwned>(file: &Path) -> anyhow::Result<T> {
    let told = || format!("cannot use {}", file.display());
    let text = fs::read_to_string(file).with_context(told)?;
    serde_yaml_ng::from_str(&text).with_context(told)
}

/// By the program that dbGaP encrypts with, ccrypt.
fn decrypted(file: &Path, key: &str) -> anyhow::Result<Vec<u8>> {
    let key = if key.is_empty() { env::var(KEY_VARIABLE).unwrap_or_default() } else { key.to_owned() };
    if key.is_empty() {
        bail!("it is encrypted, and neither `decrypt_key` nor {KEY_VARIABLE} says the key");
    }
    let mut ccrypt = Command::new("ccrypt");
    ccrypt.args(["--cat", "--envvar", KEY_VARIABLE]).env(KEY_VARIABLE, key).arg("--").arg(file);
    let done = ccrypt.output().context("ccrypt cannot be run; install the package ccrypt")?;
    if !done.status.success() {
        bail!("ccrypt says: {}", String::from_utf8_lossy(&done.stderr).trim());
    }
    Ok(done.stdout)
}
