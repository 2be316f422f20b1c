//! What is asked for. Pure.

use std::collections::BTreeSet;

use auditlog::Category;
use web::Params;

use crate::{
    config::Config,
    error::{Error, Fault},
    input::LAST_SECOND,
};

const DAY: i64 = 86_400;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Whole,
    Time,
    Texts,
    Json,
}

/// A column of a category's table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
}

macro_rules! columns {
    ($($name:literal $kind:ident),* $(,)?) => { &[$(Column { name: $name, kind: Kind::$kind }),*] };
}

/// The columns of a category, in the order of answers.
pub(crate) fn columns(category: Category) -> &'static [Column] {
    match category {
        Category::Login => columns![
            "request_url" Text, "status_code" Whole, "timestamp" Time, "username" Text, "sub" Whole,
            "additional_data" Json, "id" Whole, "idp" Text, "fence_idp" Text, "shib_idp" Text,
            "client_id" Text, "ip" Text,
        ],
        Category::PresignedUrl => columns![
            "request_url" Text, "status_code" Whole, "timestamp" Time, "username" Text, "sub" Whole,
            "additional_data" Json, "id" Whole, "guid" Text, "resource_paths" Texts, "action" Text,
            "protocol" Text,
        ],
    }
}

/// Values of a column, one of which a record must have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Wanted {
    Texts(Vec<String>),
    Numbers(Vec<i64>),
}

/// What is asked for, of one category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// The first second.
    pub(crate) start: Option<i64>,
    /// The second after the last one.
    pub(crate) stop: Option<i64>,
    pub(crate) filters: Vec<(Column, Wanted)>,
    pub(crate) groups: Vec<Column>,
    /// Whether only the number of records or groups is wanted.
    pub(crate) count: bool,
    /// The columns of a record.
    pub(crate) shown: Vec<Column>,
}

/// The whole numbers `start` and `stop`.
///
/// # Errors
/// [`Error::Unusable`] for anything else.
pub(crate) fn times(params: &Params) -> Result<(Option<i64>, Option<i64>), Error> {
    let mut faults = Vec::new();
    let mut read = |name: &str| {
        let number = params.get(name)?.trim().parse::<i64>();
        if number.is_err() {
            let message = "Input should be a valid integer, unable to parse string as an integer".to_owned();
            faults.push(Fault { place: vec!["query".into(), name.into()], message, kind: "int_parsing" });
        }
        number.ok()
    };
    let times = (read("start"), read("stop"));
    if faults.is_empty() { Ok(times) } else { Err(Error::Unusable(faults)) }
}

impl Query {
    /// Reads a query of `category`; `now` are seconds since 1970.
    ///
    /// # Errors
    /// For unknown fields, values of another type, and times that are not in order or too far apart.
    pub(crate) fn read(
        config: &Config,
        category: Category,
        params: &Params,
        now: i64,
    ) -> Result<Self, Error> {
        let (start, stop) = span(config, times(params)?, now)?;
        let known = |name: &str| columns(category).iter().find(|column| column.name == name).copied();
        let column = |name: &str| match known(name) {
            None => Err(Error::bad(format!("'{name}' is not allowed on category '{}'", category.name()))),
            Some(column) if column.name == "username" && !config.usernames => {
                Err(Error::bad("Querying by username is not allowed"))
            }
            Some(column) => Ok(column),
        };
        let (mut names, mut groups, mut values) = (BTreeSet::new(), Vec::new(), 0);
        for (name, value) in params.iter().filter(|(name, _)| !["start", "stop", "count"].contains(name)) {
            values += 1;
            if name == "groupby" {
                let column = column(value)?;
                if !groups.contains(&column) {
                    groups.push(column);
                }
            } else {
                column(name)?;
                names.insert(name);
            }
        }
        if values > config.most_values {
            return Err(Error::bad(format!("a query may name at most {} values", config.most_values)));
        }
        let filters = names.into_iter().map(|name| {
            let column = column(name)?;
            Ok((column, wanted(column, params.all(name))?))
        });
        let shown = columns(category).iter().filter(|column| config.usernames || column.name != "username");
        Ok(Self {
            start,
            stop,
            filters: filters.collect::<Result<_, Error>>()?,
            groups,
            count: params.has("count"),
            shown: shown.copied().collect(),
        })
    }
}

/// The values as the column has them.
fn wanted<'v>(column: Column, values: impl Iterator<Item = &'v str>) -> Result<Wanted, Error> {
    match column.kind {
        Kind::Text | Kind::Texts => Ok(Wanted::Texts(values.map(str::to_owned).collect())),
        Kind::Whole | Kind::Time => {
            let number = |value: &str| value.trim().parse().map_err(|_| unusable(column, value));
            values.map(number).collect::<Result<_, Error>>().map(Wanted::Numbers)
        }
        Kind::Json => Err(values.map(|value| unusable(column, value)).next().unwrap_or(Error::NotFound)),
    }
}

fn unusable(column: Column, value: &str) -> Error {
    Error::bad(format!("Value '{value}' is not valid for field '{}'", column.name))
}

/// The time that is looked at. With a limit, the end that is not given is as far away as it may be.
fn span(
    config: &Config,
    (start, stop): (Option<i64>, Option<i64>),
    now: i64,
) -> Result<(Option<i64>, Option<i64>), Error> {
    // 0 is as good as nothing, as in the original.
    let (mut start, mut stop) = (start.filter(|start| *start != 0), stop.filter(|stop| *stop != 0));
    let possible = |time: Option<i64>| time.is_none_or(|time| (0..=LAST_SECOND).contains(&time));
    if !possible(start) || !possible(stop) {
        let word = |time: Option<i64>| time.map_or_else(|| "None".to_owned(), |time| time.to_string());
        let (start, stop) = (word(start), word(stop));
        return Err(Error::bad(format!(
            "Unable to convert timestamps '{start}' and/or '{stop}' to datetimes"
        )));
    }
    if let Some(days) = config.timebox_days {
        let most = i64::from(days) * DAY;
        if let (Some(start), None) = (start, stop) {
            stop = Some(start + most);
        }
        let end = stop.unwrap_or(now);
        let begin = start.unwrap_or_else(|| (end - most).max(0));
        start = Some(begin);
        if end - begin > most {
            return Err(Error::bad(format!(
                "The difference between the start timestamp '{begin}' and the stop timestamp '{end}' is \
                 greater than the configured maximum of {days} days"
            )));
        }
    }
    match (start, stop) {
        (Some(start), Some(stop)) if start > stop => Err(Error::bad(format!(
            "The start timestamp '{start}' should be before the stop timestamp '{stop}'"
        ))),
        times => Ok(times),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_700_000_000;

    fn read(config: &Config, query: &str) -> Result<Query, Error> {
        Query::read(config, Category::PresignedUrl, &Params::parse(query), NOW)
    }

    fn text(config: &Config, query: &str) -> String {
        read(config, query).unwrap_err().to_string()
    }

    #[test]
    fn values_of_one_field_are_alternatives_and_fields_hold_together() {
        let query = read(&Config::default(), "guid=b&status_code=401&guid=a&groupby=sub&groupby=sub&count");
        let query = query.unwrap();
        let wanted: Vec<_> = query.filters.iter().map(|(column, wanted)| (column.name, wanted)).collect();
        let guids = Wanted::Texts(vec!["b".into(), "a".into()]);
        assert_eq!(wanted, [("guid", &guids), ("status_code", &Wanted::Numbers(vec![401]))]);
        assert_eq!((query.groups.len(), query.count, query.start, query.stop), (1, true, None, None));
    }

    #[test]
    fn unknown_fields_and_values_of_another_type_are_refused() {
        let config = Config::default();
        assert_eq!(text(&config, "idp=x"), "'idp' is not allowed on category 'presigned_url'");
        assert_eq!(text(&config, "groupby=x"), "'x' is not allowed on category 'presigned_url'");
        assert_eq!(text(&config, "sub=x"), "Value 'x' is not valid for field 'sub'");
        assert_eq!(text(&config, "additional_data=x"), "Value 'x' is not valid for field 'additional_data'");
        assert!(matches!(read(&config, "start=x"), Err(Error::Unusable(faults)) if faults.len() == 1));
        let many = "guid=x&".repeat(config.most_values + 1);
        assert_eq!(text(&config, &many), "a query may name at most 1000 values");
    }

    #[test]
    fn user_names_are_neither_shown_nor_asked_for_where_the_operator_says_so() {
        let config = Config { usernames: false, ..Config::default() };
        for query in ["username=ada", "groupby=username"] {
            assert_eq!(text(&config, query), "Querying by username is not allowed");
        }
        assert!(read(&config, "").unwrap().shown.iter().all(|column| column.name != "username"));
    }

    #[test]
    fn a_limit_of_time_bounds_queries_on_both_sides() {
        let config = Config { timebox_days: Some(30), ..Config::default() };
        let month = 30 * DAY;
        let times = |query: &str| read(&config, query).map(|query| (query.start, query.stop)).unwrap();
        assert_eq!(times(""), (Some(NOW - month), None));
        assert_eq!(times("start=1000"), (Some(1000), Some(1000 + month)));
        assert_eq!(times("stop=1000"), (Some(0), Some(1000)));
        assert_eq!(times(&format!("start=1000&stop={}", 1000 + month)), (Some(1000), Some(1000 + month)));
        let longer = text(&config, &format!("start=1000&stop={}", 1001 + month));
        assert!(longer.ends_with("greater than the configured maximum of 30 days"), "{longer}");
        for query in ["start=5&stop=4", "start=-1", "stop=999999999999999"] {
            assert!(matches!(read(&Config::default(), query), Err(Error::BadRequest(_))), "{query}");
        }
    }
}
