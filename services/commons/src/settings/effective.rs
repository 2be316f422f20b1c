//! What a command will use, and where each value comes from.

use std::path::PathBuf;

use clap::{ArgMatches, Command, parser::ValueSource};
use serde::Serialize;

use super::layer::{self, Layer};

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
            Self::Environment(None) => format!("the variable {}", layer::variable(name)),
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
}

impl Effective {
    /// The value for people: secrets are not shown.
    pub(crate) fn shown(&self) -> String {
        let shown = |value: &String| if self.is_secret { masked(value) } else { value.clone() };
        self.values.iter().map(shown).collect::<Vec<_>>().join(",")
    }
}

/// A secret without what is secret of it: of an address all but the password is shown.
fn masked(value: &str) -> String {
    match url::Url::parse(value) {
        Ok(mut url) if url.has_host() => {
            if url.password().is_some() {
                // An address that has a host can have a password.
                let _ = url.set_password(Some("***"));
            }
            url.into()
        }
        _ => "***".to_owned(),
    }
}

/// All options of the command that was chosen.
pub(super) fn options(command: &Command, matches: &ArgMatches, layers: &[Layer]) -> Vec<Effective> {
    let (mut command, mut matches) = (command, matches);
    while let Some((name, below)) = matches.subcommand() {
        let Some(next) = command.find_subcommand(name) else { break };
        (command, matches) = (next, below);
    }
    let effective = |(name, argument): (&str, &clap::Arg)| {
        let id = argument.get_id().as_str();
        let raw = matches.try_get_raw(id).ok().flatten();
        let values: Vec<String> =
            raw.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect();
        let source = match matches.try_contains_id(id).ok().and_then(|_| matches.value_source(id)) {
            Some(ValueSource::CommandLine) => Source::CommandLine,
            Some(ValueSource::EnvVariable) => {
                Source::Environment(argument.get_env().map(|name| name.to_string_lossy().into_owned()))
            }
            _ => layers
                .iter()
                .find(|layer| layer.values.contains_key(name))
                .map_or(Source::Default, |layer| layer.source.clone()),
        };
        let source = match source {
            Source::Environment(None) => Source::Environment(Some(layer::variable(name))),
            other => other,
        };
        Effective {
            name: name.to_owned(),
            values,
            source,
            is_secret: argument.is_hide_env_values_set(),
            is_path: layer::is_path(argument),
        }
    };
    layer::options(command).map(effective).collect()
}

#[cfg(test)]
mod tests {
    use super::masked;

    #[test]
    fn secrets_are_kept_from_view() {
        assert_eq!(masked("postgres://ada:secret@db:5432/x"), "postgres://ada:***@db:5432/x");
        assert_eq!(masked("postgres://db/x"), "postgres://db/x");
        assert_eq!(masked("ada:secret"), "***");
    }
}
