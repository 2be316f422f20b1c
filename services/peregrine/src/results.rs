//! What a query found, in the form in which it is written out: the text of each node between its children is
//! rendered as the row arrives, so that a row is neither kept nor looked at again.

use std::collections::HashMap;

/// The result of a field.
#[derive(Debug)]
pub(crate) enum RootResult {
    Nothing,
    Nodes(Results),
    /// JSON of the whole field.
    Json(String),
    /// JSON by parent.
    PerParent(Vec<String>),
    Viewer(Vec<RootResult>),
}

/// Nodes of a scan: by branch, and in order by parent.
#[derive(Debug, Default)]
pub(crate) struct Results {
    pub(crate) found: Vec<Found>,
    /// Branch and row, grouped by parent.
    order: Vec<(u32, u32)>,
    /// Where each parent's nodes end in `order`.
    ends: Vec<usize>,
    /// Parents of `order` while rows arrive.
    parents: Vec<u32>,
}

/// Nodes of one branch.
#[derive(Debug, Default)]
pub(crate) struct Found {
    text: Vec<u8>,
    /// Where each segment ends; a fixed number a row.
    ends: Vec<usize>,
    segments_per_row: usize,
    /// Which different node each row is; only kept where there are children.
    numbers: Vec<u32>,
    /// Ids of the different nodes.
    pub(crate) ids: Vec<String>,
    known: HashMap<String, u32>,
    pub(crate) children: Vec<RootResult>,
}

impl Results {
    pub(crate) fn new(segments_per_row: impl Iterator<Item = usize>) -> Self {
        let found = segments_per_row.map(|segments_per_row| Found { segments_per_row, ..Found::default() });
        Self { found: found.collect(), ..Self::default() }
    }

    /// Starts the next row of `branch` for `parent` (from 0).
    pub(crate) fn start_row(&mut self, parent: u32, branch: usize) {
        let row = u32::try_from(self.found[branch].rows()).unwrap_or(u32::MAX);
        self.order.push((u32::try_from(branch).unwrap_or(u32::MAX), row));
        self.parents.push(parent);
    }

    /// Groups the rows by parent, their order otherwise kept.
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

    /// Branch and row of the nodes of a parent.
    pub(crate) fn of(&self, parent: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let end = self.ends.get(parent).copied().unwrap_or(0);
        let start = parent.checked_sub(1).and_then(|before| self.ends.get(before).copied()).unwrap_or(0);
        self.order[start..end.max(start)].iter().map(|(branch, row)| (*branch as usize, *row as usize))
    }
}

impl Found {
    fn rows(&self) -> usize {
        self.ends.len().checked_div(self.segments_per_row).unwrap_or(0)
    }

    /// The text that rows are rendered into.
    pub(crate) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Bytes rendered so far.
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    /// Ends a segment at the end of the text.
    pub(crate) fn end_segment(&mut self) {
        self.ends.push(self.text.len());
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

    /// All rows are there: forgets what only served their arrival.
    pub(crate) fn finish(&mut self) {
        self.known = HashMap::new();
    }

    pub(crate) fn node_number(&self, row: usize) -> usize {
        self.numbers.get(row).map_or(0, |number| *number as usize)
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
            results.found[branch].text().extend_from_slice(text.as_bytes());
            results.found[branch].end_segment();
        }
        results.group(3);
        let texts = |parent| -> Vec<String> {
            let text = |(branch, row): (usize, usize)| {
                let segments: Vec<&[u8]> = results.found[branch].segments(row).collect();
                String::from_utf8(segments.concat()).unwrap()
            };
            results.of(parent).map(text).collect()
        };
        assert_eq!([texts(0), texts(1), texts(2)], [vec!["b", "d"], vec![], vec!["a", "c"]]);
    }
}
