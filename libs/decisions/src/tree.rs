//! The tree of resources, numbered so that all that is below a resource has the numbers that follow it.

use std::{collections::HashMap, ops::Range, sync::Arc};

/// The number of a resource: its place when the tree is walked, each resource before those below it.
pub(crate) type Node = u32;

#[derive(Debug)]
struct Entry {
    path: Arc<str>,
    tag: Arc<str>,
    /// The last resource at or below this one.
    last: Node,
    /// The next resource above that exists.
    above: Option<Node>,
}

/// The tree of resources.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    entries: Vec<Entry>,
    by_path: HashMap<Arc<str>, Node>,
    by_tag: HashMap<Arc<str>, Node>,
    /// How many labels the longest path has.
    depth: usize,
}

impl Tree {
    /// Numbers the resources, given as paths and tags in any order. Paths differ from each other.
    pub(crate) fn new(mut resources: Vec<(String, String)>) -> Self {
        // The order of `ltree`: label by label, which is not that of the texts where a label has a character
        // that is less than a dot.
        resources.sort_by(|(one, _), (two, _)| one.split('.').cmp(two.split('.')));
        let mut tree = Self::default();
        let mut open: Vec<Node> = Vec::new();
        for (node, (path, tag)) in (0..).zip(resources) {
            let covers = |above: &Node| covers(&tree.entries[*above as usize].path, &path);
            while open.last().is_some_and(|above| !covers(above)) {
                open.pop();
            }
            for above in &open {
                tree.entries[*above as usize].last = node;
            }
            tree.depth = tree.depth.max(path.split('.').count());
            let (path, tag): (Arc<str>, Arc<str>) = (path.into(), tag.into());
            tree.by_path.insert(path.clone(), node);
            tree.by_tag.insert(tag.clone(), node);
            tree.entries.push(Entry { path, tag, last: node, above: open.last().copied() });
            open.push(node);
        }
        tree
    }

    pub(crate) fn path(&self, node: Node) -> &str {
        &self.entries[node as usize].path
    }

    pub(crate) fn tag(&self, node: Node) -> &str {
        &self.entries[node as usize].tag
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns `node` and all below it.
    pub(crate) fn below(&self, node: Node) -> Range<Node> {
        node..self.entries[node as usize].last + 1
    }

    pub(crate) fn by_path(&self, path: &str) -> Option<Node> {
        self.by_path.get(path).copied()
    }

    pub(crate) fn by_tag(&self, tag: &str) -> Option<Node> {
        self.by_tag.get(tag).copied()
    }

    /// Returns the nearest resource that exists, at `path` or above it.
    pub(crate) fn covering(&self, path: &str) -> Option<Node> {
        // What is longer than any path of the tree is not looked up: a path of a thousand labels would be
        // read a thousand times.
        let mut rest = match path.match_indices('.').nth(self.depth.max(1) - 1) {
            Some((end, _)) => &path[..end],
            None => path,
        };
        loop {
            if let Some(node) = self.by_path.get(rest) {
                return Some(*node);
            }
            rest = rest.rsplit_once('.')?.0;
        }
    }

    /// Returns `node` and all that exist above it, nearest first.
    pub(crate) fn upwards(&self, node: Option<Node>) -> impl Iterator<Item = Node> {
        std::iter::successors(node, |node| self.entries[*node as usize].above)
    }
}

/// Whether `below` is `above`, or lies below it.
fn covers(above: &str, below: &str) -> bool {
    below.strip_prefix(above).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*, sample::select};

    use super::*;

    fn path() -> impl Strategy<Value = String> {
        let label = select(&["a", "a-", "ab", "b", "Z_S1"][..]);
        proptest::collection::vec(label, 1..5).prop_map(|labels| labels.join("."))
    }

    proptest! {
        #[test]
        fn numbers_say_what_is_below(paths in btree_set(path(), 0..30), asked in path()) {
            let tree = Tree::new(paths.iter().map(|path| (path.clone(), format!("tag {path}"))).collect());
            prop_assert_eq!(tree.len(), paths.len());
            for node in 0..tree.len() as Node {
                let path = tree.path(node);
                prop_assert_eq!(tree.by_path(path), Some(node));
                prop_assert_eq!(tree.by_tag(tree.tag(node)), Some(node));
                for other in 0..tree.len() as Node {
                    let is_below = covers(path, tree.path(other));
                    prop_assert_eq!(tree.below(node).contains(&other), is_below);
                    prop_assert_eq!(tree.upwards(Some(other)).any(|above| above == node), is_below);
                }
            }
            let above: Vec<&str> = tree.upwards(tree.covering(&asked)).map(|node| tree.path(node)).collect();
            let mut expected: Vec<&str> =
                paths.iter().map(String::as_str).filter(|path| covers(path, &asked)).collect();
            expected.sort_by_key(|path| std::cmp::Reverse(path.len()));
            prop_assert_eq!(above, expected);
        }
    }
}
