//! `search` and `text`: words in texts.

use search::{Query, Words};
use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation as _;

use super::{error::FilterError, leaf::text_of};
use crate::schema::{IndexModel, Leaf, Shape};

/// The shortest keyword, in characters of UTF-16.
const SHORTEST: usize = 2;
/// The longest.
const LONGEST: usize = 10_000;
/// Words of a `text`.
const MOST_WORDS: usize = 16;
/// The longest `text`, in bytes.
const LONGEST_TEXT: usize = 4_000;

/// What `{keyword, fields}` means.
pub(super) fn read(value: &Value, analyzed: &str) -> Result<Query, FilterError> {
    let search = value.as_object().ok_or(FilterError::NoKeyword)?;
    let keyword = match search.get("keyword") {
        None | Some(Value::Null) => return Err(FilterError::NoKeyword),
        Some(keyword) => text_of(keyword).ok_or(FilterError::NoKeyword)?,
    };
    if let Some(key) = search.keys().find(|key| !matches!(key.as_str(), "keyword" | "fields")) {
        return Err(FilterError::SearchKey(key.clone()));
    }
    let length = keyword.encode_utf16().count();
    if length < SHORTEST {
        return Err(FilterError::ShortKeyword);
    }
    if length > LONGEST {
        return Err(FilterError::Values(LONGEST));
    }
    let sub_field = |name: &Value| match name.as_str() {
        Some(name) => Ok(format!("{name}.{analyzed}")),
        None => Err(FilterError::SearchFields),
    };
    let words = match search.get("fields") {
        None => Words::EverySubfield(analyzed.to_owned()),
        Some(name @ Value::String(_)) => Words::Fields(vec![sub_field(name)?]),
        Some(Value::Array(names)) if names.is_empty() => Words::Everywhere,
        Some(Value::Array(names)) => Words::Fields(names.iter().map(sub_field).collect::<Result<_, _>>()?),
        Some(_) => return Err(FilterError::SearchFields),
    };
    Ok(Query::Text { text: keyword, words })
}

/// What a `text` means: each of its words stands somewhere in the document, or a field is the whole text.
pub(super) fn everywhere(value: &Value, index: &IndexModel) -> Result<Query, FilterError> {
    let refused = || FilterError::Words(MOST_WORDS);
    let text = value.as_str().map(str::trim).filter(|text| text.len() <= LONGEST_TEXT).ok_or_else(refused)?;
    let mut words: Vec<&str> = text.unicode_words().collect();
    words.sort_unstable();
    words.dedup();
    if !(1..=MOST_WORDS).contains(&words.len()) {
        return Err(refused());
    }
    let anywhere = |word: &&str| Query::Text { text: (*word).to_owned(), words: Words::Everywhere };
    let each = Query::and(words.iter().map(anywhere));
    if words == [text] {
        return Ok(each);
    }
    let is_keyword = |shape: &Shape| matches!(shape, Shape::Leaf(Leaf::Keyword));
    let keywords = index.fields.values().filter(|field| is_keyword(&field.shape));
    let whole = Words::Fields(keywords.map(|field| field.path.clone()).collect());
    Ok(Query::Or(vec![each, Query::Text { text: text.to_owned(), words: whole }]))
}
