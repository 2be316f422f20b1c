//! Which indices and aliases there are: one file that is replaced as a whole.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use search::{AliasChange, SearchError};
use serde::{Deserialize, Serialize};

/// Why a folder cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the search folder {0} is in use by another process")]
    InUse(PathBuf),
    /// It is not readable or writable.
    #[error("the search folder {0} cannot be used: {1}")]
    Folder(PathBuf, #[source] io::Error),
    /// What is in it is not ours, or was written by a later version.
    #[error("{0} was not written by this version: {1}")]
    Format(PathBuf, String),
    /// An index in it cannot be opened.
    #[error("the index {0:?} cannot be opened: {1}")]
    Index(String, #[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The form of the file.
const VERSION: u32 = 1;
const FILE: &str = "catalog.json";

/// Which indices and aliases there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Catalog {
    version: u32,
    /// Index → its folder.
    pub(crate) indices: BTreeMap<String, String>,
    /// Alias → indices.
    pub(crate) aliases: BTreeMap<String, BTreeSet<String>>,
}

impl Catalog {
    /// Reads the file of a folder; an empty folder has none.
    pub(crate) fn read(folder: &Path) -> Result<Self, OpenError> {
        let file = folder.join(FILE);
        let text = match fs::read(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(Self { version: VERSION, ..Self::default() });
            }
            Err(error) => return Err(OpenError::Folder(folder.to_owned(), error)),
        };
        let format = |fault: String| OpenError::Format(file.clone(), fault);
        let catalog: Self = serde_json::from_slice(&text).map_err(|error| format(error.to_string()))?;
        if catalog.version != VERSION {
            return Err(format(format!("its version is {}", catalog.version)));
        }
        Ok(catalog)
    }

    /// Replaces the file. It is on the disk when this returns.
    pub(crate) fn write(&self, folder: &Path) -> io::Result<()> {
        replace(folder, FILE, &serde_json::to_vec_pretty(self)?)
    }

    /// The indices that a name means: itself, or those of an alias.
    pub(crate) fn resolve(&self, name: &str) -> Result<Vec<&str>, SearchError> {
        if let Some((index, _)) = self.indices.get_key_value(name) {
            return Ok(vec![index]);
        }
        match self.aliases.get(name) {
            Some(indices) => Ok(indices.iter().map(String::as_str).collect()),
            None => Err(SearchError::NoIndex(name.to_owned())),
        }
    }

    /// The aliases of each index that a name, an alias or a pattern means.
    pub(crate) fn aliases(&self, name: &str) -> BTreeMap<String, Vec<String>> {
        let of = |index: &String| -> Vec<String> {
            let aliases = self.aliases.iter().filter(|(_, indices)| indices.contains(index));
            aliases.map(|(alias, _)| alias.clone()).collect()
        };
        let all = self.indices.keys().map(|index| (index.clone(), of(index)));
        all.filter(|(index, aliases)| fits(name, index) || aliases.iter().any(|alias| fits(name, alias)))
            .collect()
    }

    /// Changes aliases. Indices go first, so that an alias may take the name of one that goes.
    ///
    /// # Errors
    /// What cannot be done; some may be done then.
    pub(crate) fn change(&mut self, changes: &[AliasChange]) -> Result<(), SearchError> {
        let mut gone = BTreeSet::new();
        for change in changes {
            if let AliasChange::DeleteIndex { index } = change {
                self.indices.remove(index).ok_or_else(|| SearchError::NoIndex(index.clone()))?;
                for indices in self.aliases.values_mut() {
                    indices.remove(index);
                }
                gone.insert(index);
            }
        }
        self.aliases.retain(|_, indices| !indices.is_empty());
        for change in changes {
            match change {
                AliasChange::Add { alias, index } => self.add(alias, index)?,
                AliasChange::Remove { alias, index } if !gone.contains(index) => self.remove(alias, index)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn add(&mut self, alias: &str, index: &str) -> Result<(), SearchError> {
        if !self.indices.contains_key(index) {
            return Err(SearchError::NoIndex(index.to_owned()));
        }
        if self.indices.contains_key(alias) {
            return Err(SearchError::Refused(format!(
                "Invalid alias name [{alias}]: an index exists with the same name as the alias"
            )));
        }
        // Names of aliases may have capitals, as those of the ETL that tell times.
        check_name(&alias.to_lowercase())?;
        self.aliases.entry(alias.to_owned()).or_default().insert(index.to_owned());
        Ok(())
    }

    fn remove(&mut self, alias: &str, index: &str) -> Result<(), SearchError> {
        if !self.indices.contains_key(index) {
            return Err(SearchError::NoIndex(index.to_owned()));
        }
        if !self.aliases.get_mut(alias).is_some_and(|indices| indices.remove(index)) {
            return Err(SearchError::Refused(format!("aliases [{alias}] missing")));
        }
        self.aliases.retain(|_, indices| !indices.is_empty());
        Ok(())
    }
}

/// Writes a file of a folder so that it is either as it was or as it should be, whenever the machine stops.
pub(crate) fn replace(folder: &Path, name: &str, content: &[u8]) -> io::Result<()> {
    let draft = folder.join(format!("{name}.new"));
    let mut file = File::create(&draft)?;
    file.write_all(content)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&draft, folder.join(name))?;
    sync(folder)
}

/// Makes the names in a folder durable.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Whether a name can be that of an index or alias: Elasticsearch's rules.
pub(crate) fn check_name(name: &str) -> Result<(), SearchError> {
    let bad = |c: char| c.is_uppercase() || c.is_control() || "\\/*?\"<>| ,#:".contains(c);
    if name.is_empty() || name.len() > 255 || name.starts_with(['-', '_', '+', '.']) || name.contains(bad) {
        return Err(SearchError::Refused(format!("Invalid index name [{name}]")));
    }
    Ok(())
}

/// Whether a name is meant by a pattern with `*`.
fn fits(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut parts: Vec<_> = parts.collect();
    let Some(last) = parts.pop() else { return rest.is_empty() };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, is) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("time_*", "time_1", true),
            ("*", "", true),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "ac", false),
            ("*a", "ba", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(fits(pattern, name), is, "{pattern} {name}");
        }
    }

    #[test]
    fn changes_of_aliases() {
        let mut catalog = Catalog { version: VERSION, ..Catalog::default() };
        catalog.indices.extend([("a_0".into(), "x".into()), ("a_1".into(), "y".into())]);
        let add = |index: &str| AliasChange::Add { alias: "a".into(), index: index.into() };
        catalog.change(&[add("a_0")]).unwrap();
        catalog
            .change(&[add("a_1"), AliasChange::Remove { alias: "a".into(), index: "a_0".into() }])
            .unwrap();
        assert_eq!(catalog.resolve("a").unwrap(), ["a_1"]);
        catalog.change(&[AliasChange::DeleteIndex { index: "a_1".into() }]).unwrap();
        assert!(matches!(catalog.resolve("a"), Err(SearchError::NoIndex(_))));
        assert!(catalog.change(&[AliasChange::Add { alias: "a*".into(), index: "a_0".into() }]).is_err());
        assert!(catalog.change(&[add("a_1")]).is_err());
    }
}
