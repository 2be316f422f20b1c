//! Runs what was planned: one read-only REPEATABLE READ transaction, a statement a selection level.

mod cancel;
mod rows;

use std::{future::Future, pin::Pin, time::Duration};

use futures_util::TryStreamExt as _;
use sqlx::{PgConnection, PgPool, Postgres, Row as _, Transaction};

pub(crate) use cancel::run;

use crate::{
    access::{Project, Readable},
    assemble::{project, show_log, write_roots},
    error::Error,
    graph::{Graph, TypeId},
    ir::{Branch, Child, Count, LogScan, Root, RootValue, Scan},
    plan::Planner,
    results::{Results, RootResult},
};

/// Ids in one statement; more are asked for in further ones.
const PARENTS_AT_ONCE: usize = 20_000;
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
        Self { time: Duration::from_secs(600), rows: 2_000_000, bytes: 256 << 20, scans: 2_000 }
    }
}

/// An answer: its whole body, and what went wrong.
#[derive(Debug)]
pub(crate) struct Answer {
    /// `{"data":...}`, with `errors` when there are any.
    pub(crate) body: Vec<u8>,
    pub(crate) errors: Vec<String>,
}

/// Refuses a query with more lists and counts than the budget permits.
pub(crate) fn check_scans(roots: &[Root], budget: &Budget) -> Result<(), Error> {
    let found = root_scans(roots);
    if found > budget.scans {
        let most = budget.scans;
        return Err(Error::Query(format!(
            "The query asks for {found} lists and counts; {most} are permitted."
        )));
    }
    Ok(())
}

fn root_scans(roots: &[Root]) -> usize {
    let one = |root: &Root| match &root.value {
        RootValue::Known(_) | RootValue::Failed(_) => 0,
        RootValue::Scan(scan) => scans(&scan.branches),
        RootValue::Viewer(roots) => root_scans(roots),
        RootValue::Count(_) | RootValue::Logs(_) | RootValue::LogCount(_) => 1,
    };
    roots.iter().map(one).sum()
}

fn scans(branches: &[Branch]) -> usize {
    let child = |child: &Child| match child {
        Child::Linked(branch) => scans(std::slice::from_ref(branch)),
        Child::Neighbours(scan) => scans(&scan.branches),
        Child::Count { .. } | Child::Logs(_) | Child::LogCount(_) | Child::Failed(_) => 1,
    };
    let below = branches.iter().flat_map(|branch| &branch.level.children).map(child).sum::<usize>();
    branches.len() + below
}

/// Begins the transaction of a request, which reads only and has a time limit a statement. Gives the number of
/// the database's process that runs it.
async fn begin(pool: &PgPool, time: Duration) -> Result<(Transaction<'static, Postgres>, i32), sqlx::Error> {
    let mut transaction = pool.begin_with("begin isolation level repeatable read read only").await?;
    let statement = "select pg_backend_pid(), set_config('statement_timeout', $1, true), \
                     set_config('timezone', 'UTC', true)";
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
    pub(crate) connection: &'e mut PgConnection,
    pub(crate) planner: Planner<'e>,
    pub(crate) readable: &'e Readable,
    pub(crate) budget: Budget,
}

type Later<'f, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'f>>;

impl Executor<'_> {
    /// The answer to the whole query.
    pub(crate) async fn answer(mut self, roots: &[Root]) -> Result<Answer, Error> {
        let mut counts = self.counts(roots).await?.into_iter();
        let results = self.roots(roots, &mut counts).await?;
        let (mut body, mut errors) = (Vec::from(b"{\"data\":"), Vec::new());
        write_roots(roots, &results, &mut body, &mut errors);
        if !errors.is_empty() {
            body.extend_from_slice(b",\"errors\":");
            body.extend_from_slice(serde_json::Value::from(errors.clone()).to_string().as_bytes());
        }
        body.push(b'}');
        Ok(Answer { body, errors })
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

    fn roots<'f>(
        &'f mut self,
        roots: &'f [Root],
        counts: &'f mut std::vec::IntoIter<i64>,
    ) -> Later<'f, Vec<RootResult>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(roots.len());
            for root in roots {
                results.push(match &root.value {
                    RootValue::Known(_) | RootValue::Failed(_) => RootResult::Nothing,
                    RootValue::Count(_) => RootResult::Json(counts.next().unwrap_or_default().to_string()),
                    RootValue::Viewer(roots) => RootResult::Viewer(self.roots(roots, counts).await?),
                    RootValue::Scan(scan) => RootResult::Nodes(self.scan(scan).await?),
                    RootValue::Logs(logs) => RootResult::Json(self.logs(logs, None, 1).await?.concat()),
                    RootValue::LogCount(query) => {
                        let statement = self.planner.log_counts(query, None);
                        RootResult::Json(self.numbers(statement, 1).await?.concat())
                    }
                });
            }
            Ok(results)
        })
    }

    async fn scan(&mut self, scan: &Scan) -> Result<Results, Error> {
        let Some(statement) = self.planner.scan(scan) else { return Ok(Results::default()) };
        let branches: Vec<&Branch> = scan.branches.iter().collect();
        let mut results = rows::prepare(&branches);
        self.fetch(statement, &branches, &mut results, 0).await?;
        results.group(1);
        self.children(&branches, &mut results).await?;
        Ok(results)
    }

    /// What is shown of the found nodes beside their own values.
    fn children<'f>(&'f mut self, branches: &'f [&'f Branch], results: &'f mut Results) -> Later<'f, ()> {
        Box::pin(async move {
            for (branch, found) in branches.iter().zip(&mut results.found) {
                found.finish();
                let ids = std::mem::take(&mut found.ids);
                for child in &branch.level.children {
                    let result = self.child(branch.node, child, &ids).await?;
                    found.children.push(result);
                }
            }
            Ok(())
        })
    }

    async fn child(&mut self, node: TypeId, child: &Child, ids: &[String]) -> Result<RootResult, Error> {
        if ids.is_empty() {
            return Ok(RootResult::Nothing);
        }
        Ok(match child {
            Child::Failed(_) => RootResult::Nothing,
            Child::Linked(branch) => {
                let branches = [&**branch];
                RootResult::Nodes(
                    self.linked(&branches, ids, |planner, ids| planner.linked(node, branch, ids)).await?,
                )
            }
            Child::Neighbours(scan) => {
                let branches: Vec<&Branch> = scan.branches.iter().collect();
                RootResult::Nodes(
                    self.linked(&branches, ids, |planner, ids| planner.neighbours(node, scan, ids)).await?,
                )
            }
            Child::Count { link, count } => {
                let mut values = Vec::with_capacity(ids.len());
                for some in ids.chunks(PARENTS_AT_ONCE) {
                    let statement = self.planner.link_counts(node, link, count, some.to_vec());
                    if let Some(statement) = statement {
                        values.extend(self.numbers(statement, some.len()).await?);
                    }
                }
                RootResult::PerParent(values)
            }
            Child::Logs(logs) => {
                let mut values = Vec::with_capacity(ids.len());
                for some in ids.chunks(PARENTS_AT_ONCE) {
                    values.extend(self.logs(logs, Some(some.to_vec()), some.len()).await?);
                }
                RootResult::PerParent(values)
            }
            Child::LogCount(query) => {
                let mut values = Vec::with_capacity(ids.len());
                for some in ids.chunks(PARENTS_AT_ONCE) {
                    let statement = self.planner.log_counts(query, Some(some.to_vec()));
                    values.extend(self.numbers(statement, some.len()).await?);
                }
                RootResult::PerParent(values)
            }
        })
    }

    async fn linked(
        &mut self,
        branches: &[&Branch],
        ids: &[String],
        plan: impl Fn(&Planner<'_>, Vec<String>) -> Option<sql::Sql>,
    ) -> Result<Results, Error> {
        let mut results = rows::prepare(branches);
        for (position, some) in ids.chunks(PARENTS_AT_ONCE).enumerate() {
            if let Some(statement) = plan(&self.planner, some.to_vec()) {
                self.fetch(statement, branches, &mut results, position * PARENTS_AT_ONCE).await?;
            }
        }
        results.group(ids.len());
        self.children(branches, &mut results).await?;
        Ok(results)
    }

    /// Logs as JSON lists, one a parent.
    async fn logs(
        &mut self,
        scan: &LogScan,
        ids: Option<Vec<String>>,
        parents: usize,
    ) -> Result<Vec<String>, Error> {
        let statement = self.planner.logs(scan, ids);
        let (mut lists, mut used) = (vec![String::new(); parents], (0, 0));
        // One by one: with its documents a log may be as large as a submission.
        let mut rows = statement.query_once().fetch(&mut *self.connection);
        while let Some(row) = rows.try_next().await? {
            let mut json = Vec::new();
            project(&show_log(row.try_get(2)?), Some(&scan.fields), &mut json);
            used = (used.0 + 1, used.1 + json.len());
            if used.0 > self.budget.rows || used.1 > self.budget.bytes {
                break;
            }
            if let Some(list) = lists.get_mut(rows::parent(row.try_get(0)?)) {
                list.push_str(if list.is_empty() { "" } else { "," });
                list.push_str(&String::from_utf8_lossy(&json));
            }
        }
        drop(rows);
        self.spend(used.0, used.1)?;
        Ok(lists.into_iter().map(|list| format!("[{list}]")).collect())
    }

    /// Numbers by parent, zero where there is no row.
    async fn numbers(&mut self, statement: sql::Sql, parents: usize) -> Result<Vec<String>, Error> {
        let rows = statement.query_once().fetch_all(&mut *self.connection).await?;
        self.spend(rows.len(), 0)?;
        let mut numbers = vec![0_i64; parents];
        for row in rows {
            if let Some(number) = numbers.get_mut(rows::parent(row.try_get(0)?)) {
                *number = row.try_get(1)?;
            }
        }
        Ok(numbers.into_iter().map(|number| number.to_string()).collect())
    }

    /// Takes rows and bytes from the budget.
    fn spend(&mut self, rows: usize, bytes: usize) -> Result<(), Error> {
        let refused = |what| {
            Error::Budget(format!(
                "The answer has more {what} than one request may have; use first and offset."
            ))
        };
        self.budget.rows = self.budget.rows.checked_sub(rows).ok_or_else(|| refused("nodes"))?;
        self.budget.bytes = self.budget.bytes.checked_sub(bytes).ok_or_else(|| refused("bytes"))?;
        Ok(())
    }
}
