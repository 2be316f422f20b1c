//! One suite for every engine.

mod chance;
mod changes;
mod documents;
mod known;
mod paging;
mod questions;
mod same;

use search::{AliasChange, Engine, Operation, Search};

use self::chance::Chance;
use crate::naive::Naive;

/// How many documents are made by chance for each round.
const DOCUMENTS: usize = 40;
/// How many questions are asked at once.
const TOGETHER: usize = 100;
/// How many differences are told.
const TOLD: usize = 10;

/// Asks an engine what is known to be hard, and `questions` more of which `seed` decides, and compares every answer
/// with that of [`Naive`]. Makes indices whose names begin with `suite_` and takes them away again; what is there
/// from a run that failed goes first.
///
/// Gives the number of cases, and prints it.
///
/// # Panics
/// At the first answer that differs, with the question and both answers.
#[allow(clippy::print_stdout)]
pub async fn conform(engine: &dyn Engine, seed: u64, questions: usize) -> usize {
    clear(engine).await;
    let mut cases = known::cases(engine).await;
    cases += changes::cases(engine).await;
    cases += paging::cases(engine, seed).await;
    cases += by_chance(engine, seed, questions).await;
    clear(engine).await;
    println!("{cases} cases");
    cases
}

async fn clear(engine: &dyn Engine) {
    let there = done(engine.aliases("suite_*").await, "the indices");
    let goes: Vec<_> = there.into_keys().map(|index| AliasChange::DeleteIndex { index }).collect();
    done(engine.change_aliases(&goes).await, "taking indices away");
}

/// What is not in question.
///
/// # Panics
/// It did not work.
fn done<T>(outcome: Result<T, search::SearchError>, what: &str) -> T {
    match outcome {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

/// An index with the fields of the suite and these documents, in an engine and in the oracle.
async fn filled(engine: &dyn Engine, index: &str, documents: &[(String, serde_json::Value)]) -> Naive {
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
async fn compare(engine: &dyn Engine, oracle: &Naive, index: &str, searches: &[Search]) -> usize {
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

async fn by_chance(engine: &dyn Engine, seed: u64, questions: usize) -> usize {
    let mut chance = Chance(seed);
    let rounds = questions.div_ceil(500).max(1);
    let mut cases = 0;
    for round in 0..rounds {
        let index = format!("suite_chance_{round}");
        let documents: Vec<_> =
            (0..DOCUMENTS).map(|place| (place.to_string(), documents::document(&mut chance))).collect();
        let oracle = filled(engine, &index, &documents).await;
        let searches: Vec<_> = (0..questions / rounds).map(|_| questions::search(&mut chance)).collect();
        cases += compare(engine, &oracle, &index, &searches).await;
        done(engine.change_aliases(&[AliasChange::DeleteIndex { index }]).await, "taking an index away");
    }
    cases
}
