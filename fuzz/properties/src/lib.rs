//! What must hold for any input, however hostile. The fuzz targets call these functions with nightly's help,
//! the tests with the corpus and mutations of it.

mod configuration;
mod documents;
mod graphql;

use std::{
    path::Path,
    sync::{Arc, LazyLock},
};

use ::dictionary::Dictionary;
use indexmap::IndexMap;

pub use self::{
    configuration::configuration,
    documents::{json, tsv},
    graphql::graphql,
};

/// Our own dictionary, from the checkout that this was built in.
fn dictionary() -> &'static Arc<Dictionary> {
    static DICTIONARY: LazyLock<Arc<Dictionary>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../dictionary/gdcdictionary/schemas");
        let mut files = IndexMap::new();
        for entry in std::fs::read_dir(folder).expect("the checkout has our dictionary") {
            let entry = entry.expect("the folder can be read");
            let text = std::fs::read_to_string(entry.path()).expect("a schema can be read");
            let content = yaml::parse(&text).expect("a schema is YAML");
            files.insert(entry.file_name().to_string_lossy().into_owned(), content);
        }
        files.sort_keys();
        Arc::new(Dictionary::from_files(files).expect("our dictionary is valid"))
    });
    &DICTIONARY
}
