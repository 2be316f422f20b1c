//! Whole answers.

use graphql::Problem;
use serde_json::{Value, json};

use super::{
    buckets::Buckets,
    json::{Writer, place},
    rows,
};
use crate::{
    config::Config,
    lower::{Answers, Failure, Part, Place, Rows},
};

/// The answer to a query of this text.
pub(crate) fn write(source: &str, places: &[Place<'_>], answers: &Answers, config: &Config) -> Vec<u8> {
    let mut out = Writer::new(source);
    let buckets = Buckets { answers, config };
    object(places, &buckets, &mut out);
    let (data, errors) = out.into_parts();
    let mut answer = Vec::with_capacity(data.len() + 16);
    answer.push(b'{');
    if !errors.is_empty() {
        answer.extend_from_slice(b"\"errors\":");
        // Writing to a vector does not fail.
        let _ = serde_json::to_writer(&mut answer, &errors);
        answer.push(b',');
    }
    answer.extend_from_slice(b"\"data\":");
    answer.extend_from_slice(&data);
    answer.push(b'}');
    answer
}

/// The errors of a query that is refused.
pub(crate) fn refusal(source: &str, problems: &[Problem], code: &str) -> Value {
    let error = |problem: &Problem| {
        let mut error = json!({ "message": problem.message });
        if let Some(at) = problem.at {
            error["locations"] = json!([place(source, at)]);
        }
        error["extensions"] = json!({ "code": code });
        error
    };
    problems.iter().map(error).collect()
}

fn object<'q>(places: &[Place<'q>], buckets: &Buckets<'_>, out: &mut Writer<'q>) {
    out.object(places.iter().map(|place| (place.key, place.at, &place.part)), |out, part| {
        if let Err(failure) = value(part, buckets, out) {
            out.failed(&failure);
        }
    });
}

/// Writes a value. What fails has written nothing.
fn value<'q>(part: &Part<'q>, buckets: &Buckets<'_>, out: &mut Writer<'q>) -> Result<(), Failure> {
    match part {
        Part::Null => out.null(),
        Part::Failed(failure) => return Err(failure.clone()),
        Part::Text(text) => out.text(text),
        Part::Json(json) => out.raw(json),
        Part::Names(names) => out.list(names, |out, name| out.text(name)),
        Part::Object(places) => object(places, buckets, out),
        Part::Rows(rows) => page(rows, buckets.answers, out)?,
        Part::Total(total) => out.count(buckets.total(total)?),
        Part::Figure(figure) => out.count(buckets.figure(figure)?),
        Part::Texts(texts) => buckets.texts(texts, out)?,
        Part::Numbers(numbers) => buckets.numbers(numbers, out)?,
    }
    Ok(())
}

fn page<'q>(page: &Rows<'q>, answers: &Answers, out: &mut Writer<'q>) -> Result<(), Failure> {
    if let Some(forbidden) = &page.forbidden
        && answers.found(forbidden)?.total > 0
    {
        return Err(Failure::OutOfScope);
    }
    let found = answers.found(page.page.as_ref().map_err(Failure::clone)?)?;
    rows::write(&found.hits, page.fields, page.selected, out);
    Ok(())
}
