//! What the unit tests share.

use dictionary::Dictionary;

use crate::model::scope::{Scope, Writes};

/// The small dictionary of the tests: program, project, study, case, demographic, diagnosis, sample, aliquot
/// and the file type reading.
pub(crate) fn dictionary() -> Dictionary {
    let files = serde_json::from_str(::testing::SMALL_DICTIONARY).unwrap();
    Dictionary::from_files(files).unwrap()
}

/// The project P-Q.
pub(crate) fn scope(writes: Writes) -> Scope {
    Scope { project_id: "P-Q".into(), code: "Q".into(), project_node_id: "q".into(), writes }
}
