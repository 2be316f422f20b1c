//! Runs what was planned: one read-only REPEATABLE READ transaction, a statement a selection level. Long lists are
//! read in windows, and answers that are large are sent while they are made.

mod below;
mod cancel;
mod lists;
mod logs;
mod rows;
mod sink;

use std::{future::Future, pin::Pin, time::Duration};

use actix_web::web::Bytes;
use sqlx::{PgConnection, PgPool, Postgres, Row as _, Transaction};

pub(crate) use cancel::{answer, run};
pub(crate) use sink::{Reply, Sink};

use crate::{
    access::{Project, Readable},
    assemble::{report, write_text},
    error::Error,
    graph::Graph,
    ir::{Branch, Child, Count, Root, RootValue},
    plan::Planner,
};
use below::Room;
use lists::Source;

/// Counts in one statement: its result has a column each, of which there can be some 1,600.
const COUNTS_AT_ONCE: usize = 400;

/// What one request may use.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Time, for each statement and for all together.
    pub time: Duration,
    /// Rows that are read.
    pub rows: usize,
    /// Bytes of the answer.
    pub bytes: usize,
    /// Lists and counts that are asked for, each of which is work for the database.
    pub scans: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { time: Duration::from_secs(600), rows: 10_000_000, bytes: 4 << 30, scans: 2_000 }
    }
}

impl Budget {
    /// Takes rows and bytes from the budget.
    fn spend(&mut self, rows: usize, bytes: usize) -> Result<(), Error> {
        let refused = |what| {
            Error::Budget(format!(
                "The answer has more {what} than one request may have; use first and offset."
            ))
        };
        self.rows = self.rows.checked_sub(rows).ok_or_else(|| refused("nodes"))?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or_else(|| refused("bytes"))?;
        Ok(())
    }
}

/// How much of an answer is in memory at once.
#[derive(Debug, Clone, Copy)]
pub struct Windows {
    /// Nodes of a long list that are read first; how many are read next depends on how large these were.
    pub rows: usize,
    /// Bytes that may be held below the nodes of a window.
    pub bytes: usize,
    /// Bytes of an answer that are held back before its status is sent: whatever goes wrong until then is told.
    pub held_back: usize,
}

impl Default for Windows {
    fn default() -> Self {
        Self { rows: 1_000, bytes: 8 << 20, held_back: 2 << 20 }
    }
}

/// An answer: its whole body, and what went wrong.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `{"data":...}`, with `errors` when there are any.
    pub(crate) body: Bytes,
    pub(crate) errors: Vec<String>,
}

/// Why what is below a window is not there.
enum Halt {
    /// It is more than can be held.
    Full,
    Failed(Error),
}

impl From<Error> for Halt {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Refuses a query with more lists and counts than the budget permits.
pub(crate) fn check_scans(roots: &[Root], budget: &Budget) -> Result<(), Error> {
    let found = root_scans(roots);
    if found > budget.scans {
        let most = budget.scans;
        return Err(Error::Query(format!(
            "The query asks for {found} lists and counts, links and paths in filters included; {most} are permitted."
        )));
    }
    Ok(())
}

fn root_scans(roots: &[Root]) -> usize {
    let one = |root: &Root| match &root.value {
        RootValue::Known(_) | RootValue::Failed(_) => 0,
        RootValue::Scan(scan) => scans(&scan.branches),
        RootValue::Viewer(roots) => root_scans(roots),
        RootValue::Count(count) => 1 + count.filter.lookups(),
        RootValue::Logs(_) | RootValue::LogCount(_) => 1,
    };
    roots.iter().map(one).sum()
}

fn scans(branches: &[Branch]) -> usize {
    let child = |child: &Child| match child {
        Child::Linked(branch) => scans(std::slice::from_ref(branch)),
        Child::Neighbours(scan) => scans(&scan.branches),
        Child::Count { count, .. } => 1 + count.filter.lookups(),
        Child::Logs(_) | Child::LogCount(_) | Child::Failed(_) => 1,
    };
    let lookups = branches.iter().map(|branch| branch.filter.lookups()).sum::<usize>();
    let below = branches.iter().flat_map(|branch| &branch.level.children).map(child).sum::<usize>();
    branches.len() + lookups + below
}

/// Begins the transaction of a request, which reads only and has a time limit a statement. Gives the number of
/// the database's process that runs it.
async fn begin(pool: &PgPool, time: Duration) -> Result<(Transaction<'static, Postgres>, i32), sqlx::Error> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
    let statement = "select pg_backend_pid(), set_config('statement_timeout', $1, true), \
                     set_config('timezone', 'UTC', true), set_config('cursor_tuple_fraction', '1', true)";
    let limit = format!("{}ms", time.as_millis());
    let row = sqlx::query(statement).bind(limit).fetch_one(&mut *transaction).await?;
    let process = row.try_get(0)?;
    Ok((transaction, process))
}

/// All projects with their programs.
pub(crate) async fn projects(
    connection: &mut PgConnection,
    graph: &Graph,
) -> Result<Vec<Project>, sqlx::Error> {
    let Some(select) = crate::plan::projects(graph) else { return Ok(Vec::new()) };
    let rows = select.query().fetch_all(connection).await?;
    rows.iter().map(<Project as sqlx::FromRow<_>>::from_row).collect()
}

/// Runs a query for somebody.
pub(crate) struct Executor<'e> {
    connection: &'e mut PgConnection,
    planner: Planner<'e>,
    readable: &'e Readable,
    budget: Budget,
    windows: Windows,
    out: Sink,
    errors: Vec<String>,
    /// Number of the next cursor.
    cursors: usize,
}

type Later<'f, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'f>>;

impl<'e> Executor<'e> {
    pub(crate) fn new(
        connection: &'e mut PgConnection,
        planner: Planner<'e>,
        (budget, windows): (Budget, Windows),
        out: Sink,
    ) -> Self {
        let readable = planner.readable;
        Self { connection, planner, readable, budget, windows, out, errors: Vec::new(), cursors: 0 }
    }

    /// Writes the answer to the whole query.
    pub(crate) async fn answer(mut self, roots: &[Root]) -> Result<(), Error> {
        self.out.expect_errors(failures(roots));
        let mut counts = self.counts(roots).await?.into_iter();
        self.out.text().extend_from_slice(b"{\"data\":");
        self.roots(roots, &mut counts).await?;
        if !self.errors.is_empty() {
            let errors = serde_json::Value::from(self.errors.clone()).to_string();
            self.out.text().extend_from_slice(format!(",\"errors\":{errors}").as_bytes());
        }
        self.out.text().push(b'}');
        self.out.finish(self.errors).await
    }

    /// All counts of the top level and of `viewer`, in their order.
    async fn counts(&mut self, roots: &[Root]) -> Result<Vec<i64>, Error> {
        fn collect<'r>(roots: &'r [Root], counts: &mut Vec<&'r Count>) {
            for root in roots {
                match &root.value {
                    RootValue::Count(count) => counts.push(count),
                    RootValue::Viewer(roots) => collect(roots, counts),
                    _ => {}
                }
            }
        }
        let (mut counts, mut numbers) = (Vec::new(), Vec::new());
        collect(roots, &mut counts);
        for some in counts.chunks(COUNTS_AT_ONCE) {
            let row = self.planner.counts(some).query_once().fetch_one(&mut *self.connection).await?;
            for column in 0..some.len() {
                numbers.push(row.try_get(column)?);
            }
        }
        Ok(numbers)
    }

    /// Writes the top level, or `viewer`.
    fn roots<'f>(&'f mut self, roots: &'f [Root], counts: &'f mut std::vec::IntoIter<i64>) -> Later<'f, ()> {
        Box::pin(async move {
            for (position, root) in roots.iter().enumerate() {
                self.out.text().push(if position == 0 { b'{' } else { b',' });
                write_text(&root.key, self.out.text());
                self.out.text().push(b':');
                self.root(&root.value, counts).await?;
                self.out.pass_on().await?;
            }
            if roots.is_empty() {
                self.out.text().push(b'{');
            }
            self.out.text().push(b'}');
            Ok(())
        })
    }

    async fn root(&mut self, value: &RootValue, counts: &mut std::vec::IntoIter<i64>) -> Result<(), Error> {
        let known = match value {
            RootValue::Scan(scan) => return self.list(Source::Root(scan)).await,
            RootValue::Logs(logs) => return self.log_list(logs, None).await,
            RootValue::Viewer(roots) => return self.roots(roots, counts).await,
            RootValue::Known(json) => json.as_str(),
            RootValue::Count(_) => &counts.next().unwrap_or_default().to_string(),
            RootValue::LogCount(query) => &self.log_count(query).await?.to_string(),
            RootValue::Failed(message) => {
                report(&mut self.errors, message);
                "null"
            }
        };
        self.out.text().extend_from_slice(known.as_bytes());
        Ok(())
    }
}

/// All errors that the query may turn out to have, each once.
fn failures(roots: &[Root]) -> Vec<String> {
    fn of_branch(branch: &Branch, errors: &mut Vec<String>) {
        for child in &branch.level.children {
            match child {
                Child::Failed(message) => report(errors, message),
                Child::Linked(branch) => of_branch(branch, errors),
                Child::Neighbours(scan) => scan.branches.iter().for_each(|branch| of_branch(branch, errors)),
                Child::Count { .. } | Child::Logs(_) | Child::LogCount(_) => {}
            }
        }
    }
    fn of_roots(roots: &[Root], errors: &mut Vec<String>) {
        for root in roots {
            match &root.value {
                RootValue::Failed(message) => report(errors, message),
                RootValue::Scan(scan) => scan.branches.iter().for_each(|branch| of_branch(branch, errors)),
                RootValue::Viewer(roots) => of_roots(roots, errors),
                _ => {}
            }
        }
    }
    let mut errors = Vec::new();
    of_roots(roots, &mut errors);
    errors
}
