//! Several questions at once, and what is left to ask when their first answers are there.

use std::collections::VecDeque;

use futures_util::future::join_all;
use reqwest::Method;
use search::{Aggregates, Aggregations, Found, Mapping, Search, SearchError};
use serde_json::{Map, Value, json};

use crate::{
    answer::{self, unexpected},
    client::{Client, LINES, Repeat, Request},
    composite::{self, Part, Repeating, Unfinished},
    lower, names,
};

/// How many bytes of questions go into one request; servers take 100 MB.
const TOGETHER: usize = 32 << 20;
/// How many values of one field are counted at most.
const MOST_VALUES: usize = 1_000_000;
/// How many values of a number are counted in one part; servers make 65,535 buckets.
const PART: usize = 30_000;
/// How many hits are asked for beyond a page, in case several shards have the last one's place.
const SPARE: u64 = 8;
/// The most hits that servers give at once (`index.max_result_window`).
const WINDOW: u64 = 10_000;

/// A question in the form of a server.
struct Question {
    index: String,
    body: Value,
}

/// Answers several questions.
pub(crate) async fn all(client: &Client, searches: &[(&str, &Search)]) -> Vec<Result<Found, SearchError>> {
    let parts: Vec<Vec<Part>> = searches.iter().map(|(_, search)| composite::parts(search)).collect();
    let mut questions = Vec::new();
    for ((index, _), parts) in searches.iter().zip(&parts) {
        questions.extend(parts.iter().map(|part| question(index, &part.search)));
    }
    let mut answers = VecDeque::from(ask(client, &questions).await);
    let joined = searches.iter().zip(parts).map(|((index, search), parts)| {
        let own: Vec<_> = answers.drain(..parts.len().min(answers.len())).collect();
        finish(client, index, search, parts, own)
    });
    join_all(joined.collect::<Vec<_>>()).await
}

fn question(index: &str, search: &Search) -> Question {
    let mut body = lower::search(search);
    if let Some(position) = &search.after {
        let (after, more) = after(position, search.sort.len());
        body["search_after"] = after.into();
        if more {
            body["size"] = (search.size + 1 + SPARE).min(search.size.max(WINDOW)).into();
        }
    }
    Question { index: index.to_owned(), body }
}

/// Where a server begins after a position, and whether hits at the same place have to be left out. Numbers of
/// writes are each shard's own: a position among several shards has the id of its hit at the end, and what
/// has the same place is asked for again.
fn after(position: &[Value], sorted: usize) -> (Vec<Value>, bool) {
    let mut after = position.to_vec();
    if position.len() <= sorted + 1 {
        return (after, false);
    }
    after.truncate(sorted + 1);
    if let Some(written) = after.last().and_then(Value::as_i64) {
        after[sorted] = (written - 1).into();
    }
    (after, true)
}

async fn finish(
    client: &Client,
    index: &str,
    search: &Search,
    parts: Vec<Part>,
    answers: Vec<Result<Value, SearchError>>,
) -> Result<Found, SearchError> {
    let mut found = Found::default();
    for (part, answer) in parts.iter().zip(answers) {
        let mut answer = match answer {
            // A number that no field of its kind can hold.
            Err(SearchError::Refused(reason)) if reason.contains("out of range") => {
                let fitted = fitted(client, index, &part.search).await?;
                let answers = ask(client, &[question(index, &fitted)]).await;
                answers.into_iter().next().unwrap_or_else(|| Err(unexpected("answer")))?
            }
            Err(SearchError::Refused(reason))
                if reason.contains("too many buckets") && part.search.aggregations.len() > 1 =>
            {
                one_by_one(client, index, &part.search).await?
            }
            answer => answer?,
        };
        let total = answer::total(&answer)?;
        let counted = answer["aggregations"].take();
        let mut aggregates = answer::aggregates(&part.search.aggregations, &counted)?;
        for unfinished in composite::unfinished(&part.search.aggregations, &counted) {
            continue_counting(client, index, &part.search, unfinished, &mut aggregates).await?;
        }
        count_again(client, index, &part.search, &mut aggregates).await?;
        if part.within.is_empty() {
            found.total = total;
            found.hits = hits(client, index, search, answer).await?;
        }
        composite::join(&mut found.aggregates, &part.within, total, aggregates)?;
    }
    Ok(found)
}

/// The same answer, each aggregation asked for by itself.
async fn one_by_one(client: &Client, index: &str, search: &Search) -> Result<Value, SearchError> {
    let plain = Search { aggregations: Aggregations::new(), ..search.clone() };
    let mut questions = vec![question(index, &plain)];
    for (name, aggregation) in &search.aggregations {
        let counts = [(name.clone(), aggregation.clone())].into();
        questions.push(question(index, &Search::counting(search.query.clone(), counts)));
    }
    let mut answers = ask(client, &questions).await.into_iter();
    let mut whole = answers.next().unwrap_or_else(|| Err(unexpected("answer")))?;
    let mut counted = Map::new();
    for answer in answers {
        match answer?["aggregations"].take() {
            Value::Object(own) => counted.extend(own),
            _ => return Err(unexpected("aggregations")),
        }
    }
    whole["aggregations"] = counted.into();
    Ok(whole)
}

/// Counts numbers and booleans so that a document that has a value twice counts once. Their values are few in
/// most cases; where they are many, they are counted in parts.
async fn count_again(
    client: &Client,
    index: &str,
    search: &Search,
    aggregates: &mut Aggregates,
) -> Result<(), SearchError> {
    let repeating = composite::repeating(&search.aggregations, aggregates);
    let parts_of = |repeating: &Repeating<'_>| repeating.length.div_ceil(PART).max(1);
    let mut questions = Vec::new();
    for again in &repeating {
        for part in 0..parts_of(again) {
            let counting = Search::counting(search.query.clone(), Aggregations::new());
            let mut body = lower::search(&counting);
            body["aggs"] = lower::part(&again.nested, &again.name, again.values, (part, parts_of(again)));
            questions.push(Question { index: index.to_owned(), body });
        }
    }
    let mut answers = ask(client, &questions).await.into_iter();
    for again in &repeating {
        let mut all = Vec::new();
        for part in 0..parts_of(again) {
            let answer = answers.next().unwrap_or_else(|| Err(unexpected("answer")))?;
            let own = composite::inside(&answer["aggregations"], &again.nested);
            let own = own.ok_or_else(|| unexpected("part of a count"))?;
            let asked = [(again.name.clone(), again.values.clone())].into();
            let mut counted = answer::aggregates(&asked, own)?;
            let Some(search::Aggregate::Values(buckets)) = counted.remove(&again.name) else { continue };
            // Each part has the documents without a value.
            all.extend(buckets.into_iter().filter(|bucket| part == 0 || bucket.key.is_some()));
        }
        if parts_of(again) > 1 {
            composite::order(&mut all, again.values);
        }
        let lost = || SearchError::Failed("a count of values has no place".into());
        *composite::buckets_of(aggregates, &again.nested, &again.name).ok_or_else(lost)? = all;
    }
    Ok(())
}

async fn fitted(client: &Client, index: &str, search: &Search) -> Result<Search, SearchError> {
    let name = names::concrete(index)?;
    let said = client.send(&Request::get(format!("{name}/_mapping"))).await?.read(index)?;
    let first = said.as_object().and_then(|indices| indices.values().next());
    let mapping = first.map(|index| Mapping::read(&index["mappings"])).transpose();
    let mapping = mapping.map_err(|error| SearchError::Failed(error.into()))?.unwrap_or_default();
    Ok(lower::fit(search, &mapping))
}

async fn hits(
    client: &Client,
    index: &str,
    search: &Search,
    mut answer: Value,
) -> Result<Vec<search::Hit>, SearchError> {
    if search.size == 0 {
        return Ok(Vec::new());
    }
    let size = usize::try_from(search.size).unwrap_or(usize::MAX);
    let mut asked = question(index, search).body["size"].as_u64().unwrap_or(search.size);
    loop {
        let shards = answer["_shards"]["total"].as_u64().unwrap_or(1);
        let mut hits = answer::hits(&mut answer, &search.source, search.highlight.as_deref())?;
        if shards > 1 {
            hits.iter_mut().for_each(|hit| hit.position.push(hit.id.as_str().into()));
        }
        let given = hits.len() as u64;
        if let Some(position) = search.after.as_ref().filter(|after| after.len() > search.sort.len() + 1) {
            let place = search.sort.len() + 1;
            // What has the same place comes in the same order each time: by shards.
            let same = hits.iter().take_while(|hit| hit.position.get(..place) == position.get(..place));
            let seen = same.into_iter().position(|hit| hit.position.get(place) == position.get(place));
            hits.drain(..seen.map_or(0, |place| place + 1));
        }
        let short = hits.len() < size && given == asked && asked < WINDOW;
        if !short {
            hits.truncate(size);
            return Ok(hits);
        }
        // More shards than thought of.
        asked = (search.size + 1 + shards).max(asked + 1).min(WINDOW);
        let mut again = question(index, search);
        again.body["size"] = asked.into();
        let answers = ask(client, &[again]).await;
        answer = answers.into_iter().next().unwrap_or_else(|| Err(unexpected("answer")))?;
    }
}

async fn continue_counting(
    client: &Client,
    index: &str,
    search: &Search,
    unfinished: Unfinished<'_>,
    aggregates: &mut Aggregates,
) -> Result<(), SearchError> {
    let Unfinished { nested, name, values, after } = unfinished;
    let search::Aggregation::Values { then, .. } = values else { return Ok(()) };
    let lost = || SearchError::Failed("a count of values has no place".into());
    let buckets = composite::buckets_of(aggregates, &nested, &name).ok_or_else(lost)?;
    let mut next = Some(after);
    while let Some(after) = next {
        if buckets.len() >= MOST_VALUES {
            return Err(SearchError::Refused(format!("more than {MOST_VALUES} values are not counted")));
        }
        let mut body = lower::search(&Search::counting(search.query.clone(), Default::default()));
        body["aggs"] = lower::page(&nested, &name, values, &after);
        let answers = ask(client, &[Question { index: index.to_owned(), body }]).await;
        let answer = answers.into_iter().next().unwrap_or_else(|| Err(unexpected("answer")))?;
        let own =
            composite::own(&answer["aggregations"], &nested, &name).ok_or_else(|| unexpected("page"))?;
        buckets.extend(answer::page(own, then)?);
        next = composite::next(own);
    }
    Ok(())
}

/// The answer to each question.
async fn ask(client: &Client, questions: &[Question]) -> Vec<Result<Value, SearchError>> {
    let mut answers = Vec::with_capacity(questions.len());
    let mut lines = String::new();
    let mut waiting = Vec::new();
    for (place, question) in questions.iter().enumerate() {
        if let Err(error) = names::concrete(&question.index) {
            // A name that can be no index's is not asked for; it keeps its place.
            flush(client, &mut lines, &mut waiting, &mut answers).await;
            answers.push(Err(error));
            continue;
        }
        let header = json!({"index": question.index, "allow_partial_search_results": false});
        lines.push_str(&format!("{header}\n{}\n", question.body));
        waiting.push(question.index.as_str());
        if lines.len() >= TOGETHER || place + 1 == questions.len() {
            flush(client, &mut lines, &mut waiting, &mut answers).await;
        }
    }
    flush(client, &mut lines, &mut waiting, &mut answers).await;
    answers
}

async fn flush(
    client: &Client,
    lines: &mut String,
    waiting: &mut Vec<&str>,
    answers: &mut Vec<Result<Value, SearchError>>,
) {
    if waiting.is_empty() {
        return;
    }
    let request = Request {
        method: Method::POST,
        path: "_msearch".to_owned(),
        kind: LINES,
        body: std::mem::take(lines).into(),
        repeat: Repeat::Harmless,
    };
    let indices = std::mem::take(waiting);
    let responses = match client.send(&request).await.and_then(|answer| answer.read("")) {
        Ok(said) => answer::responses(said),
        Err(error) => Err(error),
    };
    match responses {
        Ok(responses) if responses.len() == indices.len() => {
            answers.extend(responses.into_iter().zip(indices).map(|(said, index)| whole(said, index)));
        }
        Ok(_) => answers.extend(indices.iter().map(|_| Err(unexpected("response to each question")))),
        Err(error) => {
            let text = error.to_string();
            let again = |_: &&str| match &error {
                SearchError::Refused(reason) => Err(SearchError::Refused(reason.clone())),
                SearchError::Unavailable(_) => Err(SearchError::Unavailable(text.clone().into())),
                _ => Err(SearchError::Failed(text.clone().into())),
            };
            answers.extend(indices.iter().map(again));
        }
    }
}

/// An answer of all shards.
fn whole(said: Value, index: &str) -> Result<Value, SearchError> {
    if said.get("error").is_some() {
        let status = said["status"].as_u64().and_then(|status| u16::try_from(status).ok());
        return Err(answer::refusal(status.unwrap_or(500), &said, index));
    }
    if said["timed_out"] == json!(true) || said["_shards"]["failed"].as_u64().unwrap_or(0) > 0 {
        return Err(SearchError::Unavailable("some shards gave no answer".into()));
    }
    Ok(said)
}
