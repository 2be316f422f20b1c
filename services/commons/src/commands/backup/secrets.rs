//! Keys, passwords and configuration: the files that are sealed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use backup::seal::Sealed;
use indexmap::IndexMap;

use crate::state::{SECRETS, State, WTS_CLIENT, read_json};

/// Folder of the files that options name, which are elsewhere on the machine.
pub(crate) const CONFIGURATION: &str = "configuration";
/// What the commons was told at its last start.
pub(crate) const OPTIONS: &str = "options.json";
/// What ran last.
pub(crate) const RUN: &str = "run.json";

/// Files of a state folder.
const FILES: [&str; 6] = [SECRETS, "credentials.json", WTS_CLIENT, OPTIONS, RUN, "commons.toml"];
/// Folders of keys, one folder for each pair in them.
const FOLDERS: [&str; 2] = ["keys", "keys.retired"];
/// Options that name files. The dictionary is kept by itself.
const OPTIONS_WITH_FILES: [&str; 9] = [
    "aggregate-config",
    "etl-mapping",
    "guppy-config",
    "hatchery-config",
    "requestor-config",
    "wts-config",
    "archive-tiers",
    "buckets",
    "tls",
];
/// The largest of these files, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;
/// Most files.
const MOST: usize = 10_000;

/// Which files are sealed.
pub(super) enum Files {
    /// Those of a state folder, and those that its options name.
    State(State),
    /// These.
    Named { keys: Option<PathBuf>, configuration: Vec<PathBuf> },
}

impl Files {
    pub(super) fn of_state(state: State) -> Self {
        Self::State(state)
    }

    pub(super) fn named(keys: Option<PathBuf>, configuration: Vec<PathBuf>) -> Self {
        Self::Named { keys, configuration }
    }

    /// Reads them.
    ///
    /// # Errors
    /// When one cannot be read, or is too large to be what it should be.
    pub(super) fn read(&self) -> anyhow::Result<Vec<Sealed>> {
        let mut files = Vec::new();
        match self {
            Self::State(state) => {
                for name in FILES {
                    add(&mut files, &state.path(name), name)?;
                }
                for name in FOLDERS {
                    add_folder(&mut files, &state.path(name), name)?;
                }
                add_named_by_options(&mut files, &state.path(OPTIONS))?;
            }
            Self::Named { keys, configuration } => {
                if let Some(keys) = keys {
                    add_folder(&mut files, keys, "keys")?;
                }
                for (index, path) in configuration.iter().enumerate() {
                    anyhow::ensure!(path.is_file(), "--configuration: there is no file {}", path.display());
                    add(&mut files, path, &format!("{CONFIGURATION}/{index}/{}", name_of(path)))?;
                }
            }
        }
        Ok(files)
    }
}

fn add_named_by_options(files: &mut Vec<Sealed>, options: &Path) -> anyhow::Result<()> {
    let options: IndexMap<String, Vec<String>> = read_json(options)?.unwrap_or_default();
    for name in OPTIONS_WITH_FILES {
        for (index, value) in options.get(name).into_iter().flatten().enumerate() {
            let path = Path::new(value);
            add(files, path, &format!("{CONFIGURATION}/{name}/{index}/{}", name_of(path)))?;
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Adds a file, if it is there.
fn add(files: &mut Vec<Sealed>, path: &Path, name: &str) -> anyhow::Result<()> {
    let told = || format!("cannot read {}", path.display());
    let size = match fs::metadata(path) {
        Ok(about) if about.is_file() => about.len(),
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(told),
    };
    if size > LARGEST || files.len() >= MOST {
        bail!("{} is not backed up: keys and configuration are smaller, and fewer", path.display());
    }
    files.push(Sealed { path: name.to_owned(), content: fs::read(path).with_context(told)? });
    Ok(())
}

/// Adds all files below a folder, if it is there.
fn add_folder(files: &mut Vec<Sealed>, folder: &Path, name: &str) -> anyhow::Result<()> {
    let told = || format!("cannot read {}", folder.display());
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries.with_context(told)?,
    };
    let mut paths: Vec<PathBuf> =
        entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>().with_context(told)?;
    paths.sort_unstable();
    for path in paths {
        let name = format!("{name}/{}", name_of(&path));
        if path.is_dir() {
            add_folder(files, &path, &name)?;
        } else {
            add(files, &path, &name)?;
        }
    }
    Ok(())
}
