//! The settings file, TOML:
//!
//! ```toml
//! state = "/var/lib/commons"
//!
//! [up]                          # options of `commons up`, without the two hyphens
//! port = 9000
//! dictionary = "my-dictionary"
//! no-development-login = true
//!
//! [serve]                       # options that several services have
//! threads = 2
//!
//! [serve.sheepdog]              # options of one
//! dictionary-refresh = 60
//! ```
//!
//! Relative paths count from the folder of the file.

use std::path::{Path, PathBuf};

use clap::{Arg, Command};
use indexmap::IndexMap;
use toml::{Table, Value};

use super::model::{self, Layer, Refusal, Source};

/// Largest file that is read, in bytes.
const LIMIT: u64 = 1024 * 1024;
const SERVE: &str = "serve";

/// What `file` says about the command `path`.
///
/// # Errors
/// When it cannot be read, or names what the program does not have, for this command or another.
pub(super) fn layer(plain: &Command, path: &[String], file: &Path) -> Result<Layer, Refusal> {
    let read = read(plain, file)?;
    let mut values = IndexMap::new();
    if let Some(state) = read.state {
        values.insert(model::STATE_OPTION.to_owned(), vec![state.to_string_lossy().into_owned()]);
    }
    // The section of one service stands below that of all services, and has precedence.
    for (section, options) in read.sections {
        if path.starts_with(&section) && !section.is_empty() {
            let command = model::find(plain, path);
            let known = |name: &str| model::options(command).any(|(option, _)| option == name);
            values.extend(options.into_iter().filter(|(name, _)| known(name)));
        }
    }
    Ok(Layer { source: Source::File(file.to_owned()), values })
}

/// The state folder that `file` names.
///
/// # Errors
/// See [`layer`].
pub(super) fn state_folder(plain: &Command, file: &Path) -> Result<Option<PathBuf>, Refusal> {
    Ok(read(plain, file)?.state)
}

/// The options of one section, by name.
pub(super) type Options = IndexMap<String, Vec<String>>;

/// The options of `commons up` in a table of another file.
///
/// # Errors
/// See [`layer`].
pub(super) fn up_section(plain: &Command, table: Table, folder: &Path) -> Result<Options, String> {
    Ok(Reader { plain, folder }.section(&["up"], table)?.1)
}

/// A whole file.
struct Read {
    state: Option<PathBuf>,
    /// The sections with the command that each is about, shorter ones first.
    sections: Vec<(Vec<String>, Options)>,
}

fn read(plain: &Command, file: &Path) -> Result<Read, Refusal> {
    let refused = |told: String| Refusal::Settings(format!("{}: {told}", file.display()));
    let size = std::fs::metadata(file).map_err(|error| refused(error.to_string()))?.len();
    if size > LIMIT {
        return Err(refused(format!("the file is larger than {LIMIT} bytes")));
    }
    let text = std::fs::read_to_string(file).map_err(|error| refused(error.to_string()))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| refused(error.to_string()))?;
    let folder = file.parent().unwrap_or(Path::new(""));
    Reader { plain, folder }.file(table).map_err(refused)
}

struct Reader<'a> {
    plain: &'a Command,
    /// The folder from which relative paths count.
    folder: &'a Path,
}

impl Reader<'_> {
    fn file(&self, table: Table) -> Result<Read, String> {
        let mut read = Read { state: None, sections: Vec::new() };
        for (key, value) in table {
            match (key.as_str(), value) {
                (model::STATE_OPTION, Value::String(folder)) => read.state = Some(self.folder.join(folder)),
                ("up", Value::Table(options)) => read.sections.push(self.section(&["up"], options)?),
                (SERVE, Value::Table(options)) => self.serve(options, &mut read)?,
                (model::STATE_OPTION, _) => return Err("`state` must be a text".to_owned()),
                ("up" | SERVE, _) => return Err(format!("`{key}` must be a section: [{key}]")),
                _ => {
                    return Err(format!(
                        "`{key}` is not known; there are `state`, [up], [serve] and [serve.SERVICE]"
                    ));
                }
            }
        }
        read.sections.sort_by_key(|(path, _)| path.len());
        Ok(read)
    }

    fn serve(&self, options: Table, read: &mut Read) -> Result<(), String> {
        let serve = model::find(self.plain, &[SERVE.to_owned()]);
        let is_service = |name: &str| serve.find_subcommand(name).is_some();
        let (of_one, of_all): (Table, Table) =
            options.into_iter().partition(|(key, value)| value.is_table() && is_service(key));
        for (service, options) in of_one {
            if let Value::Table(options) = options {
                read.sections.push(self.section(&[SERVE, &service], options)?);
            }
        }
        let services: Vec<&Command> = serve.get_subcommands().collect();
        let path = vec![SERVE.to_owned()];
        read.sections.push((path, self.options("serve", &services, of_all)?));
        Ok(())
    }

    fn section(&self, path: &[&str], options: Table) -> Result<(Vec<String>, Options), String> {
        let path: Vec<String> = path.iter().map(|&part| part.to_owned()).collect();
        let command = model::find(self.plain, &path);
        let options = self.options(&path.join("."), &[command], options)?;
        Ok((path, options))
    }

    /// The options of a section, each of which one of the commands must have.
    fn options(&self, section: &str, commands: &[&Command], table: Table) -> Result<Options, String> {
        let mut options = Options::new();
        for (key, value) in table {
            let known = || commands.iter().flat_map(|command| model::options(command));
            let Some((_, argument)) = known().find(|(name, _)| *name == key) else {
                let mut names: Vec<&str> = known().map(|(name, _)| name).collect();
                names.sort_unstable();
                names.dedup();
                return Err(format!("[{section}] has no option `{key}`; there are {}", names.join(", ")));
            };
            let values =
                self.values(argument, value).map_err(|told| format!("[{section}] `{key}` {told}"))?;
            options.insert(key, values);
        }
        Ok(options)
    }

    fn values(&self, argument: &Arg, value: Value) -> Result<Vec<String>, String> {
        match value {
            Value::Array(items) if model::takes_many(argument) => {
                items.into_iter().map(|item| self.value(argument, item)).collect()
            }
            Value::Array(_) => Err("takes one value, not a list".to_owned()),
            one => Ok(vec![self.value(argument, one)?]),
        }
    }

    fn value(&self, argument: &Arg, value: Value) -> Result<String, String> {
        match value {
            Value::String(text) if model::is_path(argument) => Ok(self.path(text)),
            Value::String(text) => Ok(text),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::Boolean(truth) => Ok(truth.to_string()),
            Value::Datetime(_) | Value::Array(_) | Value::Table(_) => {
                Err("must be a text, a number, true or false".to_owned())
            }
        }
    }

    fn path(&self, text: String) -> String {
        if model::is_address_or_word(&text) {
            text
        } else {
            self.folder.join(text).to_string_lossy().into_owned()
        }
    }
}
