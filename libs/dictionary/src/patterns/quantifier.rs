//! `*`, `+`, `?` and `{m,n}`, greedy, lazy and possessive.

use super::walk::Walk;

impl Walk<'_> {
    /// The quantifier that comes next, as the engine writes it. A brace that is none stays: it is a literal.
    pub(super) fn quantifier(&mut self) -> Result<Option<String>, String> {
        let mut quantifier = match self.peek() {
            Some(c @ ('*' | '+' | '?')) => {
                self.at += 1;
                c.to_string()
            }
            Some('{') => match self.counts()? {
                Some(counts) => counts,
                None => return Ok(None),
            },
            _ => return Ok(None),
        };
        if let Some(manner @ ('?' | '+')) = self.peek() {
            self.at += 1;
            quantifier.push(manner);
        }
        Ok(Some(quantifier))
    }

    /// `{m}`, `{m,}`, `{,n}`, `{m,n}`; nothing and no step if it is not of these forms.
    fn counts(&mut self) -> Result<Option<String>, String> {
        let start = self.at;
        self.at += 1;
        let low = self.digits();
        let comma = self.take(",");
        let high = if comma { self.digits() } else { low.clone() };
        if !self.take("}") || (low.is_empty() && !comma) {
            self.at = start;
            return Ok(None);
        }
        let number = |digits: &str, absent: u32| match digits {
            "" => Ok(absent),
            digits => digits.parse::<u32>().map_err(|_| "the repetition number is too large".to_owned()),
        };
        let least = number(&low, 0)?;
        if number(&high, u32::MAX)? < least {
            return Err("min repeat greater than max repeat".to_owned());
        }
        Ok(Some(if comma { format!("{{{least},{high}}}") } else { format!("{{{least}}}") }))
    }

    fn digits(&mut self) -> String {
        let from = self.at;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.at += 1;
        }
        self.text[from..self.at].iter().collect()
    }

    /// Puts the quantifier behind the item that begins at `from` of the output.
    pub(super) fn repeat(&mut self, from: usize, quantifier: &str) {
        self.out.insert_str(from, "(?:");
        self.out.push(')');
        self.out.push_str(quantifier);
    }
}
