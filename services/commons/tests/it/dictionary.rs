//! Our own dictionary under proof.

use crate::proof;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_type_of_our_dictionary_takes_what_is_right_and_refuses_every_corruption_of_it() {
    let report = proof::prove(None).await;
    assert!(report.types >= 11 && report.records >= 50, "{report}");
    println!("our dictionary: {report}");
}
