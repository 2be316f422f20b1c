//! A list, however long. Its nodes are read a window at a time, with what is shown beside them, and written
//! out.
//!
//! A list of ordinary size is one window, hence one statement for each level of the selection. When what
//! stands below a window is too much to be held, the window is cut in halves; when it is too much below a
//! single node, each list of that node is read like this one.

use std::ops::Range;

use sql::Sql;

use super::{
    executor::{Executor, Halt, Later},
    room::Room,
    rows::{self, Again},
};
use crate::{
    assemble::{Commas, report, write_child, write_part},
    error::Error,
    graph::TypeId,
    ir::{Branch, Child, Page, Scan},
    plan::{Cursor, Planner},
    results::{Below, BranchRows, Results},
};

/// A window is at most this many times as long as the one before.
const GROWTH: usize = 4;
/// Rows of the longest window.
const LONGEST: usize = 20_000;

/// A list: where its nodes come from.
#[derive(Clone, Copy)]
pub(super) enum List<'s> {
    Root(&'s Scan),
    /// The nodes at one link of the node of this type with this id.
    Link(TypeId, &'s str, &'s Branch),
    /// The nodes at all links of the node.
    Neighbours(TypeId, &'s str, &'s Scan),
}

impl<'s> List<'s> {
    fn statement(self, planner: &Planner<'_>) -> Option<Sql> {
        match self {
            Self::Root(scan) => planner.scan(scan),
            Self::Link(node, id, branch) => planner.linked(node, branch, vec![id.to_owned()]),
            Self::Neighbours(node, id, scan) => planner.neighbours(node, scan, vec![id.to_owned()]),
        }
    }

    fn branches(self) -> Vec<&'s Branch> {
        match self {
            Self::Root(scan) | Self::Neighbours(_, _, scan) => scan.branches.iter().collect(),
            Self::Link(_, _, branch) => vec![branch],
        }
    }

    /// How many nodes there can be at most; `None` when that is not known.
    fn most(self) -> Option<usize> {
        let first = |page: &Page| page.first.and_then(|first| usize::try_from(first).ok());
        match self {
            Self::Root(Scan { together: Some((_, page)), .. }) => first(page),
            Self::Root(scan) => scan.branches.iter().map(|branch| first(&branch.page)).sum(),
            Self::Link(_, _, branch) => first(&branch.page),
            Self::Neighbours(..) => None,
        }
    }
}

impl Executor<'_> {
    /// Reads and writes a list.
    pub(super) fn list<'f>(&'f mut self, list: List<'f>) -> Later<'f, ()> {
        Box::pin(async move {
            self.out.text().push(b'[');
            if let Some(statement) = list.statement(&self.planner) {
                let branches = list.branches();
                let has_children = branches.iter().any(|branch| !branch.level.children.is_empty());
                if !has_children {
                    self.pass_on(statement, &branches).await?;
                } else if list.most().is_some_and(|most| most <= self.windows.rows) {
                    self.only_window(statement, &branches).await?;
                } else {
                    self.all_windows(statement, &branches).await?;
                }
            }
            self.out.text().push(b']');
            Ok(())
        })
    }

    async fn only_window(&mut self, statement: Sql, branches: &[&Branch]) -> Result<(), Error> {
        let mut results = rows::prepare(branches);
        let mut room = Room::unlimited();
        self.fetch(statement, Again::Perhaps, branches, &mut results, 0, &mut room)
            .await
            .map_err(overfull)?;
        results.group(1);
        self.window(branches, &mut results, &mut Commas::default()).await?;
        Ok(())
    }

    /// Reads a list of unknown length through a cursor: a connection cannot read two results at once.
    async fn all_windows(&mut self, statement: Sql, branches: &[&Branch]) -> Result<(), Error> {
        let cursor = Cursor::new(self.cursors);
        self.cursors += 1;
        cursor.declare(statement).query_once().execute(&mut *self.connection).await?;
        let (mut length, mut commas) = (self.windows.rows, Commas::default());
        loop {
            let mut results = rows::prepare(branches);
            let mut room = Room::unlimited();
            let fetch = cursor.fetch(length);
            self.fetch(fetch, Again::Never, branches, &mut results, 0, &mut room).await.map_err(overfull)?;
            results.group(1);
            let found = results.len();
            let held = self.window(branches, &mut results, &mut commas).await? + room.used();
            if found < length {
                break;
            }
            // Half of what there is room for: the next window may be fuller.
            let wanted = found.saturating_mul(self.windows.bytes / 2) / held.max(1);
            length = wanted.clamp(1, length.saturating_mul(GROWTH)).min(LONGEST.max(self.windows.rows));
        }
        cursor.close().query_once().execute(&mut *self.connection).await?;
        Ok(())
    }

    /// Reads what is shown beside the nodes of a window, and writes all of it. Gives the bytes that this
    /// would have held, had it been held at once.
    async fn window(
        &mut self,
        branches: &[&Branch],
        results: &mut Results,
        commas: &mut Commas,
    ) -> Result<usize, Error> {
        results.branches.iter_mut().for_each(BranchRows::finish);
        let whole = 0..results.len();
        let (mut parts, mut held) = (vec![whole], 0);
        while let Some(part) = parts.pop().filter(|part| !part.is_empty()) {
            let (before, mut room) = (self.budget, Room::of(self.windows.bytes));
            let is_held = match self.below_part(branches, results, &part, &mut room).await {
                Ok(()) => true,
                Err(Halt::Failed(error)) => return Err(error),
                Err(Halt::Full) => false,
            };
            held += room.used();
            if !is_held {
                // What was thrown away is not counted twice.
                self.budget = before;
            }
            if !is_held && part.len() > 1 {
                let middle = part.start + part.len() / 2;
                parts.extend([middle..part.end, part.start..middle]);
                continue;
            }
            commas.before_item(self.out.text());
            if is_held {
                write_part(branches, results, part, self.out.text(), &mut self.errors);
            } else {
                self.node(branches, results, part.start).await?;
            }
            self.out.pass_on().await?;
        }
        Ok(held)
    }

    /// Writes a node list by list, because it has more below it than can be held.
    async fn node(&mut self, branches: &[&Branch], results: &Results, position: usize) -> Result<(), Error> {
        let Some((branch, row)) = results.part(position..position + 1).next() else { return Ok(()) };
        let (branch, rows) = (branches[branch], &results.branches[branch]);
        let id = &rows.ids[row];
        let mut segments = rows.segments(row);
        self.out.text().extend_from_slice(segments.next().unwrap_or_default());
        for (child, segment) in branch.level.children.iter().zip(segments) {
            match child {
                Child::Linked(linked) => self.list(List::Link(branch.node, id, linked)).await?,
                Child::Neighbours(scan) => self.list(List::Neighbours(branch.node, id, scan)).await?,
                Child::Logs(logs) => self.log_list(logs, Some(id)).await?,
                Child::Count { .. } | Child::LogCount(_) => {
                    let mut room = Room::unlimited();
                    let ids = std::slice::from_ref(id);
                    let number = self.child(branch.node, child, ids, &mut room).await.map_err(overfull)?;
                    write_child(child, &number, 0, self.out.text(), &mut self.errors);
                }
                Child::Failed(message) => {
                    self.out.text().extend_from_slice(b"null");
                    report(&mut self.errors, message);
                }
            }
            self.out.text().extend_from_slice(segment);
            self.out.pass_on().await?;
        }
        Ok(())
    }

    /// What is shown beside the nodes at these positions of a window.
    async fn below_part(
        &mut self,
        branches: &[&Branch],
        results: &mut Results,
        part: &Range<usize>,
        room: &mut Room,
    ) -> Result<(), Halt> {
        for (position, branch) in branches.iter().enumerate() {
            // No node is in a list twice, so a node's number is that of its row.
            let nodes = results.rows_in(part, position);
            let (first, rows) = (nodes.start, &mut results.branches[position]);
            // What was held for the part before is dropped first.
            rows.below = Below::default();
            let ids = rows.ids.get(nodes).unwrap_or_default();
            rows.below = Below { first, results: self.below(branch, ids, room).await? };
        }
        Ok(())
    }
}

/// Without a limit nothing is too much.
fn overfull(halt: Halt) -> Error {
    match halt {
        Halt::Failed(error) => error,
        Halt::Full => Error::internal("reading a list", "there was no room although there is no limit"),
    }
}
