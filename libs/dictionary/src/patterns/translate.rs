//! The translation: one walk over the pattern, which writes the other one.

use std::collections::{HashMap, HashSet};

use super::class;

/// How deep groups may be nested; the walk calls itself for each.
const MAX_DEPTH: usize = 100;

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
    depth: usize,
}

/// The pattern for `fancy_regex`.
pub(super) fn translate(pattern: &str) -> Result<String, String> {
    let text: Vec<char> = pattern.chars().collect();
    let mut flags = Flags::default();
    loop {
        let mut walk = Walk {
            text: &text,
            at: 0,
            out: String::new(),
            global: flags,
            groups: 0,
            open: HashSet::new(),
            names: HashMap::new(),
            depth: 0,
        };
        walk.alternatives(flags)?;
        if walk.at < text.len() {
            return Err("unbalanced parenthesis".to_owned());
        }
        if walk.global == flags {
            return Ok(if flags.ignore_case { format!("(?i:{})", walk.out) } else { walk.out });
        }
        flags = walk.global;
    }
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

    /// Alternatives up to the end of the group, which stays; how many there were.
    pub(super) fn alternatives(&mut self, flags: Flags) -> Result<usize, String> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(format!("more than {MAX_DEPTH} groups within each other"));
        }
        let mut count = 1;
        self.sequence(flags)?;
        while self.take("|") {
            self.out.push('|');
            self.sequence(flags)?;
            count += 1;
        }
        self.depth -= 1;
        Ok(count)
    }

    fn sequence(&mut self, flags: Flags) -> Result<(), String> {
        let mut last: Option<(usize, Item)> = None;
        while let Some(c) = self.peek() {
            if matches!(c, '|' | ')') {
                break;
            }
            if flags.verbose && self.skipped(c) {
                continue;
            }
            if let Some(quantifier) = self.quantifier()? {
                match last.take() {
                    Some((from, Item::Repeatable)) => self.repeat(from, &quantifier),
                    Some((_, Item::Position)) => return Err("nothing to repeat".to_owned()),
                    None => return Err("nothing to repeat, or multiple repeat".to_owned()),
                }
                continue;
            }
            let from = self.out.len();
            self.at += 1;
            if let Some(item) = self.item(c, flags)? {
                last = Some((from, item));
            }
        }
        Ok(())
    }

    /// Steps over white space and comments, which the flag `x` allows.
    fn skipped(&mut self, c: char) -> bool {
        if c == '#' {
            while self.next().is_some_and(|c| c != '\n') {}
            return true;
        }
        let blank = matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}');
        self.at += usize::from(blank);
        blank
    }

    /// Writes one item whose first character `c` was taken; nothing for a comment or a group of flags.
    fn item(&mut self, c: char, flags: Flags) -> Result<Option<Item>, String> {
        let (text, item) = match c {
            '.' if flags.dot_all => ("(?s:.)", Item::Repeatable),
            '.' => ("[^\\n]", Item::Repeatable),
            '^' if flags.multi_line => ("(?m:^)", Item::Position),
            '^' => ("\\A", Item::Position),
            '$' if flags.multi_line => ("(?m:$)", Item::Position),
            '$' if self.at_the_end() => ("\\n?\\z", Item::Position),
            '$' => ("(?=\\n?\\z)", Item::Position),
            '(' => return self.group(flags),
            '[' => {
                self.class(flags)?;
                return Ok(Some(Item::Repeatable));
            }
            '\\' => return self.escape(flags).map(Some),
            literal => {
                class::push_literal(&mut self.out, literal);
                return Ok(Some(Item::Repeatable));
            }
        };
        self.out.push_str(text);
        Ok(Some(item))
    }

    /// Whether nothing that matches can follow. A `$` may then consume the last line break in place of looking
    /// ahead, which spares the slower engine.
    fn at_the_end(&self) -> bool {
        self.text[self.at..].iter().all(|c| *c == ')')
    }
}
