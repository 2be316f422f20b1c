//! What is backed up: a commons of a state folder, or databases by their URLs, as in a cluster.

use std::{env, path::PathBuf};

use clap::{Args, ValueEnum as _};

use super::secrets;
use crate::{
    databases::DatabaseName,
    failure::Failure,
    state::{Run, State, StateArgs},
};

/// The order of the snapshots. What refers to something is seen before what it refers to: a node of the graph
/// before its record, a document before the record of its GUID, a record before its object, a request before
/// the right that came of it. Whatever is made in between is more than needed, and never missing.
const ORDER: [DatabaseName; 12] = [
    DatabaseName::Sheepdog,
    DatabaseName::Metadata,
    DatabaseName::Indexd,
    DatabaseName::Requestor,
    DatabaseName::Library,
    DatabaseName::Wts,
    DatabaseName::Guppy,
    DatabaseName::Operations,
    DatabaseName::Workspace,
    DatabaseName::Fence,
    DatabaseName::Arborist,
    DatabaseName::Audit,
];

/// What is backed up.
#[derive(Debug, Clone, Args)]
pub(super) struct SourceArgs {
    /// A database, if there is no state folder: fence, arborist, indexd, sheepdog, … and where it is. The
    /// variables FENCE_DATABASE_URL, SHEEPDOG_DATABASE_URL, … can have the URLs, too
    #[arg(long = "database", value_name = "NAME=URL")]
    databases: Vec<String>,
    /// The folder of the signing keys, if there is no state folder
    #[arg(long, value_name = "DIR", env = "FENCE_KEYS")]
    keys: Option<PathBuf>,
    /// A file of the configuration, if there is no state folder; several may be given. They are sealed
    #[arg(long = "configuration", value_name = "FILE")]
    configuration: Vec<PathBuf>,
    /// The data dictionary. Default: the one that the commons last ran with, or the built-in one
    #[arg(long, value_name = "DIR|FILE|URL")]
    dictionary: Option<String>,
    /// Leave the objects of the embedded store out
    #[arg(long)]
    pub(super) without_objects: bool,
    /// Where everything is kept.
    #[command(flatten)]
    state: StateArgs,
}

/// What is backed up.
pub(crate) struct Source {
    /// In the order of their snapshots.
    pub(super) databases: Vec<(DatabaseName, String)>,
    pub(super) private_databases: bool,
    pub(super) dictionary: Option<String>,
    /// The folder of the embedded store, if there is one.
    pub(super) objects: Option<PathBuf>,
    pub(super) secrets: secrets::Files,
}

impl Source {
    /// What there is of a state folder; `run` has the URLs of its databases as they are now.
    ///
    /// # Errors
    /// When a database is missing.
    pub(crate) fn of_state(state: &State, run: &Run) -> anyhow::Result<Self> {
        let url = |name: DatabaseName| {
            let url = run.databases.get(name.as_str()).cloned();
            let told = || {
                let name = name.as_str();
                Failure::Prerequisite(format!(
                    "the commons last ran with a version that had no database {name}; start it once, with \
                     `commons up`"
                ))
            };
            Ok::<_, anyhow::Error>((name, url.ok_or_else(told)?))
        };
        Ok(Self {
            databases: ORDER.into_iter().map(url).collect::<anyhow::Result<_>>()?,
            private_databases: run.private_databases,
            dictionary: run.dictionary.clone(),
            objects: Some(state.path("objects")).filter(|folder| folder.join(".objects").is_dir()),
            secrets: secrets::Files::of_state(state.clone()),
        })
    }

    /// These databases and those that variables name; keys in a folder, and files of the configuration.
    pub(crate) fn named(
        given: &[(DatabaseName, String)],
        dictionary: Option<String>,
        keys: Option<PathBuf>,
        configuration: Vec<PathBuf>,
    ) -> Self {
        let url = |name: DatabaseName| {
            let named = given.iter().rev().find(|(given, _)| *given == name).map(|(_, url)| url.clone());
            // SQLAlchemy's spelling names the driver too.
            let url =
                named.or_else(|| variable(name))?.replacen("postgresql+psycopg2://", "postgresql://", 1);
            Some((name, url))
        };
        Self {
            databases: ORDER.into_iter().filter_map(url).collect(),
            private_databases: false,
            dictionary,
            objects: None,
            secrets: secrets::Files::named(keys, configuration),
        }
    }
}

impl SourceArgs {
    /// The state folder, unless databases are named.
    ///
    /// # Errors
    /// When no commons ran on it.
    pub(super) fn state(&self) -> anyhow::Result<Option<State>> {
        let is_named = !self.databases.is_empty() || ORDER.iter().any(|name| variable(*name).is_some());
        if is_named { Ok(None) } else { Ok(Some(State::existing(&self.state.folder)?)) }
    }

    /// What there is of a state folder, and is not to be left out.
    ///
    /// # Errors
    /// See [`Source::of_state`].
    pub(super) fn of_state(&self, state: &State, run: &Run) -> anyhow::Result<Source> {
        let mut source = Source::of_state(state, run)?;
        source.dictionary = self.dictionary.clone().or(source.dictionary);
        source.objects = source.objects.filter(|_| !self.without_objects);
        Ok(source)
    }

    /// What is named on the command line.
    ///
    /// # Errors
    /// When a name is no database, or a URL is missing.
    pub(super) fn named(&self) -> anyhow::Result<Source> {
        let mut given = Vec::new();
        for text in &self.databases {
            let (name, url) = text.split_once('=').unwrap_or((text, ""));
            let name = DatabaseName::from_str(name, false).map_err(|_| {
                let known: Vec<_> = ORDER.iter().map(|name| name.as_str()).collect();
                let told = format!("--database {name}: there are {}", known.join(", "));
                Failure::Prerequisite(told)
            })?;
            if url.is_empty() {
                let told = format!("--database {}: its URL is missing", name.as_str());
                return Err(Failure::Prerequisite(told).into());
            }
            given.push((name, url.to_owned()));
        }
        let dictionary = self.dictionary.clone();
        Ok(Source::named(&given, dictionary, self.keys.clone(), self.configuration.clone()))
    }
}

/// The URL that a variable has.
fn variable(name: DatabaseName) -> Option<String> {
    let variable = format!("{}_DATABASE_URL", name.as_str().to_uppercase());
    env::var(variable).ok().filter(|url| !url.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_database_has_its_place_in_the_order() {
        assert!(DatabaseName::ALL.iter().all(|name| ORDER.contains(name)));
        let place = |wanted: DatabaseName| ORDER.iter().position(|name| *name == wanted).unwrap();
        assert!(place(DatabaseName::Sheepdog) < place(DatabaseName::Indexd), "nodes refer to records");
        assert!(place(DatabaseName::Metadata) < place(DatabaseName::Indexd), "documents refer to records");
    }
}
