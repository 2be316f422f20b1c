//! `search`: words in texts.

use search::{Query, Words};
use serde_json::Value;

use super::{error::FilterError, leaf::text_of};

/// The shortest keyword, in characters of UTF-16.
const SHORTEST: usize = 2;
/// The longest.
const LONGEST: usize = 10_000;

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
