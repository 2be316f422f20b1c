//! The state of the translation, and how it steps through the pattern.

use std::collections::{HashMap, HashSet};

/// How deep groups may be nested; the walk calls itself for each.
pub(super) const MAX_DEPTH: usize = 100;

/// Flags that change the translation of what follows. `i` is left to the engine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flags {
    pub(super) ignore_case: bool,
    pub(super) multi_line: bool,
    pub(super) dot_all: bool,
    pub(super) verbose: bool,
    pub(super) ascii: bool,
}

/// What one item of a sequence is, for the quantifier behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// Something that can be repeated.
    Repeatable,
    /// `^`, `$`, `\b` and their like: Python refuses to repeat them.
    Position,
}

/// The state of the walk.
pub(super) struct Walk<'p> {
    pub(super) text: &'p [char],
    pub(super) at: usize,
    pub(super) out: String,
    /// Flags of the whole pattern, which a group such as `(?i)` sets from anywhere.
    pub(super) global: Flags,
    /// Groups that were opened, in their order; group 0 is the pattern.
    pub(super) groups: usize,
    pub(super) open: HashSet<usize>,
    pub(super) names: HashMap<String, usize>,
    pub(super) depth: usize,
}

impl Walk<'_> {
    pub(super) fn peek(&self) -> Option<char> {
        self.text.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let found = self.peek();
        self.at += usize::from(found.is_some());
        found
    }

    /// Steps over `wanted` if it comes next.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        let found = wanted.chars().eq(self.text[self.at..].iter().copied().take(wanted.chars().count()));
        self.at += if found { wanted.chars().count() } else { 0 };
        found
    }

    /// The text up to `end`, which is stepped over.
    pub(super) fn until(&mut self, end: char) -> Result<String, String> {
        let rest = &self.text[self.at..];
        let length = rest.iter().position(|c| *c == end);
        let length = length.ok_or_else(|| format!("missing {end}, unterminated name"))?;
        self.at += length + 1;
        Ok(rest[..length].iter().collect())
    }
}
