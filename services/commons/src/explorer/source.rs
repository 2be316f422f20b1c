//! Which mapping, and which configuration of guppy.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, anyhow};
use dictionary::Dictionary;
use tube::{Etl, Form, Suggestion};

use crate::failure::Failure;

/// The folder of the indices in a state folder.
pub(crate) const FOLDER: &str = "search";
/// What the names of suggested indices begin with.
const PREFIX: &str = "commons";
/// guppy's configuration where there is nothing to search.
const NOTHING: &str = r#"{"indices": []}"#;

/// Which mapping, and which configuration of guppy: files, or what a dictionary suggests.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// etlMapping.yaml.
    pub(crate) mapping: Option<PathBuf>,
    /// guppy's configuration.
    pub guppy: Option<PathBuf>,
    /// There is no explorer: nothing is made, and nothing is searched.
    pub off: bool,
}

impl Source {
    /// What is suggested for a dictionary.
    pub(crate) fn suggested(dictionary: &Dictionary) -> Option<Suggestion> {
        tube::suggest(dictionary, PREFIX)
    }

    /// The text of the mapping; none if the dictionary has nothing to search, or there is no explorer.
    ///
    /// # Errors
    /// The file cannot be read.
    pub(crate) fn mapping(&self, dictionary: &Dictionary) -> anyhow::Result<Option<String>> {
        if self.off {
            return Ok(None);
        }
        match &self.mapping {
            Some(file) => read(file).map(Some),
            None => Ok(Self::suggested(dictionary).map(|suggested| suggested.mapping)),
        }
    }

    /// guppy's configuration: of the file, else of the indices of the mapping.
    ///
    /// # Errors
    /// A file cannot be read, or the mapping cannot be used.
    pub(crate) fn guppy(&self, dictionary: &Dictionary) -> anyhow::Result<String> {
        if self.off {
            return Ok(NOTHING.to_owned());
        }
        match (&self.guppy, &self.mapping) {
            (Some(file), _) => read(file),
            (None, Some(_)) => {
                let text = self.mapping(dictionary)?.unwrap_or_default();
                Ok(self.etl(&text, dictionary)?.guppy_config())
            }
            (None, None) => {
                Ok(Self::suggested(dictionary)
                    .map_or_else(|| NOTHING.to_owned(), |suggested| suggested.guppy))
            }
        }
    }

    /// The mapping with its names looked up.
    ///
    /// # Errors
    /// Its problems, one a line.
    pub(crate) fn etl(&self, text: &str, dictionary: &Dictionary) -> anyhow::Result<Etl> {
        Etl::read(text, dictionary, Form::Right).map_err(|problems| {
            let name = self
                .mapping
                .as_ref()
                .map_or("the suggested mapping".into(), |file| file.display().to_string());
            let lines: Vec<String> = problems.iter().take(10).map(ToString::to_string).collect();
            anyhow!(Failure::NotInOrder(format!("{name} cannot be used: {}", lines.join("; "))))
        })
    }
}

fn read(file: &PathBuf) -> anyhow::Result<String> {
    fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))
}
