//! Makes text that matches a regular expression.

use regex_syntax::hir::{Class, Hir, HirKind};

use crate::dice::Dice;

/// Repetitions without an upper bound exceed their lower bound by at most this many.
const MORE: u32 = 4;

/// A text that matches `pattern`; none if the pattern uses features of other dialects, such as look-ahead.
pub(super) fn matching(pattern: &str, dice: &mut Dice) -> Option<String> {
    let hir = regex_syntax::parse(pattern).ok()?;
    let mut text = String::new();
    append(&hir, dice, &mut text).then_some(text)
}

/// Appends a match; false if that is not possible.
fn append(hir: &Hir, dice: &mut Dice, text: &mut String) -> bool {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => true,
        HirKind::Literal(literal) => match std::str::from_utf8(&literal.0) {
            Ok(literal) => {
                text.push_str(literal);
                true
            }
            Err(_) => false,
        },
        HirKind::Class(class) => match character(class, dice) {
            Some(character) => {
                text.push(character);
                true
            }
            None => false,
        },
        HirKind::Repetition(repetition) => {
            let most = repetition.max.map_or(repetition.min + MORE, |max| max.min(repetition.min + MORE));
            let times = dice.between(i64::from(repetition.min), i64::from(most));
            (0..times).all(|_| append(&repetition.sub, dice, text))
        }
        HirKind::Capture(capture) => append(&capture.sub, dice, text),
        HirKind::Concat(parts) => parts.iter().all(|part| append(part, dice, text)),
        HirKind::Alternation(parts) => {
            parts.get(dice.index(parts.len())).is_some_and(|part| append(part, dice, text))
        }
    }
}

/// A character of the class, if possible a printable ASCII one.
fn character(class: &Class, dice: &mut Dice) -> Option<char> {
    let ranges: Vec<(u32, u32)> = match class {
        Class::Unicode(class) => {
            class.iter().map(|range| (u32::from(range.start()), u32::from(range.end()))).collect()
        }
        Class::Bytes(class) => class.iter().map(|range| (range.start().into(), range.end().into())).collect(),
    };
    let printable = |&(low, high): &(u32, u32)| {
        let (low, high) = (low.max(0x20), high.min(0x7e));
        (low <= high).then_some((low, high))
    };
    let ascii: Vec<(u32, u32)> = ranges.iter().filter_map(printable).collect();
    let weights: Vec<f64> = ascii.iter().map(|(low, high)| f64::from(high - low + 1)).collect();
    match ascii.get(dice.weighted(&weights)) {
        Some((low, high)) => char::from_u32(dice.between(i64::from(*low), i64::from(*high)).try_into().ok()?),
        None => char::from_u32(ranges.first()?.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_match_their_patterns() {
        let mut dice = Dice::of(1, "patterns");
        let code = matching(r"^[A-Z][0-9]{2}(\.[0-9]{1,2})?$", &mut dice).unwrap();
        assert!(code.len() >= 3 && code.as_bytes()[0].is_ascii_uppercase(), "{code}");
        assert_eq!(
            matching("^(PMID|pmid):$", &mut dice).map(|text| text.to_lowercase()),
            Some("pmid:".into())
        );
        assert_eq!(matching("[0-9a-f]{32}", &mut dice).map(|text| text.len()), Some(32));
    }

    #[test]
    fn what_cannot_be_made_gives_nothing() {
        assert_eq!(matching("(?=x)y", &mut Dice::of(1, "")), None);
        assert_eq!(matching("[unclosed", &mut Dice::of(1, "")), None);
    }
}
