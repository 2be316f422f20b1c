//! The way to a value of the file.

use std::fmt;

use yaml::{Content, Node, Position};

/// A place in the file, as a chain of steps that leads to it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Path<'a> {
    /// The steps before the last one; none for the file itself.
    above: Option<&'a Path<'a>>,
    last: Step<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Step<'a> {
    Key(&'a str),
    Index(usize),
}

impl Path<'_> {
    /// The whole file.
    pub(crate) const FILE: Path<'static> = Path { above: None, last: Step::Index(0) };

    /// The value of a key.
    pub(crate) fn key<'b>(&'b self, key: &'b str) -> Path<'b> {
        Path { above: Some(self), last: Step::Key(key) }
    }

    /// An item of a list.
    pub(crate) fn index(&self, index: usize) -> Path<'_> {
        Path { above: Some(self), last: Step::Index(index) }
    }

    /// Where this stands in the document with this root: a key, or the beginning of an item.
    pub(crate) fn position(&self, root: &Node) -> Position {
        self.find(root).0
    }

    /// The position and the node, or as much of the way as there is.
    fn find<'n>(&self, root: &'n Node) -> (Position, &'n Node) {
        let Some(above) = self.above else { return (root.position, root) };
        let (position, node) = above.find(root);
        let found = match (&node.content, self.last) {
            (Content::Mapping(mapping), Step::Key(key)) => {
                // A key such as `on` stands under its JSON form.
                let entry = mapping.entry(key).or_else(|| mapping.iter().find(|entry| entry.key.text == key));
                entry.map(|entry| (entry.position, &entry.value))
            }
            (Content::List(items), Step::Index(index)) => items.get(index).map(|item| (item.position, item)),
            _ => None,
        };
        found.unwrap_or((position, node))
    }
}

/// For example `authz.policies[3].role_ids[0]`.
impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(above) = self.above else { return Ok(()) };
        above.fmt(f)?;
        match self.last {
            Step::Index(index) => write!(f, "[{index}]"),
            Step::Key(key) if key.contains(['.', ' ', '[', '\'']) => write!(f, "['{key}']"),
            Step::Key(key) if above.above.is_none() => f.write_str(key),
            Step::Key(key) => write!(f, ".{key}"),
        }
    }
}
