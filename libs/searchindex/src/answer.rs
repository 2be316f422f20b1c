//! Answers questions, several at once.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use search::{Aggregate, Found, Hit, Search, SearchError};
use serde_json::{Map, Value};
use tantivy::{TantivyDocument, schema::Value as _};

use crate::{
    chosen::Chosen,
    column::broken,
    counting::aggregate,
    filter::{Scope, matching},
    highlight::Marker,
    order::{Order, Row},
    source::Wanted,
    view::View,
};

/// Fewer documents are not worth another thread.
const MANY: u64 = 20_000;
/// More rows in one answer are refused.
const MOST_ROWS: u64 = 1_000_000;

/// A question and what it is asked of.
pub(crate) struct Question {
    pub(crate) view: View,
    pub(crate) search: Search,
}

/// What is to be done for one answer.
enum Part<'q> {
    Rows,
    Aggregation(&'q str),
}

enum Done<'q> {
    Rows(Result<Vec<Hit>, SearchError>),
    Aggregate(&'q str, Result<Aggregate, SearchError>),
}

/// Answers questions, by so many threads at most.
pub(crate) fn answer(questions: &[Question], threads: usize) -> Vec<Result<Found, SearchError>> {
    // A query that several ask is answered once.
    let mut distinct: Vec<&Question> = Vec::new();
    let mut numbers = Vec::with_capacity(questions.len());
    for question in questions {
        let same = |other: &&Question| {
            Arc::ptr_eq(&other.view.snapshot, &question.view.snapshot)
                && other.search.query == question.search.query
        };
        numbers.push(distinct.iter().position(same).unwrap_or_else(|| {
            distinct.push(question);
            distinct.len() - 1
        }));
    }
    let large = questions.iter().any(|question| question.view.len().unwrap_or(0) >= MANY);
    let threads = if large { threads } else { 1 };
    let chosen = in_parallel(threads, &distinct, |question| choose(question));
    let mut parts = Vec::new();
    for (at, question) in questions.iter().enumerate() {
        parts.push((at, Part::Rows));
        parts.extend(question.search.aggregations.keys().map(|name| (at, Part::Aggregation(name))));
    }
    let done = in_parallel(threads, &parts, |(at, part)| {
        let (question, chosen) = (&questions[*at], &chosen[numbers[*at]]);
        match (part, chosen) {
            (Part::Rows, Ok(chosen)) => Done::Rows(rows(&question.search, chosen)),
            (Part::Rows, Err(error)) => Done::Rows(Err(again(error))),
            (Part::Aggregation(name), Ok(chosen)) => {
                Done::Aggregate(name, aggregate(chosen, &question.search.aggregations[*name]))
            }
            (Part::Aggregation(name), Err(error)) => Done::Aggregate(name, Err(again(error))),
        }
    });
    let mut answers: Vec<Result<Found, SearchError>> = Vec::with_capacity(questions.len());
    for number in &numbers {
        answers.push(match &chosen[*number] {
            Ok(chosen) => Ok(Found { total: chosen.count(), ..Found::default() }),
            Err(error) => Err(again(error)),
        });
    }
    for ((at, _), done) in parts.iter().zip(done) {
        let Ok(found) = &mut answers[*at] else { continue };
        match done {
            Done::Rows(Ok(hits)) => found.hits = hits,
            Done::Aggregate(name, Ok(aggregate)) => drop(found.aggregates.insert(name.to_owned(), aggregate)),
            Done::Rows(Err(error)) | Done::Aggregate(_, Err(error)) => answers[*at] = Err(error),
        }
    }
    answers
}

/// The same failure for another question.
fn again(error: &SearchError) -> SearchError {
    match error {
        SearchError::Refused(why) => SearchError::Refused(why.clone()),
        SearchError::TooLong(time) => SearchError::TooLong(*time),
        other => SearchError::Failed(other.to_string().into()),
    }
}

/// The documents of a question.
fn choose(question: &Question) -> Result<Chosen<'_>, SearchError> {
    let scope = Scope::documents();
    let found = matching(&question.view, &question.search.query, &scope)?;
    Chosen::new(&question.view, scope, found)
}

fn rows(search: &Search, chosen: &Chosen<'_>) -> Result<Vec<Hit>, SearchError> {
    let order = Order::new(chosen, &search.sort)?;
    if search.size > MOST_ROWS {
        return Err(SearchError::Refused(format!(
            "no more than {MOST_ROWS} rows in one answer are possible"
        )));
    }
    if search.size == 0 {
        return Ok(Vec::new());
    }
    let from = usize::try_from(search.from).unwrap_or(usize::MAX);
    let rows = order.rows(chosen, search.after.as_deref(), from, search.size as usize)?;
    let highlight = search.highlight.as_deref().map(|subfield| (&search.query, subfield));
    hits(chosen.view, rows, &Wanted::new(&search.source), highlight)
}

/// Reads the documents of rows.
pub(crate) fn hits(
    view: &View,
    rows: Vec<Row>,
    wanted: &Wanted,
    highlight: Option<(&search::Query, &str)>,
) -> Result<Vec<Hit>, SearchError> {
    let markers: Vec<_> = view
        .segments
        .iter()
        .map(|segment| highlight.map(|(query, subfield)| Marker::new(&segment.layout, query, subfield)))
        .collect();
    rows.into_iter()
        .map(|row| {
            view.go_on()?;
            let segment = &view.segments[row.segment];
            let stored: TantivyDocument = segment.store()?.get(row.doc).map_err(broken)?;
            let bytes =
                |place| stored.get_first(place).and_then(|value| value.as_bytes()).unwrap_or_default();
            let body = bytes(segment.layout.source);
            let highlights = match &markers[row.segment] {
                Some(marker) => marker.mark(body)?,
                None => BTreeMap::new(),
            };
            Ok(Hit {
                id: String::from_utf8_lossy(bytes(segment.layout.id)).into_owned(),
                source: wanted.read(body).map_err(broken)?,
                highlights,
                position: row.position,
            })
        })
        .collect()
}

/// A document by its id.
pub(crate) fn document(view: &View, id: &str) -> Result<Option<Map<String, Value>>, SearchError> {
    let found = matching(view, &search::Query::Ids(vec![id.to_owned()]), &Scope::documents())?;
    let chosen = Chosen::new(view, Scope::documents(), found)?;
    let rows = Order::new(&chosen, &[])?.rows(&chosen, None, 0, 1)?;
    Ok(hits(view, rows, &Wanted::All, None)?.pop().map(|hit| hit.source))
}

/// Does something with each item, by so many threads at most.
fn in_parallel<T: Sync, R: Send>(threads: usize, items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    if threads < 2 || items.len() < 2 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let done = Mutex::new(Vec::with_capacity(items.len()));
    thread::scope(|scope| {
        for _ in 0..threads.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(at) else { break };
                    let result = work(item);
                    done.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}
