//! What the sources of options have in common: options by name, their values, and where a value comes from.

use std::path::PathBuf;

use clap::{Arg, ArgAction, Command};
use indexmap::IndexMap;
use serde::Serialize;

use super::masked::{masked, without_passwords};

/// The long name of the option for the state folder.
pub(super) const STATE_OPTION: &str = "state";
/// The argument of the option `--state`.
pub(super) const STATE: &str = "folder";
/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "from", content = "where", rename_all = "snake_case")]
pub(crate) enum Source {
    /// The command line.
    CommandLine,
    /// A variable: the one of this name, or the one that is named after the option.
    Environment(Option<String>),
    /// The settings file.
    File(PathBuf),
    /// An earlier start on the same state folder.
    Remembered(PathBuf),
    /// The program.
    Default,
}

impl Source {
    /// The source of the option `name`, in words.
    pub(crate) fn describe(&self, name: &str) -> String {
        match self {
            Self::CommandLine => "the command line".to_owned(),
            Self::Environment(Some(variable)) => format!("the variable {variable}"),
            Self::Environment(None) => format!("the variable {}", variable(name)),
            Self::File(path) => path.display().to_string(),
            Self::Remembered(_) => "an earlier start (--forget starts without)".to_owned(),
            Self::Default => "default".to_owned(),
        }
    }
}

/// An option and what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Effective {
    /// Long name of the option.
    pub(crate) name: String,
    /// Its values; empty when it is not set.
    pub(crate) values: Vec<String>,
    pub(crate) source: Source,
    /// Whether the value is to be kept from view.
    pub(crate) is_secret: bool,
    /// Whether the value is a path or an address.
    pub(crate) is_path: bool,
    /// What the option means.
    pub(crate) meaning: String,
}

impl Effective {
    /// The value for people: secrets are not shown.
    pub(crate) fn shown(&self) -> String {
        let shown = |value: &String| if self.is_secret { masked(value) } else { without_passwords(value) };
        self.values.iter().map(shown).collect::<Vec<_>>().join(",")
    }
}

/// The values of one source, by the long name of the option.
#[derive(Debug, Clone)]
pub(super) struct Layer {
    pub(super) source: Source,
    pub(super) values: IndexMap<String, Vec<String>>,
}

/// Every option of the command with its value and its source.
#[derive(Debug, Clone, Default)]
pub(crate) struct Origins {
    /// The settings file, if there is one.
    pub(crate) file: Option<PathBuf>,
    pub(crate) options: Vec<Effective>,
}

/// Why a command line, or what completes it, cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    /// The words of clap, which may also be the help; and where the value in question was found.
    #[error("{0}")]
    CommandLine(#[source] clap::Error, Option<String>),
    /// The settings file or the state folder's memory cannot be used.
    #[error("{0}")]
    Settings(String),
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

/// What an option means.
pub(super) fn help(argument: &Arg) -> String {
    let help = argument.get_long_help().or_else(|| argument.get_help());
    help.map(ToString::to_string).unwrap_or_default()
}

/// The variable of an option: `COMMONS_PUBLIC_URL` for `--public-url`.
pub(super) fn variable(option: &str) -> String {
    format!("COMMONS_{}", option.replace('-', "_").to_uppercase())
}

/// Whether the value of a path option is no path: an address, or the word for what the program brings along.
pub(super) fn is_address_or_word(text: &str) -> bool {
    text.contains("://") || text == crate::dictionaries::BUILT_IN
}
