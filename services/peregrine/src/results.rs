//! What was found and is not written out yet. The text of each node between its children is rendered as its
//! row arrives, so that the row is neither kept nor looked at again.

use std::{collections::HashMap, ops::Range};

/// What a child shows beside the own values of nodes.
#[derive(Debug)]
pub(crate) enum ChildResult {
    Nothing,
    Nodes(Results),
    /// The JSON of each parent.
    PerParent(Vec<String>),
}

/// The nodes of a scan, kept by branch; their order is by parent.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) branches: Vec<BranchRows>,
    /// Branch and row of each node, grouped by parent.
    order: Vec<(u32, u32)>,
    /// Where each parent's nodes end in `order`.
    ends: Vec<usize>,
    /// The parents of `order` while rows arrive.
    parents: Vec<u32>,
}

/// The nodes of one branch.
#[derive(Debug, Default)]
pub(crate) struct BranchRows {
    text: Vec<u8>,
    /// Where each segment ends; every row has the same number of them.
    ends: Vec<usize>,
    segments_per_row: usize,
    /// Which of the different nodes each row shows; it is kept only where there are children.
    numbers: Vec<u32>,
    /// Ids of the different nodes.
    pub(crate) ids: Vec<String>,
    known: HashMap<String, u32>,
    pub(crate) below: Below,
}

/// What is shown beside the own values of some nodes: a result for each child of their branch.
#[derive(Debug, Default)]
pub(crate) struct Below {
    /// The number of the first of these nodes.
    pub(crate) first: usize,
    pub(crate) results: Vec<ChildResult>,
}

impl Results {
    pub(crate) fn new(segments_per_row: impl Iterator<Item = usize>) -> Self {
        let branches =
            segments_per_row.map(|segments_per_row| BranchRows { segments_per_row, ..BranchRows::default() });
        Self { branches: branches.collect(), ..Self::default() }
    }

    /// Starts the next row of `branch` for `parent` (from 0).
    pub(crate) fn start_row(&mut self, parent: u32, branch: usize) {
        let row = u32::try_from(self.branches[branch].rows()).unwrap_or(u32::MAX);
        self.order.push((u32::try_from(branch).unwrap_or(u32::MAX), row));
        self.parents.push(parent);
    }

    /// Groups the rows by parent and keeps their order otherwise.
    pub(crate) fn group(&mut self, parents: usize) {
        let mut ends = vec![0_usize; parents];
        let position = |parent: u32| (parent as usize).min(parents.saturating_sub(1));
        for parent in &self.parents {
            ends[position(*parent)] += 1;
        }
        let mut next = Vec::with_capacity(parents);
        let mut sum = 0;
        for end in &mut ends {
            next.push(sum);
            sum += *end;
            *end = sum;
        }
        let mut grouped = vec![(0, 0); self.order.len()];
        for (parent, row) in self.parents.iter().zip(&self.order) {
            let slot = &mut next[position(*parent)];
            grouped[*slot] = *row;
            *slot += 1;
        }
        self.order = grouped;
        self.ends = ends;
        self.parents = Vec::new();
    }

    /// How many rows there are.
    pub(crate) fn len(&self) -> usize {
        self.order.len()
    }

    /// Branch and row of the nodes of a parent.
    pub(crate) fn of(&self, parent: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let end = self.ends.get(parent).copied().unwrap_or(0);
        let start = parent.checked_sub(1).and_then(|before| self.ends.get(before).copied()).unwrap_or(0);
        self.part(start..end.max(start))
    }

    /// Branch and row of the nodes at these positions.
    pub(crate) fn part(&self, part: Range<usize>) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.order[part].iter().map(|(branch, row)| (*branch as usize, *row as usize))
    }

    /// The rows of `branch` at these positions.
    pub(crate) fn rows_in(&self, part: &Range<usize>, branch: usize) -> Range<usize> {
        let rows = |positions: Range<usize>| self.part(positions).filter(|(of, _)| *of == branch).count();
        let start = rows(0..part.start);
        start..start + rows(part.clone())
    }
}

impl BranchRows {
    fn rows(&self) -> usize {
        self.ends.len().checked_div(self.segments_per_row).unwrap_or(0)
    }

    /// The text that rows are rendered into, and where its segments end.
    pub(crate) fn parts(&mut self) -> (&mut Vec<u8>, &mut Vec<usize>) {
        (&mut self.text, &mut self.ends)
    }

    /// Notes which node the current row is.
    pub(crate) fn identify(&mut self, id: &str) {
        let number = match self.known.get(id) {
            Some(number) => *number,
            None => {
                let number = u32::try_from(self.ids.len()).unwrap_or(u32::MAX);
                self.ids.push(id.to_owned());
                self.known.insert(id.to_owned(), number);
                number
            }
        };
        self.numbers.push(number);
    }

    /// Forgets what is needed only while rows arrive.
    pub(crate) fn finish(&mut self) {
        self.known = HashMap::new();
    }

    /// The position of a row's node among those that its children were read for.
    pub(crate) fn parent_number(&self, row: usize) -> usize {
        self.numbers.get(row).map_or(0, |number| *number as usize).saturating_sub(self.below.first)
    }

    pub(crate) fn segments(&self, row: usize) -> impl Iterator<Item = &[u8]> {
        let first = row * self.segments_per_row;
        (first..first + self.segments_per_row).map(|segment| {
            let start = segment.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.text[start..self.ends[segment]]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_grouped_by_parent_in_their_order() {
        let mut results = Results::new([1, 1].into_iter());
        for (parent, branch, text) in [(2, 0, "a"), (0, 1, "b"), (2, 1, "c"), (0, 0, "d")] {
            results.start_row(parent, branch);
            let (all, ends) = results.branches[branch].parts();
            all.extend_from_slice(text.as_bytes());
            ends.push(all.len());
        }
        results.group(3);
        let texts = |parent| -> Vec<String> {
            let text = |(branch, row): (usize, usize)| {
                let segments: Vec<&[u8]> = results.branches[branch].segments(row).collect();
                String::from_utf8(segments.concat()).unwrap()
            };
            results.of(parent).map(text).collect()
        };
        assert_eq!([texts(0), texts(1), texts(2)], [vec!["b", "d"], vec![], vec!["a", "c"]]);
    }
}
