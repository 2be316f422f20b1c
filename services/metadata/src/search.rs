//! What is searched for, and what is shown of what was found. Pure.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::Error;

/// Most words, filters, values of a filter, and facets.
const MOST_WORDS: usize = 20;
const MOST_FILTERS: usize = 50;
const MOST_VALUES: usize = 1_000;
const MOST_FACETS: usize = 20;
/// Longest text of a search, and longest path.
const LONGEST: usize = 1_000;
/// Most names of a path.
const DEEPEST: usize = 20;
/// Studies of an answer: usually, and at most.
const USUAL: u32 = 20;
const MOST: u32 = 100;
/// Highlights of a study, and what is shown around a word.
const MOST_HIGHLIGHTS: usize = 5;
const AROUND: usize = 60;

/// The body of a search.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    /// Words, of which all have to be found; the beginning of a word is enough.
    #[serde(default)]
    words: String,
    /// Values by path: one of them has to be there. All filters have to hold.
    #[serde(default)]
    filters: IndexMap<String, Values>,
    /// Paths whose values are counted.
    #[serde(default)]
    facets: Vec<String>,
    #[serde(default)]
    sort: Option<Sort>,
    /// Where the page before ended.
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    size: Option<u32>,
    /// Which documents are studies.
    #[serde(default = "studies")]
    guid_type: String,
}

fn studies() -> String {
    "discovery_metadata".to_owned()
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Values {
    One(Scalar),
    Many(Vec<Scalar>),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Scalar {
    Text(String),
    Number(serde_json::Number),
    Bool(bool),
}

impl Scalar {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Number(number) => number.to_string(),
            Self::Bool(bool) => bool.to_string(),
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sort {
    field: String,
    #[serde(default)]
    order: Order,
}

/// Which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Order {
    #[default]
    Asc,
    Desc,
}

/// In which order studies come; those that are equal in it come in the order of their GUIDs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Sorting {
    /// Those that fit the words best come first.
    Relevance,
    /// By the text of the first value at a path.
    Field(JsonPath, Order),
}

/// A path within documents, in the language of PostgreSQL; lists on the way stand for their elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonPath(String);

impl JsonPath {
    /// # Errors
    /// 400 for a path that is empty, too long or too deep.
    pub(crate) fn read(dotted: &str) -> Result<Self, Error> {
        let names: Vec<&str> = dotted.split('.').collect();
        if dotted.len() > LONGEST || names.len() > DEEPEST || names.iter().any(|name| name.is_empty()) {
            return Err(Error::bad(format!("{:?} is no path", dotted.chars().take(100).collect::<String>())));
        }
        // A text of JSON is a text of the path language, too. The end means the elements of a list, or a
        // value that is none.
        let path: String = names.iter().map(|name| format!(".{}", Value::from(*name))).collect();
        Ok(Self(format!("${path}[*]")))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A search that is possible.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Search {
    pub(crate) words: Vec<String>,
    pub(crate) filters: Vec<(JsonPath, Vec<String>)>,
    /// As they were asked for, and as they are looked up.
    pub(crate) facets: Vec<(String, JsonPath)>,
    pub(crate) sorting: Sorting,
    pub(crate) after: Option<Cursor>,
    pub(crate) size: u32,
    pub(crate) guid_type: String,
}

/// Where a page ended: what it was sorted by, and a GUID.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Cursor {
    pub(crate) key: Key,
    pub(crate) guid: String,
}

/// What is sorted by.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Key {
    Rank(f32),
    Text(String),
}

impl Cursor {
    pub(crate) fn write(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!(self).to_string())
    }

    fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }
}

impl Search {
    /// # Errors
    /// 400 for what is too much, and for a path or cursor that is none.
    pub(crate) fn of(request: Request) -> Result<Self, Error> {
        let most = |what: &str, is: usize, most: usize| match is {
            is if is > most => Err(Error::bad(format!("a search has at most {most} {what}"))),
            _ => Ok(()),
        };
        most("characters in its words", request.words.chars().count(), LONGEST)?;
        let words = words(&request.words);
        most("words", words.len(), MOST_WORDS)?;
        most("filters", request.filters.len(), MOST_FILTERS)?;
        most("facets", request.facets.len(), MOST_FACETS)?;
        let mut filters = Vec::new();
        for (path, values) in &request.filters {
            let values: Vec<String> = match values {
                Values::One(one) => vec![one.text()],
                Values::Many(many) => many.iter().map(Scalar::text).collect(),
            };
            most("values in a filter", values.len(), MOST_VALUES)?;
            filters.push((JsonPath::read(path)?, values));
        }
        let mut facets: Vec<(String, JsonPath)> = Vec::with_capacity(request.facets.len());
        for path in &request.facets {
            if facets.iter().all(|(name, _)| name != path) {
                facets.push((path.clone(), JsonPath::read(path)?));
            }
        }
        let sorting = match &request.sort {
            Some(sort) => Sorting::Field(JsonPath::read(&sort.field)?, sort.order),
            None => Sorting::Relevance,
        };
        let after = match &request.after {
            None => None,
            Some(text) => {
                let cursor = Cursor::read(text).filter(|cursor| {
                    matches!(
                        (&cursor.key, &sorting),
                        (Key::Rank(_), Sorting::Relevance) | (Key::Text(_), Sorting::Field(..))
                    )
                });
                Some(cursor.ok_or_else(|| Error::bad("after is not the end of a page of this search"))?)
            }
        };
        let size = request.size.unwrap_or(USUAL);
        if size > MOST {
            return Err(Error::bad(format!(
                "a page has at most {MOST} studies; ask for the next one with after"
            )));
        }
        Ok(Self { words, filters, facets, sorting, after, size, guid_type: request.guid_type })
    }

    /// Whether every document of the kind is found.
    pub(crate) fn finds_all(&self) -> bool {
        self.words.is_empty() && self.filters.is_empty()
    }

    /// What PostgreSQL's text search is asked for: all words, each perhaps the beginning of a longer one.
    pub(crate) fn query(&self) -> Option<String> {
        let each: Vec<String> = self.words.iter().map(|word| format!("'{word}':*")).collect();
        (!each.is_empty()).then(|| each.join(" & "))
    }
}

/// The words of a text: letters and digits, in lower case.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// Where a word was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Highlight {
    /// The names down to the text, joined by dots; lists have no name.
    pub(crate) path: String,
    pub(crate) before: String,
    pub(crate) hit: String,
    pub(crate) after: String,
}

/// The first places at which the words begin a word of a document.
pub(crate) fn highlights(document: &Value, words: &[String]) -> Vec<Highlight> {
    let mut found = Vec::new();
    if !words.is_empty() {
        look(document, "", words, &mut found);
    }
    found
}

fn look(value: &Value, path: &str, words: &[String], found: &mut Vec<Highlight>) {
    match value {
        _ if found.len() == MOST_HIGHLIGHTS => {}
        Value::String(text) => found.extend(highlight(text, path, words)),
        Value::Array(all) => all.iter().for_each(|value| look(value, path, words, found)),
        Value::Object(object) => {
            for (name, value) in object {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                look(value, &path, words, found);
            }
        }
        _ => {}
    }
}

fn highlight(text: &str, path: &str, words: &[String]) -> Option<Highlight> {
    let mut is_within = false;
    for (begin, c) in text.char_indices() {
        let begins = c.is_alphanumeric() && !is_within;
        is_within = c.is_alphanumeric();
        if !begins {
            continue;
        }
        let rest = &text[begin..];
        let end = begin + rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let lower = text[begin..end].to_lowercase();
        if words.iter().any(|word| lower.starts_with(word.as_str())) {
            let skipped = text[..begin].chars().count().saturating_sub(AROUND);
            return Some(Highlight {
                path: path.to_owned(),
                before: text[..begin].chars().skip(skipped).collect(),
                hit: text[begin..end].to_owned(),
                after: text[end..].chars().take(AROUND).collect(),
            });
        }
    }
    None
}

/// The resource paths that a study says it belongs to.
pub(crate) fn resources(document: &Value) -> Vec<&str> {
    match document.pointer("/gen3_discovery/authz") {
        Some(Value::String(path)) if !path.is_empty() => vec![path],
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: Value) -> Result<Search, String> {
        let request: Request = serde_json::from_value(body).map_err(|error| error.to_string())?;
        Search::of(request).map_err(|error| error.to_string())
    }

    #[test]
    fn words_become_a_query_in_which_nothing_is_an_operator() {
        let search = read(json!({"words": "Sleep & 'apnea' | !sleep:* <-> ü2"})).unwrap();
        assert_eq!(search.query().unwrap(), "'sleep':* & 'apnea':* & 'ü2':*");
        assert_eq!(read(json!({"words": " ':* "})).unwrap().query(), None);
    }

    #[test]
    fn paths_are_names_whatever_is_in_them() {
        let path = |text: &str| JsonPath::read(text).map(|path| path.0).ok();
        assert_eq!(path("a.tags.name").as_deref(), Some(r#"$."a"."tags"."name"[*]"#));
        assert_eq!(path(r#"a"].x ? (@ > 1)"#).as_deref(), Some(r#"$."a\"]"."x ? (@ > 1)"[*]"#));
        for bad in ["", "a..b", ".", &"a.".repeat(30), &"x".repeat(2000)] {
            assert_eq!(path(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_search_has_limits_and_no_unknown_fields() {
        for (body, told) in [
            (json!({"size": 101}), "at most 100"),
            (json!({"words": "x".repeat(1001)}), "at most 1000"),
            (
                json!({"words": (0..21).map(|n| n.to_string()).collect::<Vec<_>>().join(" ")}),
                "at most 20 words",
            ),
            (json!({"facets": vec!["a"; 21]}), "at most 20 facets"),
            (json!({"filters": {"a": vec!["x"; 1001]}}), "at most 1000"),
            (json!({"word": "x"}), "unknown field"),
            (json!({"filters": {"a": {"b": 1}}}), "did not match"),
            (json!({"after": "nonsense"}), "not the end of a page"),
            (json!({"sort": {"field": "a", "order": "up"}}), "unknown variant"),
        ] {
            let error = read(body.clone()).unwrap_err();
            assert!(error.contains(told), "{body}: {error}");
        }
    }

    #[test]
    fn the_end_of_a_page_belongs_to_its_order() {
        let cursor = Cursor { key: Key::Rank(0.25), guid: "g".to_owned() }.write();
        assert!(read(json!({"after": cursor})).is_ok());
        assert!(read(json!({"after": cursor, "sort": {"field": "a"}})).is_err());
    }

    #[test]
    fn highlights_show_the_word_and_what_is_around_it() {
        let document = json!({"a": {"title": "On the sleeping of bears"},
                              "tags": [{"name": "asleep"}, {"name": "Sleep"}]});
        let found = highlights(&document, &["sleep".to_owned()]);
        let shown: Vec<_> = found.iter().map(|one| (one.path.as_str(), one.hit.as_str())).collect();
        assert_eq!(shown, [("a.title", "sleeping"), ("tags.name", "Sleep")]);
        assert_eq!((found[0].before.as_str(), found[0].after.as_str()), ("On the ", " of bears"));
        assert!(highlights(&document, &[]).is_empty());
    }
}
