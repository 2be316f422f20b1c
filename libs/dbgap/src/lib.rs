//! Access files of dbGaP: who may read the data of which study.
//!
//! dbGaP gives the holder of a study's data a table of the users whom it has granted access
//! (`authentication_file_phs000123.csv`). [`Access`] collects what such tables say, and [`Access::merge`]
//! adds it to a user.yaml: access is the union of both, and details of a person in the user.yaml win. How a
//! study becomes projects and resources is said by [`Settings`], the entries of the section `dbGaP` of a
//! fence-config.yaml. Pure: whoever has the files reads and decrypts them.

mod access;
mod consents;
mod csv;
mod merge;
mod settings;
mod study;

pub use access::{Access, FileError, METHODS};
pub use csv::CsvError;
pub use settings::{Settings, SettingsError, StudyProject, StudyProjects};
pub use study::StudyAccess;
