//! With which settings a commons runs, and where each comes from. Pure.

use indexmap::IndexMap;
use serde::Serialize;

/// Whose settings they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Covers {
    /// Nobody's: whoever has started it had no command line.
    #[default]
    Nothing,
    /// This service's: the others run by themselves, and theirs are not known here.
    Service,
    /// All of the commons'.
    Commons,
}

/// The settings of the command that runs. Whoever gives them has masked what is secret.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Configuration {
    /// The command, as in `up` or `serve operations`.
    pub command: Option<String>,
    /// Whose they are.
    pub covers: Covers,
    /// The settings file, where there is one.
    pub settings_file: Option<String>,
    /// All options of the command by their long names.
    pub options: IndexMap<String, Setting>,
}

/// An option and what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Setting {
    /// Its value; several have commas between them. `null` where it is not set.
    pub value: Option<String>,
    /// Whether something of the value is kept from view.
    pub masked: bool,
    /// The kind of place that it comes from, as `commons config --json` calls it: `command_line`,
    /// `environment`, `file`, `remembered` or `default`.
    pub from: &'static str,
    /// The variable or the file.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// What the option means.
    pub meaning: String,
}
