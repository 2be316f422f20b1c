//! Dates in texts.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime};

/// The same moment some days later or earlier, written in the same form: `2020-02-28`, `2020-02-28T10:00:00`
/// with or without parts of a second, or that with a time zone (RFC 3339). `None` for what is none of these.
pub(crate) fn shifted(text: &str, days: i64) -> Option<String> {
    let (start, rest) = text.split_at_checked(10)?;
    let date = NaiveDate::parse_from_str(start, "%Y-%m-%d").ok()?;
    let is_time = rest.is_empty()
        || DateTime::parse_from_rfc3339(text).is_ok()
        || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").is_ok();
    if !is_time {
        return None;
    }
    let by = Days::new(days.unsigned_abs());
    let moved = if days < 0 { date.checked_sub_days(by) } else { date.checked_add_days(by) }?;
    Some(format!("{}{rest}", moved.format("%Y-%m-%d")))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_keep_their_form() {
        for (text, days, wanted) in [
            ("2020-02-28", 2, Some("2020-03-01")),
            ("2020-03-01T23:59:59Z", -2, Some("2020-02-28T23:59:59Z")),
            ("2020-03-01T23:59:59.5+02:00", 1, Some("2020-03-02T23:59:59.5+02:00")),
            ("2020-03-01T23:59:59", 1, Some("2020-03-02T23:59:59")),
            ("2020-03-01 and more", 1, None),
            ("March 2020", 1, None),
            ("", 1, None),
            ("ä20-03-01ä", 1, None),
        ] {
            assert_eq!(shifted(text, days).as_deref(), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_shift_back_is_the_date_of_before(days in -40_000_i64..40_000, start in 0_u64..60_000) {
            let date = NaiveDate::from_ymd_opt(1950, 1, 1).unwrap() + Days::new(start);
            let text = date.to_string();
            let there = shifted(&text, days).unwrap();
            prop_assert_eq!(shifted(&there, -days), Some(text));
        }

        #[test]
        fn any_text_is_a_date_or_is_none(text in any::<String>(), days in any::<i16>()) {
            if let Some(moved) = shifted(&text, i64::from(days)) {
                prop_assert_eq!(moved.len(), text.len());
            }
        }
    }
}
