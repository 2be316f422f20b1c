//! Which tasks a list is of.

use chrono::{DateTime, TimeZone as _, Utc};
use uuid::Uuid;

use crate::life::{NEVER, State};

/// What a list is asked for by name, state and tags.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// The beginning of names.
    pub name_prefix: String,
    /// The state.
    pub state: Option<String>,
    /// Tags, each with its value; an empty value is any.
    pub tags: Vec<(String, String)>,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// Tasks.
    pub size: i64,
    /// The last task of the page before.
    pub after: Option<(DateTime<Utc>, Uuid)>,
}

/// Why there is no such list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PageError(&'static str);

const MOST_TAGS: usize = 100;

impl Filter {
    /// The filter of these parameters.
    ///
    /// # Errors
    /// For a state that the standard has not, and more values than keys.
    pub fn parse<'a>(
        name_prefix: Option<&str>,
        state: Option<&str>,
        keys: impl Iterator<Item = &'a str>,
        values: impl Iterator<Item = &'a str>,
    ) -> Result<Self, PageError> {
        let state = state.filter(|state| !state.is_empty());
        if state.is_some_and(|state| State::of(state).is_none() && !NEVER.contains(&state)) {
            return Err(PageError("state is no state of a task"));
        }
        let (keys, values): (Vec<_>, Vec<_>) = (keys.collect(), values.collect());
        if values.len() > keys.len() || keys.len() > MOST_TAGS {
            return Err(PageError("there are more values of tag_value than of tag_key, or more than 100"));
        }
        let values = values.into_iter().chain(std::iter::repeat(""));
        let tags: Vec<_> = keys.into_iter().zip(values).map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
        let name_prefix = name_prefix.unwrap_or_default().to_owned();
        let all = tags.iter().flat_map(|(key, value)| [key, value]).chain([&name_prefix]);
        if all.into_iter().any(|text| text.contains('\0')) {
            return Err(PageError("a parameter has a character that no text has"));
        }
        Ok(Self { name_prefix, state: state.map(str::to_owned), tags })
    }
}

impl Page {
    /// The page of these parameters: 256 tasks unless another number is given, which is below 2048.
    ///
    /// # Errors
    /// For any other number, and a token that no list has given.
    pub fn parse(size: Option<&str>, token: Option<&str>) -> Result<Self, PageError> {
        let size = match size.filter(|size| !size.is_empty()) {
            None => 256,
            Some(size) => {
                let size = size.parse().ok().filter(|size| (1..2_048).contains(size));
                size.ok_or(PageError("page_size is no number from 1 to 2047"))?
            }
        };
        let unknown = PageError("page_token is none that a list has given");
        let after = match token.filter(|token| !token.is_empty()) {
            None => None,
            Some(token) => Some(after(token).ok_or(unknown)?),
        };
        Ok(Self { size, after })
    }

    /// What the next page is asked for by, if `last` is the last task of this one.
    pub fn token(last: (DateTime<Utc>, Uuid)) -> String {
        format!("{}.{}", last.0.timestamp_micros(), last.1.simple())
    }
}

fn after(token: &str) -> Option<(DateTime<Utc>, Uuid)> {
    let (time, id) = token.split_once('.')?;
    // Within what PostgreSQL has for years.
    let time = time.parse().ok().filter(|time| (0..=10_i64.pow(16)).contains(time))?;
    Some((Utc.timestamp_micros(time).single()?, Uuid::parse_str(id).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_what_is_asked_for_or_nothing() {
        assert_eq!(Page::parse(None, None), Ok(Page { size: 256, after: None }));
        let last = (Utc.timestamp_micros(1_700_000_000_123_456).unwrap(), Uuid::from_u128(7));
        let token = Page::token(last);
        assert_eq!(Page::parse(Some("2047"), Some(&token)), Ok(Page { size: 2_047, after: Some(last) }));
        for size in ["0", "2048", "-1", "x", "1.5"] {
            assert!(Page::parse(Some(size), None).is_err(), "{size}");
        }
        for token in ["x", "1", "1.x", "99999999999999999.00000000000000000000000000000007"] {
            assert!(Page::parse(None, Some(token)).is_err(), "{token}");
        }
    }

    #[test]
    fn tags_are_pairs() {
        let filter = |keys: &[&'static str], values: &[&'static str]| {
            Filter::parse(None, None, keys.iter().copied(), values.iter().copied())
        };
        let tags = filter(&["a", "b"], &["1"]).unwrap().tags;
        assert_eq!(tags, [("a".to_owned(), "1".to_owned()), ("b".into(), String::new())]);
        assert!(filter(&["a"], &["1", "2"]).is_err());
        for (state, is_one) in [("RUNNING", true), ("PAUSED", true), ("", true), ("Running", false)] {
            let filter = Filter::parse(None, Some(state), [].into_iter(), [].into_iter());
            assert_eq!(filter.is_ok(), is_one, "{state}");
        }
    }
}
