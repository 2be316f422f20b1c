//! What is shown below the nodes of a window: a statement a level for all of them, held until it is written.

use sql::Sql;
use sqlx::Row as _;

use super::{Executor, Halt, rows};
use crate::{
    error::Error,
    graph::TypeId,
    ir::{Branch, Child},
    plan::Planner,
    results::{ChildResult, Results},
};

/// Ids in one statement; more are asked for in further ones.
const PARENTS_AT_ONCE: usize = 20_000;
/// Bytes that a number costs.
const NUMBER: usize = 32;

/// How much may still be held.
pub(super) struct Room {
    /// `None` is without limit.
    limit: Option<usize>,
    used: usize,
}

impl Room {
    pub(super) fn of(bytes: usize) -> Self {
        Self { limit: Some(bytes), used: 0 }
    }

    pub(super) fn unlimited() -> Self {
        Self { limit: None, used: 0 }
    }

    pub(super) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn used(&self) -> usize {
        self.used
    }

    pub(super) fn left(&self) -> usize {
        self.limit.map_or(usize::MAX, |limit| limit.saturating_sub(self.used))
    }

    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Halt> {
        self.used += bytes;
        match self.limit {
            Some(limit) if self.used > limit => Err(Halt::Full),
            _ => Ok(()),
        }
    }
}

type Held<'f, T> = std::pin::Pin<Box<dyn Future<Output = Result<T, Halt>> + Send + 'f>>;

impl Executor<'_> {
    /// What is shown beside the nodes of `branch` with these ids: a result a child.
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
                self.fetch(statement, branches, &mut results, position * PARENTS_AT_ONCE, room).await?;
            }
        }
        results.group(ids.len());
        for (branch, found) in branches.iter().zip(&mut results.found) {
            found.finish();
            let ids = std::mem::take(&mut found.ids);
            found.children.1 = self.below(branch, &ids, room).await?;
        }
        Ok(results)
    }

    /// Numbers by parent, zero where there is no row.
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
                let rows =
                    statement.query_once().fetch_all(&mut *self.connection).await.map_err(Error::from)?;
                self.budget.spend(rows.len(), 0)?;
                for row in rows {
                    let parent = rows::parent(row.try_get(0).map_err(Error::from)?);
                    if let Some(number) = found.get_mut(parent) {
                        *number = row.try_get(1).map_err(Error::from)?;
                    }
                }
            }
            numbers.extend(found.iter().map(i64::to_string));
        }
        Ok(numbers)
    }
}
