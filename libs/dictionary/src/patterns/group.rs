//! What an opening parenthesis begins.

use super::walk::{Flags, Item, Walk};

impl Walk<'_> {
    /// Writes the group whose `(` was taken; nothing for a comment or flags of the whole pattern.
    pub(super) fn group(&mut self, flags: Flags) -> Result<Option<Item>, String> {
        if !self.take("?") {
            return self.capturing(None, flags);
        }
        for (opening, kept) in
            [(":", "(?:"), (">", "(?>"), ("=", "(?="), ("!", "(?!"), ("<=", "(?<="), ("<!", "(?<!")]
        {
            if self.take(opening) {
                self.out.push_str(kept);
                self.inside(flags)?;
                return Ok(Some(Item::Repeatable));
            }
        }
        if self.take("P<") {
            let name = self.until('>')?;
            return self.capturing(Some(name), flags);
        }
        if self.take("P=") {
            let name = self.until(')')?;
            let group = self.names.get(&name).copied();
            self.reference(group.ok_or_else(|| format!("unknown group name {name:?}"))?)?;
            return Ok(Some(Item::Repeatable));
        }
        if self.take("#") {
            return self.until(')').map(|_| None).map_err(|_| "missing ), unterminated comment".to_owned());
        }
        if self.take("(") {
            return self.conditional(flags);
        }
        self.flags(flags)
    }

    /// The rest of a group up to its parenthesis; the number of its alternatives.
    fn inside(&mut self, flags: Flags) -> Result<usize, String> {
        let count = self.alternatives(flags)?;
        if !self.take(")") {
            return Err("missing ), unterminated subpattern".to_owned());
        }
        self.out.push(')');
        Ok(count)
    }

    fn capturing(&mut self, name: Option<String>, flags: Flags) -> Result<Option<Item>, String> {
        self.groups += 1;
        let number = self.groups;
        if let Some(name) = name {
            let first = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
            if !first || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                return Err(format!("bad character in group name {name:?}"));
            }
            if self.names.insert(name.clone(), number).is_some() {
                return Err(format!("redefinition of group name {name:?}"));
            }
        }
        self.open.insert(number);
        self.out.push('(');
        self.inside(flags)?;
        self.open.remove(&number);
        Ok(Some(Item::Repeatable))
    }

    /// `(?(group)yes|no)`.
    fn conditional(&mut self, flags: Flags) -> Result<Option<Item>, String> {
        let name = self.until(')')?;
        let group = self.names.get(&name).copied().or_else(|| name.parse().ok());
        let group = group.filter(|group| (1..=self.groups).contains(group));
        let group = group.ok_or_else(|| format!("unknown group name {name:?}"))?;
        self.out.push_str(&format!("(?({group})"));
        if self.inside(flags)? > 2 {
            return Err("conditional backref with more than two branches".to_owned());
        }
        Ok(Some(Item::Repeatable))
    }

    /// `(?i)` for the whole pattern, or `(?i-s:...)` for what is inside.
    fn flags(&mut self, outer: Flags) -> Result<Option<Item>, String> {
        let (mut inner, mut added) = (outer, Flags::default());
        let mut given = true;
        loop {
            let c = self.next().ok_or("missing -, : or )")?;
            match c {
                ')' if given => {
                    self.global = self.global.with(added);
                    return Ok(None);
                }
                ':' => break,
                '-' if given => given = false,
                'u' if given => {}
                letter => {
                    let flag = |flags: &mut Flags| flags.set(letter, given);
                    let known = flag(&mut inner) && flag(&mut added);
                    known.then_some(()).ok_or_else(|| format!("unknown extension ?{letter}"))?;
                }
            }
        }
        let case = if inner.ignore_case { "(?i:" } else { "(?-i:" };
        self.out.push_str(if inner.ignore_case == outer.ignore_case { "(?:" } else { case });
        self.inside(inner)?;
        Ok(Some(Item::Repeatable))
    }
}

impl Flags {
    /// Sets the flag of this letter; whether there is one.
    fn set(&mut self, letter: char, given: bool) -> bool {
        let flag = match letter {
            'a' => &mut self.ascii,
            'i' => &mut self.ignore_case,
            'm' => &mut self.multi_line,
            's' => &mut self.dot_all,
            'x' => &mut self.verbose,
            _ => return false,
        };
        *flag = given;
        true
    }

    /// All flags that either has.
    fn with(self, other: Self) -> Self {
        Self {
            ignore_case: self.ignore_case || other.ignore_case,
            multi_line: self.multi_line || other.multi_line,
            dot_all: self.dot_all || other.dot_all,
            verbose: self.verbose || other.verbose,
            ascii: self.ascii || other.ascii,
        }
    }
}
