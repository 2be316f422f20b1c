//! What access files say.

use std::collections::BTreeSet;

use indexmap::{IndexMap, IndexSet};

use crate::{
    csv::{self, CsvError, Row},
    settings::{Settings, SettingsError, StudyProjects},
    study::StudyAccess,
};

/// What a study gives.
pub const METHODS: [&str; 2] = ["read", "read-storage"];

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no table.
    #[error("{file}: {error}")]
    Csv {
        /// The file.
        file: String,
        /// What is wrong.
        error: CsvError,
    },
    /// The settings cannot be used.
    #[error("the settings of dbGaP: {0}")]
    Settings(#[from] SettingsError),
}

/// A person of the files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    /// The name as the first file has it.
    pub(crate) login: String,
    pub(crate) email: String,
    pub(crate) display_name: String,
    pub(crate) phone_number: String,
    pub(crate) tags: IndexMap<String, String>,
    pub(crate) projects: BTreeSet<String>,
}

/// What the files say together.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// By name in small letters.
    pub(crate) people: IndexMap<String, Person>,
    /// The resources of each project.
    pub(crate) paths: IndexMap<String, IndexSet<String>>,
    /// The children of each study.
    pub(crate) children: IndexMap<String, IndexSet<String>>,
    /// Whether anybody reads consents.
    pub(crate) consents: bool,
    /// What was left out, and why.
    pub warnings: Vec<String>,
}

impl Access {
    /// Adds what a file says by `settings`. A file whose name is none of an access file is left out.
    ///
    /// # Errors
    /// When it is no table, or the settings cannot be used.
    pub fn add(
        &mut self,
        file: &str,
        text: &str,
        settings: &Settings,
        projects: &StudyProjects,
    ) -> Result<(), FileError> {
        self.consents |= settings.parse_consent_code;
        for (parent, children) in &settings.parent_to_child_studies_mapping {
            self.children.entry(parent.clone()).or_default().extend(children.iter().cloned());
        }
        if text.is_empty() {
            self.warnings.push(format!("{file}: the file is empty"));
            return Ok(());
        }
        let name = file.rsplit('/').next().unwrap_or(file);
        if !settings.files()?.fits(name.strip_suffix(".enc").unwrap_or(name)) {
            self.warnings.push(format!("{file}: left out, because it has not the name of an access file"));
            return Ok(());
        }
        // A table without these says nothing about anybody, so everybody would lose access.
        let wanted: &[&str] =
            if settings.allow_non_dbgap_whitelist { &["login"] } else { &["login", "phsid"] };
        let rows =
            csv::read(text, wanted).map_err(|error| FileError::Csv { file: file.to_owned(), error })?;
        let known = settings.projects()?;
        for row in rows.iter().filter(|row| !row.get("login").is_empty()) {
            let study = study_of(row, settings);
            if known.fits(study.accession) {
                self.add_row(row, &study, settings, projects);
            } else {
                let told = format!("left out, because `{}` is no study", study.accession);
                self.warnings.push(format!("{file}: line {}: {told}", row.line));
            }
        }
        Ok(())
    }

    fn add_row(&mut self, row: &Row, study: &StudyAccess<'_>, settings: &Settings, projects: &StudyProjects) {
        let mut granted = study.others(settings);
        let own = study.project(settings);
        match projects.get(&own) {
            Some(mapped) => granted.extend(mapped.iter().map(|project| project.auth_id.clone())),
            None => granted.push(own),
        }
        for project in &granted {
            self.paths.entry(project.clone()).or_default().extend(settings.paths(project));
        }
        let login = row.get("login");
        let person = self.people.entry(login.to_lowercase()).or_default();
        if person.login.is_empty() {
            person.login = login.to_owned();
        }
        person.projects.extend(granted);
        person.describe(row);
    }
}

impl Person {
    /// Takes over the details of a row; an empty cell leaves a known address or number.
    fn describe(&mut self, row: &Row) {
        let fill = |known: &mut String, cell: &str| {
            if !cell.is_empty() {
                cell.clone_into(known);
            }
        };
        fill(&mut self.email, row.get("email"));
        fill(&mut self.phone_number, row.get("phone"));
        row.get("user name").clone_into(&mut self.display_name);
        self.tags.insert("dbgap_role".to_owned(), row.get("role").to_owned());
        for column in ["downloader for", "downloader for names"] {
            if row.has(column) {
                self.tags.insert("pi".to_owned(), row.get(column).to_owned());
            }
        }
    }
}

/// The study of a row: `phs000123.v1.p1.c2`.
fn study_of<'a>(row: &'a Row, settings: &Settings) -> StudyAccess<'a> {
    let named = match row.get("phsid") {
        "" if settings.allow_non_dbgap_whitelist => row.get("project_id"),
        named => named,
    };
    let accession = named.split('.').next().unwrap_or_default();
    let consent = named.rsplit_once('.').map(|(_, last)| last);
    StudyAccess { accession, consent: consent.filter(|_| settings.parse_consent_code) }
}
