//! Generated queries on a generated graph give what a naive interpreter gives, which walks nodes in memory.

mod naive;
mod queries;

use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use serde_json::json;

use crate::support::Commons;
use naive::World;
use queries::Query;

/// How many queries are tried; `PEREGRINE_QUERIES` asks for more.
fn wanted() -> usize {
    std::env::var("PEREGRINE_QUERIES").ok().and_then(|text| text.parse().ok()).unwrap_or(250)
}

/// What the two say, when they differ.
async fn difference(commons: &Commons, world: &World, query: &Query) -> Option<String> {
    let user = if query.as_reader { "reader" } else { "admin" };
    let text = query.text();
    let answer = commons.post(user, &json!({ "query": text })).await;
    let expected = json!({ "data": world.answer(query) });
    let got = answer.json();
    (got != expected).then(|| format!("{user}: {text}\n   ours: {got}\n  naive: {expected}"))
}

#[actix_web::test]
async fn answers_equal_those_of_a_naive_interpreter() {
    let commons = Commons::empty().await;
    let world = World::generate();
    world.load(&commons.loader()).await;
    let seed = std::env::var("PEREGRINE_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(7_u8);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (strategy, mut answers) = (queries::query(), 0);
    for _ in 0..wanted() {
        let mut tree = strategy.new_tree(&mut runner).unwrap();
        let Some(mut found) = difference(&commons, &world, &tree.current()).await else {
            answers += usize::from(world.answer(&tree.current()).to_string().contains(":\""));
            continue;
        };
        // The smallest query that still differs says most.
        while tree.simplify() {
            match difference(&commons, &world, &tree.current()).await {
                Some(smaller) => found = smaller,
                None if !tree.complicate() => break,
                None => {}
            }
        }
        panic!("{found}");
    }
    assert!(answers > wanted() / 3, "only {answers} queries found anything: the test tests little");
}
