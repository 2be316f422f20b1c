//! How studies become projects and resources: entries of the section `dbGaP` of a fence-config.yaml.

use indexmap::IndexMap;
use regex::Regex;
use serde::Deserialize;

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A pattern is no regular expression.
    #[error("`{pattern}` is no regular expression: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// One entry of the section. Keys of the server that the files are fetched from are not read.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Key of encrypted files.
    pub decrypt_key: String,
    /// Whether `phs000123.v1.p1.c2` becomes `phs000123.c2`; otherwise it becomes `phs000123`.
    pub parse_consent_code: bool,
    /// Studies that are had together with another one, by that one.
    pub parent_to_child_studies_mapping: IndexMap<String, Vec<String>>,
    /// Whether the consent `c999` of a study gives its common exchange area as well.
    pub enable_common_exchange_area_access: bool,
    /// The common exchange area of each study.
    pub study_common_exchange_areas: IndexMap<String, String>,
    /// Below which paths the resources of a project are; `_default` for those that are not named.
    pub study_to_resource_namespaces: IndexMap<String, Vec<String>>,
    /// Whether other files and other projects than those of dbGaP are read.
    #[serde(rename = "allow_non_dbGaP_whitelist")]
    pub allow_non_dbgap_whitelist: bool,
    /// Patterns of names of such files.
    pub allowed_whitelist_patterns: Vec<String>,
    /// Patterns of such projects.
    pub additional_allowed_project_id_patterns: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            decrypt_key: String::new(),
            parse_consent_code: true,
            parent_to_child_studies_mapping: IndexMap::new(),
            enable_common_exchange_area_access: false,
            study_common_exchange_areas: IndexMap::new(),
            study_to_resource_namespaces: IndexMap::new(),
            allow_non_dbgap_whitelist: false,
            allowed_whitelist_patterns: Vec::new(),
            additional_allowed_project_id_patterns: Vec::new(),
        }
    }
}

/// Which projects stand for a study: the file of the option `--projects`.
pub type StudyProjects = IndexMap<String, Vec<StudyProject>>;

/// A project that stands for a study.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StudyProject {
    /// Identifier of the project.
    pub auth_id: String,
}

/// Patterns at the beginning of a text.
#[derive(Debug)]
pub(crate) struct Patterns(Vec<Regex>);

impl Patterns {
    pub(crate) fn fits(&self, text: &str) -> bool {
        self.0.iter().any(|pattern| pattern.is_match(text))
    }
}

impl Settings {
    /// Patterns of the names of files, without the ending `.enc`.
    pub(crate) fn files(&self) -> Result<Patterns, SettingsError> {
        let more = self.allowed_whitelist_patterns.iter().filter(|_| self.allow_non_dbgap_whitelist);
        patterns(r"authentication_file_phs(\d{6})\.(csv|txt)", more, "$")
    }

    /// Patterns of the beginnings of projects.
    pub(crate) fn projects(&self) -> Result<Patterns, SettingsError> {
        patterns(r"phs(\d{6})", self.additional_allowed_project_id_patterns.iter(), "")
    }

    /// The paths of the resources of a project.
    pub fn paths(&self, project: &str) -> Vec<String> {
        let namespaces = &self.study_to_resource_namespaces;
        let found = namespaces.get(project).or_else(|| namespaces.get("_default"));
        let of = |namespace: &String| format!("{}/programs/{project}", namespace.trim_end_matches('/'));
        found.map_or_else(|| vec![format!("/programs/{project}")], |found| found.iter().map(of).collect())
    }
}

fn patterns<'a>(
    own: &str,
    more: impl Iterator<Item = &'a String>,
    end: &str,
) -> Result<Patterns, SettingsError> {
    // In a YAML file in single quotes backslashes are often doubled.
    let more = more.map(|pattern| pattern.replace(r"\\", r"\"));
    let compile = |pattern: String| {
        Regex::new(&format!("^(?:{pattern}){end}"))
            .map_err(|error| SettingsError::Pattern { pattern, reason: error.to_string() })
    };
    Ok(Patterns(std::iter::once(own.to_owned()).chain(more).map(compile).collect::<Result<_, _>>()?))
}
