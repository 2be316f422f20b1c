//! The suite of all engines.

use searchindex::Embedded;

#[tokio::test]
async fn the_suite_of_all_engines_holds() {
    let folder = tempfile::tempdir().unwrap();
    let engine = Embedded::open(folder.path()).unwrap();
    assert!(searchsuite::conform(&engine, 7, 2_000).await > 2_000);
}
