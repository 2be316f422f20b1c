//! Where the settings file and the state folder of a command are.

use std::{
    env,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Command, parser::ValueSource};

use super::{
    file,
    model::{Refusal, STATE},
};

/// Name of the settings file.
pub(super) const FILE: &str = "commons.toml";
/// The argument `--settings`.
const SETTINGS: &str = "settings";
/// The argument `--forget`.
const FORGET: &str = "forget";

/// Where things are.
pub(super) struct Places {
    /// The settings file, if there is one.
    pub(super) file: Option<PathBuf>,
    pub(super) state: PathBuf,
    /// Whether what earlier starts were told does not count.
    pub(super) forget: bool,
}

impl Places {
    /// The settings file is the one that is named, else `commons.toml` in the current folder, else the one in
    /// the state folder. The state folder is the one that is named, else that of the settings file.
    ///
    /// # Errors
    /// When the file that is named is not there, or the one that is found cannot be read.
    pub(super) fn find(plain: &Command, matches: &ArgMatches) -> Result<Self, Refusal> {
        let path = |id: &str| matches.try_get_one::<PathBuf>(id).ok().flatten().cloned();
        let forget = matches.try_get_one::<bool>(FORGET).ok().flatten().copied().unwrap_or(false);
        let named = path(SETTINGS).or_else(|| env::var_os("COMMONS_SETTINGS").map(PathBuf::from));
        if let Some(named) = &named
            && !named.is_file()
        {
            return Err(Refusal::Settings(format!("there is no settings file {}", named.display())));
        }
        let state = path(STATE);
        let is_chosen = state.is_some() && matches.value_source(STATE) != Some(ValueSource::DefaultValue);
        let here = || Some(PathBuf::from(FILE)).filter(|file| file.is_file());
        let mut file = named.or_else(here);
        let mut folder = state.unwrap_or_else(|| PathBuf::from(".commons"));
        if let (Some(file), false) = (&file, is_chosen)
            && let Some(of_file) = file::state_folder(plain, file)?
        {
            folder = of_file;
        }
        if file.is_none() {
            file = Some(folder.join(FILE)).filter(|file| file.is_file());
        }
        Ok(Self { file: file.map(|file| absolute(&file)), state: folder, forget })
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}
