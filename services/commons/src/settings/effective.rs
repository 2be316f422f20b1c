//! What a command will use, and where each value comes from.

use clap::{ArgMatches, Command, parser::ValueSource};

use super::model::{self, Effective, Layer, Source};

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
            Source::Environment(None) => Source::Environment(Some(model::variable(name))),
            other => other,
        };
        Effective {
            name: name.to_owned(),
            values,
            source,
            is_secret: argument.is_hide_env_values_set(),
            is_path: model::is_path(argument),
            meaning: model::help(argument),
        }
    };
    model::options(command).map(effective).collect()
}
