//! Points in time as `datetime.isoformat` writes them.

use chrono::{DateTime, NaiveDateTime, SecondsFormat, Timelike, Utc};

/// `isoformat` of a time without a zone: no fraction when it is zero, microseconds otherwise.
pub fn isoformat(time: NaiveDateTime) -> String {
    let format = if time.nanosecond() < 1_000 { "%Y-%m-%dT%H:%M:%S" } else { "%Y-%m-%dT%H:%M:%S%.6f" };
    time.format(format).to_string()
}

/// A time in UTC with its offset and, always, microseconds: the stamps of sheepdog.
pub fn isoformat_utc(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fraction_is_left_out_when_it_is_zero() {
        let time = |text: &str| text.parse::<NaiveDateTime>().expect(text);
        assert_eq!(isoformat(time("2022-03-04T05:06:07")), "2022-03-04T05:06:07");
        assert_eq!(isoformat(time("2022-03-04T05:06:07.25")), "2022-03-04T05:06:07.250000");
        assert_eq!(isoformat(time("2022-03-04T05:06:07.000000999")), "2022-03-04T05:06:07");
    }

    #[test]
    fn a_stamp_has_its_offset_and_always_microseconds() {
        let time = "2022-03-04T05:06:07Z".parse().expect("a time");
        assert_eq!(isoformat_utc(time), "2022-03-04T05:06:07.000000+00:00");
    }
}
