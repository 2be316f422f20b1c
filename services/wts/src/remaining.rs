//! How long something lives still, in the original's words. Pure.

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The largest unit of which there is at least one; nothing for what is over.
pub(crate) fn in_words(seconds: i64) -> Option<String> {
    let (unit, name) = match seconds {
        ..0 => return None,
        0..MINUTE => (1, "seconds"),
        MINUTE..HOUR => (MINUTE, "minutes"),
        HOUR..DAY => (HOUR, "hours"),
        DAY.. => (DAY, "days"),
    };
    Some(format!("{} {name}", seconds / unit))
}

#[cfg(test)]
mod tests {
    use super::in_words;

    #[test]
    fn the_largest_unit_is_said() {
        for (seconds, words) in [
            (0, "0 seconds"),
            (59, "59 seconds"),
            (60, "1 minutes"),
            (3_599, "59 minutes"),
            (3_600, "1 hours"),
            (86_399, "23 hours"),
            (86_400, "1 days"),
            (2_591_999, "29 days"),
        ] {
            assert_eq!(in_words(seconds).as_deref(), Some(words));
        }
        assert_eq!(in_words(-1), None);
    }
}
