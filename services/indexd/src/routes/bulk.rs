//! `/bulk/records`: many writes in one request, a line each.

mod lines;
mod report;

use std::{collections::HashSet, time::Duration};

use actix_web::{HttpRequest, HttpResponse, dev::Decompress, http::Method, web::Data};
use web::{Params, Routes};

use self::{
    lines::{Limits, Lines},
    report::{Conclusion, Report},
};
use crate::{
    Error, Indexd,
    actions::{Answer, Ending, Outcome, Progress},
    auth::{Claimant, Decisions},
    guid::Guid,
    input::Operation,
    parameters,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::POST, "/bulk/records", write);
}

/// So many lines, or bytes of lines, are written together.
const BATCH: usize = 1000;
const BATCH_BYTES: usize = 4 << 20;

/// What holds for a request whose lines are written each by itself.
const EACH: Limits = Limits { lines: 100_000, bytes: 256 << 20, waiting: WAITING };
/// What holds for one of which all lines are written or none, and which is kept in memory as a whole.
const ALL: Limits = Limits { lines: 20_000, bytes: 32 << 20, waiting: WAITING };
/// A client that keeps others from their places is waited for so long at most.
const WAITING: Duration = Duration::from_secs(600);

/// Whether a line that cannot be written keeps the others from being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It does. The default.
    All,
    Each,
}

/// The parameters `mode` and `dry_run`. The third is `user`: a service that has a login asks with it for what
/// this user may do, and for nothing else.
fn options(params: &Params) -> Result<(Mode, Ending), Error> {
    parameters::only(params, &["mode", "dry_run", "user"])?;
    let mode = match params.get("mode") {
        None | Some("all") => Mode::All,
        Some("each") => Mode::Each,
        Some(_) => return Err(Error::bad("mode must be 'all' or 'each'")),
    };
    let ending = match params.get("dry_run") {
        None | Some("false") => Ending::Keep,
        Some("" | "true") => Ending::Undo,
        Some(_) => return Err(Error::bad("dry_run must be 'true' or 'false'")),
    };
    Ok((mode, ending))
}

async fn write(
    indexd: Data<Indexd>,
    who: Claimant,
    params: Params,
    request: HttpRequest,
    payload: actix_web::web::Payload,
) -> Result<HttpResponse, Error> {
    let (mode, ending) = options(&params)?;
    let who = match params.get("user") {
        Some(name) => indexd.vouched_for(&who, name).await?,
        None => who,
    };
    let mut decisions = Decisions::new(&indexd, &who).await?;
    let _place = match mode {
        Mode::All => indexd.bulk_places.whole().await?,
        Mode::Each => indexd.bulk_places.batches().await?,
    };
    let unpacked = Decompress::from_headers(payload, request.headers());
    match mode {
        Mode::Each => each(&indexd, &mut decisions, Lines::new(unpacked, EACH), ending).await,
        Mode::All => all(&indexd, &mut decisions, Lines::new(unpacked, ALL), ending).await,
    }
}

/// Lines that are written together. Each has its number, and stands for itself if it cannot be read.
#[derive(Default)]
struct Batch {
    numbers: Vec<usize>,
    /// In the place of an operation, why the line cannot be read.
    unreadable: Vec<(usize, Error)>,
    operations: Vec<Operation>,
    bytes: usize,
}

impl Batch {
    fn push(&mut self, number: usize, length: usize, operation: Result<Operation, Error>) {
        self.bytes += length;
        match operation {
            Ok(operation) => {
                self.numbers.push(number);
                self.operations.push(operation);
            }
            Err(error) => self.unreadable.push((number, error)),
        }
    }

    fn is_full(&self) -> bool {
        self.operations.len() + self.unreadable.len() >= BATCH || self.bytes >= BATCH_BYTES
    }
}

/// Why a request ends before its last line.
struct Stop {
    /// The first line that was not written for it.
    line: usize,
    error: Error,
}

/// Writes batch by batch. What goes wrong with the request as a whole ends it, but what was written stays and
/// is told.
async fn each<S: lines::Chunks>(
    indexd: &Indexd,
    decisions: &mut Decisions<'_>,
    mut lines: Lines<S>,
    ending: Ending,
) -> Result<HttpResponse, Error> {
    let mut report = Report::new(ending);
    let stop = batches(indexd, decisions, &mut lines, &mut report).await.err();
    lines.drain().await;
    match stop {
        Some(Stop { error, .. }) if report.is_empty() => Err(error),
        Some(Stop { line, error }) => Ok(report.answer(&Conclusion::Stopped { line, error })),
        None if report.is_empty() => Err(no_lines()),
        None => Ok(report.answer(&Conclusion::Each)),
    }
}

async fn batches<S: lines::Chunks>(
    indexd: &Indexd,
    decisions: &mut Decisions<'_>,
    lines: &mut Lines<S>,
    report: &mut Report,
) -> Result<(), Stop> {
    let (mut batch, mut dids) = (Batch::default(), HashSet::new());
    loop {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) => return flush(indexd, decisions, &mut batch, report).await,
            Err(error) => {
                // Lines before the one that cannot be read are as good as any.
                flush(indexd, decisions, &mut batch, report).await?;
                return Err(Stop { line: lines.number(), error });
            }
        };
        let operation = Operation::parse(&line);
        let did = operation.as_ref().ok().and_then(Operation::did).cloned();
        if batch.is_full() || did.as_ref().is_some_and(|did| dids.contains(did)) {
            flush(indexd, decisions, &mut batch, report).await?;
            dids.clear();
        }
        dids.extend(did);
        batch.push(lines.number(), line.len(), operation);
    }
}

async fn flush(
    indexd: &Indexd,
    decisions: &mut Decisions<'_>,
    batch: &mut Batch,
    report: &mut Report,
) -> Result<(), Stop> {
    let Batch { numbers, mut unreadable, operations, .. } = std::mem::take(batch);
    if operations.is_empty() {
        report.refuse(unreadable);
        return Ok(());
    }
    let Progress { answers, failure } = indexd.write_each(decisions, operations, report.ending()).await;
    let stop = failure.and_then(|error| {
        let line = *numbers.get(answers.len())?;
        Some(Stop { line, error })
    });
    report.add(numbers.into_iter().zip(answers));
    if let Some(Stop { line, .. }) = stop {
        unreadable.retain(|(number, _)| *number < line);
    }
    report.refuse(unreadable);
    stop.map_or(Ok(()), Err)
}

async fn all<S: lines::Chunks>(
    indexd: &Indexd,
    decisions: &mut Decisions<'_>,
    mut lines: Lines<S>,
    ending: Ending,
) -> Result<HttpResponse, Error> {
    let mut report = Report::new(ending);
    let (mut batches, mut batch) = (Vec::new(), Batch::default());
    let mut numbers = Vec::new();
    let mut dids: HashSet<Guid> = HashSet::new();
    loop {
        let line = match lines.next().await {
            Ok(Some(line)) => line,
            Ok(None) => break,
            Err(error) => {
                lines.drain().await;
                return Err(error);
            }
        };
        let operation = Operation::parse(&line).and_then(|operation| match operation.did() {
            Some(did) if !dids.insert(did.clone()) => {
                Err(Error::Conflict(format!("a line before this one is about '{did}' too")))
            }
            _ => Ok(operation),
        });
        if batch.is_full() {
            let full = std::mem::take(&mut batch);
            numbers.extend(full.numbers);
            report.refuse(full.unreadable);
            batches.push(full.operations);
        }
        batch.push(lines.number(), line.len(), operation);
    }
    numbers.extend(batch.numbers);
    report.refuse(batch.unreadable);
    batches.push(batch.operations);
    if numbers.is_empty() && report.is_empty() {
        return Err(no_lines());
    }
    let answers = if report.is_empty() {
        indexd.write_all(decisions, batches, ending).await?
    } else {
        let unwritten =
            |operation: Operation| Answer { did: operation.did().cloned(), outcome: Outcome::Deleted };
        batches.into_iter().flatten().map(unwritten).collect()
    };
    report.add(numbers.into_iter().zip(answers));
    Ok(report.answer(&Conclusion::All))
}

fn no_lines() -> Error {
    Error::bad("the body has no lines; each line is an object such as {\"op\": \"create\", \"record\": {}}")
}
