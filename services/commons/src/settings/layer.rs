//! The sources that complete a command line, the first of which has precedence.

use std::env;

use clap::{Arg, Command};

use super::{
    file,
    model::{Layer, Refusal, Source, find, options, takes_settings, variable},
    places::Places,
    remembered,
};

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

/// Kubernetes gives containers in a namespace with a service `commons` a `COMMONS_PORT=tcp://10.0.0.1:80`.
fn is_of_kubernetes(value: &str) -> bool {
    value.starts_with("tcp://") || value.starts_with("udp://")
}
