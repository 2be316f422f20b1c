//! Asking an engine and the oracle the same.

use search::{Engine, Operation, Search};

use super::{documents, same};
use crate::naive::Naive;

/// How many questions are asked at once.
const TOGETHER: usize = 100;
/// How many differences are told.
const TOLD: usize = 10;

/// What is not in question.
///
/// # Panics
/// It did not work.
pub(super) fn done<T>(outcome: Result<T, search::SearchError>, what: &str) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// An index with the fields of the suite and these documents, in an engine and in the oracle.
pub(super) async fn filled(
    engine: &dyn Engine,
    index: &str,
    documents: &[(String, serde_json::Value)],
) -> Naive {
    let oracle = Naive::new();
    let put = |(id, body): &(String, serde_json::Value)| Operation::Put {
        id: Some(id.clone()),
        body: body.to_string(),
    };
    let operations: Vec<_> = documents.iter().map(put).collect();
    for target in [engine, &oracle as &dyn Engine] {
        done(target.create(index, &documents::definition()).await, "making an index");
        let written = done(target.write(index, operations.clone()).await, "writing");
        assert_eq!(
            (written.done, &written.rejected[..]),
            (documents.len() as u64, &[][..]),
            "documents are taken"
        );
        done(target.refresh(index).await, "making visible");
    }
    oracle
}

/// Asks both, and compares.
///
/// # Panics
/// With all that differs, as far as anybody reads.
pub(super) async fn compare(engine: &dyn Engine, oracle: &Naive, index: &str, searches: &[Search]) -> usize {
    let mut different = Vec::new();
    for some in searches.chunks(TOGETHER) {
        let asked: Vec<_> = some.iter().map(|search| (index, search)).collect();
        let own = engine.search_all(&asked).await;
        let right = oracle.search_all(&asked).await;
        assert_eq!(own.len(), asked.len(), "each question has an answer");
        for ((search, own), right) in some.iter().zip(&own).zip(&right) {
            if let Some(difference) = same::difference(own, right) {
                different.push(format!(
                    "{difference}\n--- asked: {search:?}\n--- it says: {own:?}\n--- right: {right:?}"
                ));
            }
        }
    }
    let told: Vec<_> = different.iter().take(TOLD).map(String::as_str).collect();
    assert!(
        different.is_empty(),
        "{} of {} answers differ\n\n{}",
        different.len(),
        searches.len(),
        told.join("\n\n")
    );
    searches.len()
}
