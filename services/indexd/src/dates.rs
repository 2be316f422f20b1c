//! Points in time as indexd stores and writes them: UTC without a zone.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, SubsecRound, Utc};
use serde::{Serialize, Serializer};

/// A point in time in UTC, to the microsecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, sqlx::Type)]
#[sqlx(transparent)]
pub(crate) struct Timestamp(pub(crate) NaiveDateTime);

const WITH_OFFSET: [&str; 2] = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z"];
const WITHOUT_OFFSET: [&str; 4] =
    ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];

impl Timestamp {
    pub(crate) fn now() -> Self {
        Self(Utc::now().naive_utc().trunc_subsecs(6))
    }

    /// Reads ISO 8601: a date, or a date and time with or without a zone. Without one it is UTC.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let aware = DateTime::parse_from_rfc3339(text)
            .ok()
            .or_else(|| WITH_OFFSET.iter().find_map(|format| DateTime::parse_from_str(text, format).ok()))
            .map(|time| time.naive_utc());
        let naive =
            || WITHOUT_OFFSET.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        let date = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0);
        let time = aware.or_else(naive).or_else(date)?;
        // The years that both PostgreSQL and the readers of the answers understand.
        (1..=9999).contains(&time.year()).then(|| Self(time.trunc_subsecs(6)))
    }
}

/// As Python's `isoformat`: no zone, and no fraction when it is zero.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&python::isoformat(self.0))
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_of_a_time_is_read_as_utc() {
        for (text, expected) in [
            ("2022-03-04T05:06:07", "2022-03-04T05:06:07"),
            ("2022-03-04T05:06:07Z", "2022-03-04T05:06:07"),
            ("2022-03-04T05:06:07+02:00", "2022-03-04T03:06:07"),
            ("2022-03-04T05:06:07+0200", "2022-03-04T03:06:07"),
            ("2022-03-04 05:06:07.25", "2022-03-04T05:06:07.250000"),
            ("2022-03-04T05:06:07.1234567Z", "2022-03-04T05:06:07.123456"),
            ("2022-03-04T05:06", "2022-03-04T05:06:00"),
            ("2022-03-04", "2022-03-04T00:00:00"),
        ] {
            assert_eq!(
                Timestamp::parse(text).map(|time| time.to_string()).as_deref(),
                Some(expected),
                "{text}"
            );
        }
        for text in ["", "x", "2022-13-01", "12022-01-01", "2022-03-04T25:00:00"] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }
}
