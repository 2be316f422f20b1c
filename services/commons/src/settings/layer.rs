//! The sources that complete a command line, the first of which has precedence.

use std::env;

use clap::{Arg, ArgAction, Command};
use indexmap::IndexMap;

use super::{Refusal, effective::Source, file, places::Places, remembered};

/// The values of one source, by the long name of the option.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) values: IndexMap<String, Vec<String>>,
}

/// The layers of the command `path`.
///
/// # Errors
/// When the settings file or the state folder's memory cannot be read, or the file names an option that the
/// program does not have.
pub(super) fn all(plain: &Command, path: &[String], places: &Places) -> Result<Vec<Layer>, Refusal> {
    let command = find(plain, path);
    let mut layers = Vec::new();
    if takes_settings(path) {
        layers.push(environment(command));
    }
    if let Some(settings) = &places.file {
        layers.push(file::layer(plain, path, settings)?);
    }
    if path == ["up"] && !places.forget {
        layers.push(remembered::layer(&places.state)?);
    }
    Ok(layers)
}

/// Whether all options of the command can be given elsewhere: those that run something for long.
pub(super) fn takes_settings(path: &[String]) -> bool {
    matches!(path.first().map(String::as_str), Some("up" | "serve"))
}

/// The command at `path`.
pub(super) fn find<'a>(plain: &'a Command, path: &[String]) -> &'a Command {
    path.iter().fold(plain, |command, name| command.find_subcommand(name).unwrap_or(command))
}

/// The options of a command that can be given elsewhere.
pub(super) fn options(command: &Command) -> impl Iterator<Item = (&str, &Arg)> {
    const NEVER: [&str; 6] = ["help", "version", "settings", "state", "verbose", "quiet"];
    command.get_arguments().filter_map(|argument| {
        let name = argument.get_long().filter(|name| !NEVER.contains(name))?;
        (!argument.is_hide_set()).then_some((name, argument))
    })
}

/// Whether an option is a path, so that a relative one belongs to where it was written.
pub(super) fn is_path(argument: &Arg) -> bool {
    let names = argument.get_value_names().unwrap_or_default();
    names.iter().any(|name| name.contains("FILE") || name.contains("DIR"))
}

/// Whether an option takes more than one value.
pub(super) fn takes_many(argument: &Arg) -> bool {
    matches!(argument.get_action(), ArgAction::Append) || argument.get_value_delimiter().is_some()
}

/// The variable of an option: `COMMONS_PUBLIC_URL` for `--public-url`.
pub(super) fn variable(option: &str) -> String {
    format!("COMMONS_{}", option.replace('-', "_").to_uppercase())
}

fn environment(command: &Command) -> Layer {
    let value = |(name, argument): (&str, &Arg)| {
        let value = env::var(variable(name)).ok().filter(|value| !is_of_kubernetes(value))?;
        let values = match argument.get_value_delimiter() {
            Some(delimiter) => value.split(delimiter).map(str::to_owned).collect(),
            None => vec![value],
        };
        Some((name.to_owned(), values))
    };
    Layer { source: Source::Environment(None), values: options(command).filter_map(value).collect() }
}

/// Kubernetes gives every container of a namespace with a service `commons` a `COMMONS_PORT=tcp://10.0.0.1:80`.
fn is_of_kubernetes(value: &str) -> bool {
    value.starts_with("tcp://") || value.starts_with("udp://")
}
