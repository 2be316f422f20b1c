//! Generated queries on a generated graph give what a naive interpreter gives, which walks nodes in memory.

mod naive;
mod queries;

use std::sync::Arc;

use peregrine::{Config, Peregrine, Windows};
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use crate::support::Commons;
use naive::World;
use queries::Query;

/// How many queries are tried; `PEREGRINE_QUERIES` asks for more.
fn wanted() -> usize {
    std::env::var("PEREGRINE_QUERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(250)
}

/// Windows so small that lists are read in many of them, that what is below them is cut in halves down to
/// single nodes and their lists, and that answers are sent while they are made.
fn tiny_windows() -> Config {
    let windows = Windows { rows: 2, bytes: 1_000, held_back: 100, ..Windows::default() };
    Config { windows, ..Config::default() }
}

/// What the two answer, if they differ. What is read in tiny windows must be the same to the byte.
async fn difference(
    commons: &Commons,
    windowed: &Arc<Peregrine>,
    world: &World,
    query: &Query,
) -> Option<String> {
    let user = if query.as_reader { "reader" } else { "admin" };
    let text = query.text();
    let body = json!({ "query": text });
    let answer = commons.post(user, &body).await;
    let expected = json!({ "data": world.answer(query) });
    let got = answer.json();
    if got != expected {
        return Some(format!("{user}: {text}\n   ours: {got}\n  naive: {expected}"));
    }
    let in_windows = commons.post_to(windowed, user, &body).await.body;
    (in_windows != answer.body)
        .then(|| format!("{user}: {text}\n   ours: {}\n  windows: {in_windows}", answer.body))
}

#[actix_web::test]
async fn answers_equal_those_of_a_naive_interpreter() {
    let commons = Commons::empty().await;
    let world = World::generate();
    world.load(&commons.loader()).await;
    let windowed = commons.reconfigured(tiny_windows());
    let seed = std::env::var("PEREGRINE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7_u8);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(proptest::test_runner::Config::default(), rng);
    let (strategy, mut answers) = (queries::query(), 0);
    for _ in 0..wanted() {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let Some(mut found) = difference(&commons, &windowed, &world, &tree.current()).await else {
            answers += usize::from(world.answer(&tree.current()).to_string().contains(":\""));
            continue;
        };
        // The smallest query that still differs says most.
        while tree.simplify() {
            match difference(&commons, &windowed, &world, &tree.current()).await {
                Some(smaller) => found = smaller,
                None if !tree.complicate() => break,
                None => {}
            }
        }
        panic!("{found}");
    }
    assert!(answers > wanted() / 3, "only {answers} queries found anything: the test tests little");
}
