//! Questions about figures, all asked at once, and what was found.

use std::collections::BTreeMap;

use search::{Aggregate, Aggregation, Aggregations, Engine, Found, Search};

use super::problem::Problem;
use crate::access::Scope;

/// Questions. Those about the same documents are asked together.
#[derive(Default)]
pub(super) struct Questions(Vec<(Scope, Aggregations)>);

/// The documents of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Over(usize);

/// What was found.
pub(super) struct Figures(Vec<Found>);

impl Questions {
    /// These documents, whose number is asked for as well.
    pub(super) fn over(&mut self, scope: &Scope) -> Over {
        if let Some(place) = self.0.iter().position(|(known, _)| known == scope) {
            return Over(place);
        }
        self.0.push((scope.clone(), Aggregations::new()));
        Over(self.0.len() - 1)
    }

    /// Asks something about the documents, or about their nested objects at a path.
    pub(super) fn ask(&mut self, Over(place): Over, nested: Option<&str>, name: String, what: Aggregation) {
        let aggregations = &mut self.0[place].1;
        match nested {
            None => drop(aggregations.insert(name, what)),
            Some(path) => {
                let then = BTreeMap::from([(name.clone(), what)]);
                aggregations.insert(name, Aggregation::Nested { path: path.to_owned(), then });
            }
        }
    }

    /// Asks the engine everything, in one round.
    ///
    /// # Errors
    /// The first error of the engine.
    pub(super) async fn answer(self, engine: &dyn Engine) -> Result<Figures, Problem> {
        let searches: Vec<(Scope, Search)> = self
            .0
            .into_iter()
            .map(|(scope, aggregations)| {
                let search = Search::counting(scope.query().clone(), aggregations);
                (scope, search)
            })
            .collect();
        let asked: Vec<(&str, &Search)> =
            searches.iter().map(|(scope, search)| (scope.index(), search)).collect();
        let found = engine.search_all(&asked).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        if found.len() != asked.len() {
            return Err(web::Failure::internal("searching", "an engine left out an answer").into());
        }
        Ok(Figures(found))
    }
}

impl Figures {
    /// How many documents there are.
    pub(super) fn total(&self, Over(place): Over) -> u64 {
        self.0[place].total
    }

    /// What was asked under this name.
    pub(super) fn get(&self, Over(place): Over, nested: bool, name: &str) -> Option<&Aggregate> {
        let found = self.0[place].aggregates.get(name)?;
        match found {
            Aggregate::Within { then, .. } if nested => then.get(name),
            found => Some(found),
        }
    }
}
