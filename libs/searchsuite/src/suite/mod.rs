//! One suite for every engine.

mod asking;
mod chance;
mod changes;
mod documents;
mod known;
mod paging;
mod questions;
mod same;

use search::{AliasChange, Engine};

use self::{
    asking::{compare, done, filled},
    chance::Chance,
};

/// How many documents are made by chance for each round.
const DOCUMENTS: usize = 40;

/// Asks an engine what is known to be hard, and `questions` more of which `seed` decides, and compares every
/// answer with that of [`Naive`](crate::Naive). Makes indices whose names begin with `suite_` and takes them
/// away again; what is there from a run that failed goes first.
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
