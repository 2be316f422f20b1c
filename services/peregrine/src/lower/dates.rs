//! Dates as people write them.

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, NaiveTime};

const DATES: [&str; 11] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y%m%d",
    "%Y.%m.%d",
    "%m/%d/%Y",
    "%m-%d-%Y",
    "%d %B %Y",
    "%B %d, %Y",
    "%B %d %Y",
    "%d-%B-%Y",
    "%a, %d %B %Y",
];
const TIMES: [&str; 5] = ["%H:%M:%S%.f", "%H:%M", "%H%M%S", "%I:%M:%S %p", "%I:%M %p"];

/// The moment in UTC as `YYYY-MM-DD HH:MM:SS.ffffff`. A text without an offset is taken as UTC.
pub(super) fn parse(text: &str) -> Option<String> {
    let text = text.trim();
    let moment = with_offset(text).or_else(|| without_offset(text))?;
    // As in the original. PostgreSQL writes earlier years in another way.
    if !(1..=9999).contains(&moment.year()) {
        return None;
    }
    Some(moment.format("%Y-%m-%d %H:%M:%S%.6f").to_string())
}

fn with_offset(text: &str) -> Option<NaiveDateTime> {
    let iso = text.replacen(' ', "T", 1);
    let formats = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M%#z"];
    let parsed = DateTime::parse_from_rfc3339(&iso)
        .ok()
        .or_else(|| formats.iter().find_map(|format| DateTime::parse_from_str(&iso, format).ok()))
        .or_else(|| DateTime::parse_from_rfc2822(text).ok());
    parsed.map(|moment| moment.naive_utc())
}

fn without_offset(text: &str) -> Option<NaiveDateTime> {
    if let Some(date) = date(text) {
        return Some(date.and_time(NaiveTime::MIN));
    }
    // The time is what follows the date; where that is depends on how the date is written.
    let breaks = text.char_indices().filter(|(_, c)| matches!(c, ' ' | 'T')).map(|(at, _)| at);
    breaks.into_iter().find_map(|at| {
        let time = time(text[at + 1..].trim().trim_end_matches('Z'))?;
        Some(date(text[..at].trim())?.and_time(time))
    })
}

fn date(text: &str) -> Option<NaiveDate> {
    let whole = DATES.iter().find_map(|format| NaiveDate::parse_from_str(text, format).ok());
    whole.or_else(|| match text.len() {
        4 => NaiveDate::from_ymd_opt(text.parse().ok()?, 1, 1),
        7 => NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok(),
        _ => None,
    })
}

fn time(text: &str) -> Option<NaiveTime> {
    TIMES.iter().find_map(|format| NaiveTime::parse_from_str(text, format).ok())
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn many_ways_to_write_the_same_moment() {
        for text in [
            "2026-11-21T07:22:39.5+00:00",
            "2026-11-21 07:22:39.5",
            "2026-11-21T07:22:39.5Z",
            "2026-11-21T09:22:39.5+0200",
            "2026/11/21 07:22:39.500",
            "21 Nov 2026 07:22:39.5",
            "November 21, 2026 07:22:39.5",
        ] {
            assert_eq!(parse(text).as_deref(), Some("2026-11-21 07:22:39.500000"), "{text}");
        }
        for text in ["2026-11-01", "2026-11", "20261101", "11/01/2026", "Nov 1, 2026"] {
            assert_eq!(parse(text).as_deref(), Some("2026-11-01 00:00:00.000000"), "{text}");
        }
        assert_eq!(parse("2026").as_deref(), Some("2026-01-01 00:00:00.000000"));
    }

    #[test]
    fn what_is_no_date_is_none() {
        for text in [
            "nope",
            "",
            "2026-13-01",
            "' or 1=1",
            "ü",
            "T",
            "99999999999-01-01",
            "12026-01-01",
            "-0001-01-01",
            "0000-01-01",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
