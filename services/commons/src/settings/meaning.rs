//! What an option means.

use clap::{Arg, Command};
use serde::Serialize;

use super::model::{help, options, variable};

/// What is known of an option, whatever value it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Meaning {
    /// Its long name, which is its key in the settings file, too.
    pub(crate) option: String,
    /// Its help.
    pub(crate) meaning: String,
    /// What it is without being given; empty where it is nothing then.
    pub(crate) default: Vec<String>,
    /// The variables that give it, the strongest first.
    pub(crate) variables: Vec<String>,
    /// The words that it may be, where there are only some.
    pub(crate) choices: Vec<String>,
}

impl Meaning {
    fn of(name: &str, argument: &Arg) -> Self {
        let historic = argument.get_env().map(|name| name.to_string_lossy().into_owned());
        let own = variable(name);
        let mut variables: Vec<String> = historic.into_iter().filter(|name| *name != own).collect();
        variables.push(own);
        let possible = argument.get_possible_values();
        Self {
            option: name.to_owned(),
            meaning: help(argument),
            default: argument
                .get_default_values()
                .iter()
                .map(|value| value.to_string_lossy().into())
                .collect(),
            variables,
            choices: possible.iter().map(|value| value.get_name().to_owned()).collect(),
        }
    }

    fn is_called(&self, key: &str) -> bool {
        self.option == key.trim_start_matches("--").replace('_', "-")
            || self.variables.iter().any(|name| name == key)
    }
}

/// The option of `command` that `key` names: by its name, as on the command line or in the settings file, or
/// by a variable.
///
/// # Errors
/// The names of the options that are meant, perhaps; all of them where none is like it.
pub(super) fn find(command: &Command, key: &str) -> Result<Meaning, Vec<String>> {
    let mut all: Vec<Meaning> =
        options(command).map(|(name, argument)| Meaning::of(name, argument)).collect();
    if let Some(found) = all.iter().position(|meaning| meaning.is_called(key)) {
        return Ok(all.swap_remove(found));
    }
    let wanted = key.trim_start_matches("--").replace('_', "-").to_lowercase();
    let is_like =
        |name: &String| !wanted.is_empty() && (name.contains(&wanted) || wanted.contains(name.as_str()));
    let mut names: Vec<String> = all.into_iter().map(|meaning| meaning.option).collect();
    names.sort_unstable();
    let like: Vec<String> = names.iter().filter(|name| is_like(name)).cloned().collect();
    Err(if like.is_empty() { names } else { like })
}
