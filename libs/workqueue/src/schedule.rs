//! When something is due. Pure: the clock is passed in.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::{
    Cron,
    parser::{CronParser, Seconds},
};
use serde_json::Value;

/// Work that is asked for again and again.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name; each name is one schedule.
    pub name: String,
    /// The kind of the runs.
    pub kind: String,
    /// Their parameters.
    pub params: Value,
    pattern: String,
    zone: Tz,
    cron: Cron,
}

/// Why there is no such schedule.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// The pattern is none of cron's.
    #[error("{pattern:?} is no time table of cron (minute hour day month weekday): {told}")]
    Pattern {
        /// What was written.
        pattern: String,
        /// What is wrong with it.
        told: String,
    },
    /// There is no such time zone.
    #[error("there is no time zone {0:?}; an example is Europe/Zurich")]
    Zone(String),
    /// The time never comes.
    #[error("{0:?} never happens")]
    Never(String),
}

impl Schedule {
    /// `pattern` has cron's five fields, or is `@hourly` and the like; its hours are those of `zone`.
    ///
    /// # Errors
    /// When one of them is not understood.
    pub fn new(
        name: &str,
        kind: &str,
        params: Value,
        pattern: &str,
        zone: &str,
    ) -> Result<Self, ScheduleError> {
        let told = |error: croner::errors::CronError| ScheduleError::Pattern {
            pattern: pattern.to_owned(),
            told: error.to_string(),
        };
        let cron = CronParser::builder().seconds(Seconds::Disallowed).build().parse(pattern).map_err(told)?;
        let zone: Tz = zone.parse().map_err(|_| ScheduleError::Zone(zone.to_owned()))?;
        let schedule = Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            params,
            pattern: pattern.to_owned(),
            zone,
            cron,
        };
        match schedule.next(DateTime::<Utc>::UNIX_EPOCH + TimeDelta::days(20_000)) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never(pattern.to_owned())),
        }
    }

    /// Pattern and zone, as one text: another text is another time table.
    pub fn time_table(&self) -> String {
        format!("{} {}", self.pattern, self.zone)
    }

    /// The first time after `moment`. An hour that the clock leaves out is made up for when it is over; one
    /// that the clock repeats counts once for a pattern with fixed hours.
    pub fn next(&self, moment: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let local = moment.with_timezone(&self.zone);
        self.cron.find_next_occurrence(&local, false).ok().map(|next| next.with_timezone(&Utc))
    }

    /// What is to be done at `now` when `expected` was to be the next time: whether a run is due, and the
    /// time after it. However many times were missed, one run makes up for them.
    pub(crate) fn at(&self, now: DateTime<Utc>, expected: DateTime<Utc>) -> Due {
        if now < expected { Due::Not } else { Due::Now { then: self.next(now) } }
    }
}

/// Whether a run is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Its time has not come.
    Not,
    /// Its time has come.
    Now {
        /// The next time.
        then: Option<DateTime<Utc>>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schedule(pattern: &str, zone: &str) -> Schedule {
        Schedule::new("s", "k", Value::Null, pattern, zone).unwrap()
    }

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// The next times after a moment.
    fn times(schedule: &Schedule, after: &str, count: usize) -> Vec<String> {
        let first = schedule.next(time(after));
        std::iter::successors(first, |last| schedule.next(*last))
            .take(count)
            .map(|time| time.format("%m-%d %H:%M").to_string())
            .collect()
    }

    #[test]
    fn hours_are_those_of_the_zone() {
        let nightly = schedule("30 2 * * *", "Asia/Kolkata");
        assert_eq!(times(&nightly, "2026-01-01T00:00:00Z", 2), ["01-01 21:00", "01-02 21:00"]);
        assert_eq!(
            times(&schedule("@hourly", "UTC"), "2026-01-01T00:00:00Z", 2),
            ["01-01 01:00", "01-01 02:00"]
        );
    }

    #[test]
    fn a_time_that_the_clock_leaves_out_is_made_up_for_once() {
        // On 29 March 2026 the clock in Zurich goes from 02:00 to 03:00.
        let nightly = schedule("30 2 * * *", "Europe/Zurich");
        assert_eq!(times(&nightly, "2026-03-28T00:00:00Z", 3), ["03-28 01:30", "03-29 01:00", "03-30 00:30"]);
    }

    #[test]
    fn a_time_that_the_clock_repeats_counts_once_and_an_interval_goes_on() {
        // On 25 October 2026 the clock in Zurich goes from 03:00 back to 02:00.
        let nightly = schedule("30 2 * * *", "Europe/Zurich");
        assert_eq!(times(&nightly, "2026-10-24T12:00:00Z", 2), ["10-25 00:30", "10-26 01:30"]);
        let half_hourly = schedule("*/30 * * * *", "Europe/Zurich");
        assert_eq!(
            times(&half_hourly, "2026-10-25T00:00:00Z", 4),
            ["10-25 00:30", "10-25 01:00", "10-25 01:30", "10-25 02:00"]
        );
    }

    #[test]
    fn a_stopped_hour_is_made_up_for_by_one_run() {
        let often = schedule("*/5 * * * *", "UTC");
        let expected = time("2026-01-01T10:05:00Z");
        assert_eq!(often.at(time("2026-01-01T10:04:59Z"), expected), Due::Not);
        let late = often.at(time("2026-01-01T11:07:10Z"), expected);
        assert_eq!(late, Due::Now { then: Some(time("2026-01-01T11:10:00Z")) });
        let sharp = often.at(expected, expected);
        assert_eq!(sharp, Due::Now { then: Some(time("2026-01-01T10:10:00Z")) });
    }

    #[test]
    fn what_is_no_time_table_is_refused() {
        let refused = |pattern, zone| Schedule::new("s", "k", Value::Null, pattern, zone).unwrap_err();
        assert!(matches!(refused("61 * * * *", "UTC"), ScheduleError::Pattern { .. }));
        assert!(matches!(refused("* * * * * *", "UTC"), ScheduleError::Pattern { .. }));
        assert!(matches!(refused("", "UTC"), ScheduleError::Pattern { .. }));
        assert!(matches!(refused("* * * * *", "Zurich"), ScheduleError::Zone(_)));
        assert!(matches!(refused("0 0 30 2 *", "UTC"), ScheduleError::Never(_)));
    }
}
