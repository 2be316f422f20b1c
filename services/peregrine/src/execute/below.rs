//! What is shown below the nodes of a window: a statement for each level, held until it is written.

use sql::Sql;
use sqlx::Row as _;

use super::{
    executor::{Executor, Halt},
    room::Room,
    rows::{self, Again},
};
use crate::{
    graph::TypeId,
    ir::{Branch, Child},
    plan::Planner,
    results::{Below, ChildResult, Results},
};

/// A statement has at most this many ids; more take further statements.
const PARENTS_AT_ONCE: usize = 20_000;
/// Bytes that a number takes.
const NUMBER: usize = 32;

type Held<'f, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Halt>> + Send + 'f>>;

impl Executor<'_> {
    /// What is shown beside the nodes of `branch` with these ids: a result for each child.
    pub(super) fn below<'f>(
        &'f mut self,
        branch: &'f Branch,
        ids: &'f [String],
        room: &'f mut Room,
    ) -> Held<'f, Vec<ChildResult>> {
        Box::pin(async move {
            let mut results = Vec::with_capacity(branch.level.children.len());
            for child in &branch.level.children {
                results.push(self.child(branch.node, child, ids, room).await?);
            }
            Ok(results)
        })
    }

    pub(super) async fn child(
        &mut self,
        node: TypeId,
        child: &Child,
        ids: &[String],
        room: &mut Room,
    ) -> Result<ChildResult, Halt> {
        if ids.is_empty() {
            return Ok(ChildResult::Nothing);
        }
        Ok(match child {
            Child::Failed(_) => ChildResult::Nothing,
            Child::Linked(branch) => {
                let plan = |planner: &Planner<'_>, ids| planner.linked(node, branch, ids);
                ChildResult::Nodes(self.linked(&[branch], ids, room, plan).await?)
            }
            Child::Neighbours(scan) => {
                let branches: Vec<&Branch> = scan.branches.iter().collect();
                let plan = |planner: &Planner<'_>, ids| planner.neighbours(node, scan, ids);
                ChildResult::Nodes(self.linked(&branches, ids, room, plan).await?)
            }
            Child::Count { link, count } => {
                let plan = |planner: &Planner<'_>, ids| planner.link_counts(node, link, count, ids);
                ChildResult::PerParent(self.numbers(ids, room, plan).await?)
            }
            Child::LogCount(query) => {
                let plan = |planner: &Planner<'_>, ids| Some(planner.log_counts(query, Some(ids)));
                ChildResult::PerParent(self.numbers(ids, room, plan).await?)
            }
            Child::Logs(logs) => {
                let mut lists = Vec::with_capacity(ids.len());
                for some in ids.chunks(PARENTS_AT_ONCE) {
                    lists.extend(self.logs_of(logs, some, room).await?);
                }
                ChildResult::PerParent(lists)
            }
        })
    }

    async fn linked(
        &mut self,
        branches: &[&Branch],
        ids: &[String],
        room: &mut Room,
        plan: impl Fn(&Planner<'_>, Vec<String>) -> Option<Sql>,
    ) -> Result<Results, Halt> {
        let mut results = rows::prepare(branches);
        for (position, some) in ids.chunks(PARENTS_AT_ONCE).enumerate() {
            if let Some(statement) = plan(&self.planner, some.to_vec()) {
                let first = position * PARENTS_AT_ONCE;
                self.fetch(statement, Again::Perhaps, branches, &mut results, first, room).await?;
            }
        }
        results.group(ids.len());
        for (branch, rows) in branches.iter().zip(&mut results.branches) {
            rows.finish();
            let ids = std::mem::take(&mut rows.ids);
            rows.below = Below { first: 0, results: self.below(branch, &ids, room).await? };
        }
        Ok(results)
    }

    /// The number of each parent, which is zero where there is no row.
    async fn numbers(
        &mut self,
        ids: &[String],
        room: &mut Room,
        plan: impl Fn(&Planner<'_>, Vec<String>) -> Option<Sql>,
    ) -> Result<Vec<String>, Halt> {
        room.take(ids.len().saturating_mul(NUMBER))?;
        let mut numbers = Vec::with_capacity(ids.len());
        for some in ids.chunks(PARENTS_AT_ONCE) {
            let mut found = vec![0_i64; some.len()];
            if let Some(statement) = plan(&self.planner, some.to_vec()) {
                let rows = statement.query_if_short().fetch_all(&mut *self.connection).await?;
                self.budget.spend(rows.len(), 0)?;
                for row in rows {
                    let parent = rows::parent(row.try_get(0)?);
                    if let Some(number) = found.get_mut(parent) {
                        *number = row.try_get(1)?;
                    }
                }
            }
            numbers.extend(found.iter().map(i64::to_string));
        }
        Ok(numbers)
    }
}
