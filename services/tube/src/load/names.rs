//! The names of indices and aliases, as the original gives them (tube 1.0). Pure.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDateTime, Utc};

/// What an engine says of indices: their names, and the aliases of each.
pub(super) type Listing = BTreeMap<String, Vec<String>>;

const TIME: &str = "time_";
const TIME_FORMAT: &str = "%Y%m%dT%H%M%SZ";

/// The number of an index `NAME_NUMBER`; none if it belongs to another name.
fn number(name: &str, index: &str) -> Option<u64> {
    let digits = index.strip_prefix(name)?.strip_prefix('_')?;
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

/// The alias that tells of which moment an index is.
pub(super) fn time_alias(moment: DateTime<Utc>) -> String {
    format!("{TIME}{}", moment.format(TIME_FORMAT))
}

/// Whether an alias tells a time.
fn is_time(alias: &str) -> bool {
    alias.starts_with(TIME)
}

/// The moment that the aliases of an index tell; the latest, if they tell several.
pub(super) fn told_time(aliases: &[String]) -> Option<DateTime<Utc>> {
    let times = aliases.iter().filter_map(|alias| alias.strip_prefix(TIME));
    times.filter_map(|time| Some(NaiveDateTime::parse_from_str(time, TIME_FORMAT).ok()?.and_utc())).max()
}

/// The name of the indices that tell guppy which fields are lists.
pub(super) fn array_config(name: &str) -> String {
    format!("{name}-array-config")
}

/// The indices of one name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Generations {
    /// The name.
    pub(super) name: String,
    /// Their numbers and names, ascending, and the aliases of each.
    pub(super) all: Vec<(u64, String, Vec<String>)>,
    /// Whether an index, and no alias, has the name itself.
    pub(super) is_concrete: bool,
}

impl Generations {
    /// Finds them among what the engine has.
    pub(super) fn of(name: &str, listing: &Listing) -> Self {
        let mut all: Vec<_> = listing
            .iter()
            .filter_map(|(index, aliases)| Some((number(name, index)?, index.clone(), aliases.clone())))
            .collect();
        all.sort_unstable();
        Self { name: name.to_owned(), all, is_concrete: listing.contains_key(name) }
    }

    /// Those that the alias names; elsewhere than in the original there is at most one.
    pub(super) fn served(&self) -> impl DoubleEndedIterator<Item = &(u64, String, Vec<String>)> {
        self.all.iter().filter(|(_, _, aliases)| aliases.contains(&self.name))
    }

    /// The name of the next one.
    pub(super) fn next(&self) -> String {
        let number = self.all.last().map_or(0, |(number, ..)| number + 1);
        format!("{}_{number}", self.name)
    }

    /// What runs have left that did not come to their end: nothing names it.
    pub(super) fn left_behind(&self) -> Vec<String> {
        let unnamed = self.all.iter().filter(|(_, _, aliases)| aliases.is_empty());
        unnamed.map(|(_, index, _)| index.clone()).collect()
    }

    /// What was served once and only tells its time, but for the newest `keep` of them.
    pub(super) fn outlived(&self, keep: usize) -> Vec<String> {
        let is_old = |aliases: &[String]| !aliases.is_empty() && aliases.iter().all(|alias| is_time(alias));
        let old: Vec<_> = self.all.iter().filter(|(_, _, aliases)| is_old(aliases)).collect();
        let gone = old.len().saturating_sub(keep);
        old.into_iter().take(gone).map(|(_, index, _)| index.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(indices: &[(&str, &[&str])]) -> Listing {
        let owned = |aliases: &[&str]| aliases.iter().map(|alias| (*alias).to_owned()).collect();
        indices.iter().map(|(index, aliases)| ((*index).to_owned(), owned(aliases))).collect()
    }

    #[test]
    fn an_index_belongs_to_the_name_before_its_number() {
        let all = listing(&[
            ("dev_case_9", &["dev_case", "time_20260101T000000Z"]),
            ("dev_case_10", &[]),
            ("dev_case_file_3", &[]),
            ("dev_case_x", &[]),
            ("dev_case-array-config_2", &["dev_case-array-config", "dev_array-config"]),
        ]);
        let cases = Generations::of("dev_case", &all);
        assert_eq!(cases.all.iter().map(|(number, ..)| *number).collect::<Vec<_>>(), [9, 10]);
        assert_eq!(cases.served().map(|(number, ..)| *number).collect::<Vec<_>>(), [9]);
        assert_eq!((cases.next().as_str(), cases.left_behind()), ("dev_case_11", vec!["dev_case_10".into()]));
        assert_eq!(Generations::of("dev_case-array-config", &all).next(), "dev_case-array-config_3");
        assert_eq!(Generations::of("none", &all).next(), "none_0");
    }

    #[test]
    fn the_newest_of_those_that_are_not_served_any_more_stay() {
        let all = listing(&[
            ("c_1", &["time_20260101T000000Z"]),
            ("c_2", &["time_20260102T000000Z"]),
            ("c_3", &["somebody"]),
            ("c_4", &["c", "time_20260104T000000Z"]),
        ]);
        let generations = Generations::of("c", &all);
        assert_eq!(generations.outlived(1), ["c_1"]);
        assert_eq!(generations.outlived(0), ["c_1", "c_2"]);
        assert_eq!(generations.outlived(5), Vec::<String>::new());
    }

    #[test]
    fn times_are_told_to_the_second() {
        let time = DateTime::from_timestamp(1_790_000_000, 5_000_000).unwrap();
        let alias = time_alias(time);
        assert_eq!(alias, "time_20260921T141320Z");
        assert_eq!(told_time(&["x".into(), alias]).unwrap().timestamp(), 1_790_000_000);
        assert_eq!(told_time(&["time_x".into()]), None);
    }
}
