//! What a state folder remembers of earlier starts, so that a start without options serves the same records.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::model::{Layer, Origins, Refusal, Source, is_address_or_word};
use crate::state::{State, read_json, write_json};

const FILE: &str = "options.json";
/// Options that are about one start.
const OF_ONE_START: [&str; 7] = ["demo", "json", "yes", "detach", "forget", "user-yaml", "remote-calls"];
/// Options that decide which records are seen. They are remembered even if the settings file names them: who
/// loses the file must not lose sight of the records.
const OF_RECORDS: [&str; 2] = ["dictionary", "database-url"];

/// Values by the long name of the option.
type Options = IndexMap<String, Vec<String>>;

/// What the state folder remembers.
///
/// # Errors
/// When its memory is damaged.
pub(super) fn layer(state: &Path) -> Result<Layer, Refusal> {
    let path = state.join(FILE);
    let values: Option<Options> = read_json(&path).map_err(|error| {
        let is_denied = error.chain().any(|cause| {
            let error = cause.downcast_ref::<std::io::Error>();
            error.is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
        });
        let folder = std::path::absolute(state).unwrap_or_else(|_| state.to_owned());
        Refusal::Settings(if is_denied {
            let folder = folder.display();
            format!("the state folder {folder} belongs to somebody else; name another one with --state")
        } else {
            format!("{error:#}; remove it to start without")
        })
    })?;
    Ok(Layer { source: Source::Remembered(path), values: values.unwrap_or_default() })
}

/// Remembers the options of a start that went well.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn remember(state: &State, origins: &Origins) -> anyhow::Result<()> {
    let path: PathBuf = state.path(FILE);
    let before: Option<Options> = read_json(&path).ok().flatten();
    let options = worth_remembering(origins);
    if before.as_ref() == Some(&options) || (before.is_none() && options.is_empty()) {
        return Ok(());
    }
    write_json(&path, &options)
}

fn worth_remembering(origins: &Origins) -> Options {
    let mut options = Options::new();
    for option in &origins.options {
        let name = option.name.as_str();
        let is_chosen = match option.source {
            Source::Default => false,
            Source::File(_) => OF_RECORDS.contains(&name),
            Source::CommandLine | Source::Environment(_) | Source::Remembered(_) => true,
        };
        // Port 0 is another port at each start, and nothing to come back to.
        let is_nothing = option.values.is_empty() || (name == "port" && option.values == ["0"]);
        if is_chosen && !is_nothing && !OF_ONE_START.contains(&name) {
            let value = |value: &String| if option.is_path { absolute(value) } else { value.clone() };
            options.insert(name.to_owned(), option.values.iter().map(value).collect());
        }
    }
    options
}

/// A relative path is one from the folder of this start.
fn absolute(value: &str) -> String {
    if is_address_or_word(value) {
        return value.to_owned();
    }
    std::path::absolute(value).map_or_else(|_| value.to_owned(), |path| path.to_string_lossy().into_owned())
}
