//! What administrators of a running commons are told of its options.

use operations::{Configuration, Covers, Setting};

use super::model::{Effective, Origins, Source};

impl Origins {
    /// The options of the command that runs, without what is secret of them.
    pub(crate) fn told(&self, command: &str, covers: Covers) -> Configuration {
        let options = self.options.iter().map(|option| (option.name.clone(), setting(option)));
        Configuration {
            command: Some(command.to_owned()),
            covers,
            settings_file: self.file.as_ref().map(|file| file.display().to_string()),
            options: options.collect(),
        }
    }
}

fn setting(option: &Effective) -> Setting {
    let (from, place) = match &option.source {
        Source::CommandLine => ("command_line", None),
        Source::Environment(variable) => ("environment", variable.clone()),
        Source::File(file) => ("file", Some(file.display().to_string())),
        Source::Remembered(file) => ("remembered", Some(file.display().to_string())),
        Source::Default => ("default", None),
    };
    let value = (!option.values.is_empty()).then(|| option.shown());
    let masked = value.as_ref().is_some_and(|shown| *shown != option.values.join(","));
    Setting { value, masked, from, place, meaning: option.meaning.clone() }
}
