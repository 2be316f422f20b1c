//! As of when the data of an index are: the ETL gives each index that it makes an alias with the time.

use serde_json::Value;

use crate::service::Guppy;

/// What aliases with a time begin with.
const PREFIX: &str = "time_";

impl Guppy {
    /// The time of the youngest index behind this name; null if nothing says it.
    pub(super) async fn as_of(&self, index: &str) -> Value {
        let Ok(indices) = self.engine.aliases(index).await else { return Value::Null };
        let times = indices.into_values().flatten().filter_map(|alias| time(&alias));
        times.max().map_or(Value::Null, Value::from)
    }
}

/// `time_20260102T030405Z` → `2026-01-02T03:04:05Z`.
fn time(alias: &str) -> Option<String> {
    let time = alias.strip_prefix(PREFIX)?.to_ascii_uppercase();
    let is_time = time.len() == 16
        && time.bytes().enumerate().all(|(place, byte)| match place {
            8 => byte == b'T',
            15 => byte == b'Z',
            _ => byte.is_ascii_digit(),
        });
    is_time.then(|| {
        let (date, clock) = time.split_at(8);
        let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
        format!("{year}-{month}-{day}T{}:{}:{}Z", &clock[1..3], &clock[3..5], &clock[5..7])
    })
}

#[cfg(test)]
mod tests {
    use super::time;

    #[test]
    fn the_time_of_an_alias_is_read() {
        assert_eq!(time("time_20260102T030405Z").as_deref(), Some("2026-01-02T03:04:05Z"));
        assert_eq!(time("time_20260102t030405z").as_deref(), Some("2026-01-02T03:04:05Z"));
        for other in ["subject", "time_", "time_2026-01-02", "time_20260102T030405é"] {
            assert_eq!(time(other), None, "{other}");
        }
    }
}
