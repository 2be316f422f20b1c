//! What is searched for a request. Questions about the same documents become one.

use std::sync::Arc;

use search::{Aggregate, Aggregates, Aggregation, Aggregations, Found, Search, SearchError, Sort, Source};

use super::failure::Failure;
use crate::access::Scope;

/// Searches, and how far they have been asked.
#[derive(Debug, Default)]
pub(crate) struct Searches {
    searches: Vec<(Scope, Search)>,
    asked: usize,
    /// How many aggregations there are; their names are made of it.
    aggregations: usize,
}

/// Where the answer to a question will be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ticket {
    search: usize,
    /// The name of the aggregation around the parts, or what their names begin with.
    name: String,
    nested: bool,
}

/// A page of rows.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) from: u64,
    pub(crate) size: u64,
    pub(crate) sort: Vec<Sort>,
    pub(crate) source: Source,
    pub(crate) highlight: Option<String>,
}

impl Searches {
    /// Asks for a page of the documents.
    pub(crate) fn rows(&mut self, scope: Scope, page: Page) -> Ticket {
        let Page { from, size, sort, source, highlight } = page;
        let search = Search { from, size, sort, source, highlight, ..Search::new(scope.query().clone()) };
        self.searches.push((scope, search));
        Ticket { search: self.searches.len() - 1, name: String::new(), nested: false }
    }

    /// Asks how many documents there are.
    pub(crate) fn total(&mut self, scope: &Scope) -> Ticket {
        Ticket { search: self.counting(scope), name: String::new(), nested: false }
    }

    /// Asks what is counted over the documents, or over the nested objects of a path in them.
    pub(crate) fn count(&mut self, scope: &Scope, nested: Option<&str>, parts: Aggregations) -> Ticket {
        let search = self.counting(scope);
        self.aggregations += 1;
        let name = format!("a{}", self.aggregations);
        let aggregations = &mut self.searches[search].1.aggregations;
        match nested {
            Some(path) => {
                let nested = Aggregation::Nested { path: path.to_owned(), then: parts };
                aggregations.insert(name.clone(), nested);
            }
            None => aggregations.extend(parts.into_iter().map(|(part, of)| (format!("{name}.{part}"), of))),
        }
        Ticket { search, name, nested: nested.is_some() }
    }

    /// The search that counts over these documents and is not asked yet.
    fn counting(&mut self, scope: &Scope) -> usize {
        let pending = self.searches.iter().enumerate().skip(self.asked);
        let mut alike = pending.filter(|(_, (other, search))| search.size == 0 && other == scope);
        if let Some((place, _)) = alike.next() {
            return place;
        }
        let search = Search::counting(scope.query().clone(), Aggregations::new());
        self.searches.push((scope.clone(), search));
        self.searches.len() - 1
    }

    /// How many aggregations were asked for.
    pub(crate) fn aggregations(&self) -> usize {
        self.aggregations
    }

    /// The searches that have not been asked yet.
    pub(crate) fn next(&mut self) -> Vec<(&str, &Search)> {
        let next = self.searches[self.asked..].iter().map(|(scope, search)| (scope.index(), search));
        self.asked = self.searches.len();
        next.collect()
    }
}

/// What was found, in the order of the searches.
#[derive(Debug, Default)]
pub(crate) struct Answers(Vec<Result<Found, Arc<SearchError>>>);

impl Answers {
    pub(crate) fn extend(&mut self, found: Vec<Result<Found, SearchError>>) {
        self.0.extend(found.into_iter().map(|found| found.map_err(Arc::new)));
    }

    /// The whole answer to a search.
    pub(crate) fn found(&self, ticket: &Ticket) -> Result<&Found, Failure> {
        match self.0.get(ticket.search) {
            Some(Ok(found)) => Ok(found),
            Some(Err(error)) => Err(Failure::Engine(error.clone())),
            None => Err(missing()),
        }
    }

    /// A part of what was counted.
    pub(crate) fn part(&self, ticket: &Ticket, part: &str) -> Result<&Aggregate, Failure> {
        let aggregates = &self.found(ticket)?.aggregates;
        let found = if ticket.nested {
            match aggregates.get(&ticket.name) {
                Some(Aggregate::Within { then, .. }) => then.get(part),
                _ => None,
            }
        } else {
            aggregates.get(&format!("{}.{part}", ticket.name))
        };
        found.ok_or_else(missing)
    }

    /// All parts whose names these are, as aggregates of their own.
    pub(crate) fn parts(&self, ticket: &Ticket, names: &[String]) -> Result<Aggregates, Failure> {
        names.iter().map(|name| Ok((name.clone(), self.part(ticket, name)?.clone()))).collect()
    }

    /// The errors of engines that are to be written down: what is not the fault of a request.
    pub(crate) fn errors(&self) -> impl Iterator<Item = &SearchError> {
        self.0.iter().filter_map(|found| match found {
            Err(error) if !matches!(**error, SearchError::Refused(_)) => Some(&**error),
            _ => None,
        })
    }
}

/// An engine that leaves out a part of what it was asked.
fn missing() -> Failure {
    Failure::Engine(Arc::new(SearchError::Failed("a part of the answer is missing".into())))
}
