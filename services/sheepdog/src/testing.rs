//! What the unit tests share.

use dictionary::Dictionary;

/// The small dictionary of the tests: program, project, study, case, demographic, diagnosis, sample, aliquot
/// and the file type reading.
pub(crate) fn dictionary() -> Dictionary {
    let files = serde_json::from_str(::testing::SMALL_DICTIONARY).unwrap();
    Dictionary::from_files(files).unwrap()
}
