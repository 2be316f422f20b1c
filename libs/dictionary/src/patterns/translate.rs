//! The translation: one walk over the pattern, which writes the other one.

use std::collections::{HashMap, HashSet};

use super::{
    class,
    walk::{Flags, Item, MAX_DEPTH, Walk},
};

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

    /// Whether nothing that matches can follow. A `$` may then consume the last line break in place of
    /// looking ahead, which spares the slower engine.
    fn at_the_end(&self) -> bool {
        self.text[self.at..].iter().all(|c| *c == ')')
    }
}
