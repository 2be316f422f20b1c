//! Where the options of a command come from. An option is taken from the first of these that has it: the
//! command line, the environment, the settings file, what the state folder remembers of earlier starts, and
//! the program's own default.
//!
//! What is not on the command line becomes a default of clap's, so that values from everywhere are read by
//! the same rules and refused with the same words.

mod apply;
mod effective;
mod file;
mod layer;
mod masked;
mod meaning;
mod model;
mod places;
mod remembered;
mod told;

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use clap::{ArgMatches, Command, CommandFactory as _, FromArgMatches as _, error::ErrorKind};

use crate::cli::Cli;
pub(crate) use masked::without_passwords;
pub(crate) use meaning::Meaning;
use model::Layer;
pub(crate) use model::{Effective, Origins, Refusal, Source};
use places::Places;
pub(crate) use remembered::remember;

/// The command, and what is known of its options.
pub(crate) struct Settings {
    pub(crate) cli: Cli,
    pub(crate) origins: Origins,
}

/// Reads the command line and completes it.
///
/// # Errors
/// See [`Refusal`]; a wish for help is one, too.
pub(crate) fn read(arguments: &[OsString]) -> Result<Settings, Refusal> {
    let plain = apply::with_negative_numbers(Cli::command());
    // The first look finds out what is to be completed; what is wrong is said by the second.
    let Ok(first) = apply::with_switches(plain.clone()).ignore_errors(true).try_get_matches_from(arguments)
    else {
        return finish(plain, arguments, &[], None);
    };
    let (path, matches) = command_path(&first);
    let places = Places::find(&plain, matches)?;
    let layers = layer::all(&plain, &path, &places)?;
    let command = apply::complete(plain, &path, &layers);
    finish(command, arguments, &layers, places.file)
}

/// Whether the options of the command `path` can be given by variables and in a settings file.
pub(crate) fn has_settings(path: &[&str]) -> bool {
    match path {
        ["up"] => true,
        ["serve", service] => {
            let plain = Cli::command();
            plain.find_subcommand("serve").is_some_and(|serve| serve.find_subcommand(service).is_some())
        }
        _ => false,
    }
}

/// Every option of the command `path`, as it would be if it were called with `arguments` alone.
///
/// # Errors
/// When the settings file cannot be used.
pub(crate) fn effective(path: &[&str], arguments: &[OsString]) -> Result<Origins, Refusal> {
    let plain = Cli::command();
    let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
    let line = std::iter::once(OsString::from("commons"))
        .chain(path.iter().map(OsString::from))
        .chain(arguments.iter().cloned())
        .collect::<Vec<_>>();
    let matched = |command: Command| {
        let matched = command.ignore_errors(true).try_get_matches_from(&line);
        matched.map_err(|error| Refusal::CommandLine(error, None))
    };
    let first = matched(apply::with_switches(plain.clone()))?;
    let places = Places::find(&plain, command_path(&first).1)?;
    let layers = layer::all(&plain, &path, &places)?;
    let command = apply::complete(plain, &path, &layers);
    let matches = matched(command.clone())?;
    let options = effective::options(&command, &matches, &layers);
    Ok(Origins { file: places.file, options })
}

/// What the option of the command `path` means that `key` names.
///
/// # Errors
/// The names of the options that are meant, perhaps.
pub(crate) fn meaning(path: &[&str], key: &str) -> Result<Meaning, Vec<String>> {
    let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
    meaning::find(model::find(&Cli::command(), &path), key)
}

/// The options of `commons up` that `table` has, as arguments of a command line. Relative paths count from
/// `folder`.
///
/// # Errors
/// When one is no option of that command, or has a value of a wrong kind.
pub(crate) fn up_arguments(table: toml::Table, folder: &Path) -> Result<Vec<String>, String> {
    let options = file::up_section(&Cli::command(), table, folder)?;
    let argument = |(name, values): (String, Vec<String>)| {
        values.into_iter().map(move |value| format!("--{name}={value}"))
    };
    Ok(options.into_iter().flat_map(argument).collect())
}

fn finish(
    command: Command,
    arguments: &[OsString],
    layers: &[Layer],
    file: Option<PathBuf>,
) -> Result<Settings, Refusal> {
    let refused = |error: clap::Error| {
        let note = found_in(&error, layers);
        Refusal::CommandLine(error, note)
    };
    let matches = command.clone().try_get_matches_from(arguments).map_err(refused)?;
    let options = effective::options(&command, &matches, layers);
    let cli = Cli::from_arg_matches(&matches).map_err(refused)?;
    Ok(Settings { cli, origins: Origins { file, options } })
}

/// The names of the subcommands that were chosen, and the matches of the last.
fn command_path(matches: &ArgMatches) -> (Vec<String>, &ArgMatches) {
    let (mut path, mut last) = (Vec::new(), matches);
    while let Some((name, below)) = last.subcommand() {
        path.push(name.to_owned());
        last = below;
    }
    (path, last)
}

/// Where a value that clap refuses was found, if it is not on the command line.
fn found_in(error: &clap::Error, layers: &[Layer]) -> Option<String> {
    if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
        return None;
    }
    let argument = error.get(clap::error::ContextKind::InvalidArg)?.to_string();
    let name = argument.trim_start_matches("--").split([' ', '=', '[', '<']).next()?;
    let value = error.get(clap::error::ContextKind::InvalidValue)?.to_string();
    let given = layers.iter().find_map(|layer| layer.values.get(name).map(|values| (layer, values)))?;
    given.1.contains(&value).then(|| format!("{value:?} is from {}", given.0.source.describe(name)))
}

#[cfg(test)]
mod tests;
