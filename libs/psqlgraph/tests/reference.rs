//! Names in the databases of existing commons: dictionaries are read from the folder named by GEN3_REFERENCE
//! (by default the folder `shared` beside the repository). Skipped with its reason where it is missing,
//! unless CI_REQUIRE_REFERENCE=1.
#![expect(clippy::print_stdout, reason = "a test that is skipped says why")]

#[allow(dead_code, reason = "its golden file is of the other tests")]
#[path = "it/names.rs"]
mod names;

use std::{collections::BTreeSet, env, path::PathBuf};

use dictionary::Dictionary;

/// What PostgreSQL keeps of a name.
const LONGEST: usize = 63;

fn dictionaries() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared");
    let folder = env::var_os("GEN3_REFERENCE").map_or_else(beside, PathBuf::from).join("data/dictionaries");
    if folder.is_dir() {
        return Some(folder);
    }
    let reason = format!("there is no {}; name the folder by GEN3_REFERENCE", folder.display());
    assert!(env::var("CI_REQUIRE_REFERENCE").as_deref() != Ok("1"), "{reason}");
    println!("skipped: {reason}");
    None
}

#[tokio::test]
async fn names_are_told_apart_and_fit_into_the_database() {
    let Some(folder) = dictionaries() else { return };
    for name in ["dcf", "gtex", "kf", "midrc", "ndh"] {
        let dictionary = Dictionary::load(folder.join(name).to_str().unwrap()).await.unwrap();
        let names = names::names(&dictionary);
        let too_long: Vec<_> = names.iter().filter(|(_, name)| name.len() > LONGEST).collect();
        assert!(too_long.is_empty(), "{name}: {too_long:?}");
        let mut seen = BTreeSet::new();
        let repeated: Vec<_> = names.iter().filter(|(_, name)| !seen.insert(name.as_str())).collect();
        assert!(repeated.is_empty(), "{name}: {repeated:?}");
        println!("{name}: {} names", names.len());
    }
}
