//! What is done to values on their way into the aggregate, by the names that the original has for it. Pure.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

static EMAIL: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[\w.+-]+@[\w-]+\.[\w.-]+").expect("the pattern is constant"));
/// A tag, a comment, or what looks like the beginning of one.
static TAG: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)<!--.*?-->|</?[A-Za-z!?][^<>]*>").expect("the pattern is constant"));

/// A filter and its parameter.
#[derive(Debug, Clone)]
pub(super) enum Filter {
    StripHtml,
    StripEmail,
    StripLeadingDoubleUnderscore,
    AddIcpsrSourceUrl,
    AddClinicalTrialsSourceUrl,
    Uppercase,
    PrepareCidcDescription,
    AggregatePdcFileCount,
    NormalizeValue(Map<String, Value>),
    NormalizeTags(Map<String, Value>),
}

impl Filter {
    /// # Errors
    /// For a name that none has; the original leaves the value as it is then, which nobody notices.
    pub(super) fn named(name: &str, parameter: Option<&Value>) -> Result<Self, String> {
        let map = || parameter.and_then(Value::as_object).cloned().unwrap_or_default();
        Ok(match name {
            "strip_html" => Self::StripHtml,
            "strip_email" => Self::StripEmail,
            "strip_leading_double_underscore" => Self::StripLeadingDoubleUnderscore,
            "add_icpsr_source_url" => Self::AddIcpsrSourceUrl,
            "add_clinical_trials_source_url" => Self::AddClinicalTrialsSourceUrl,
            "uppercase" => Self::Uppercase,
            "prepare_cidc_description" => Self::PrepareCidcDescription,
            "aggregate_pdc_file_count" => Self::AggregatePdcFileCount,
            "normalize_value" => Self::NormalizeValue(map()),
            "normalize_tags" => Self::NormalizeTags(map()),
            _ => return Err(format!("there is no filter {name:?}")),
        })
    }

    /// The value after the filter; one of another type than the filter is for stays as it is.
    pub(super) fn apply(&self, value: Value) -> Value {
        match (self, value) {
            (Self::StripHtml, Value::String(text)) => json!(TAG.replace_all(&text, "")),
            (Self::StripEmail, Value::String(text)) => json!(EMAIL.replace_all(&text, "")),
            (Self::Uppercase, Value::String(text)) => json!(text.to_uppercase()),
            (Self::AddIcpsrSourceUrl, Value::String(id)) => {
                json!(format!("https://www.icpsr.umich.edu/web/NAHDAP/studies/{id}"))
            }
            (Self::AddClinicalTrialsSourceUrl, Value::String(id)) => {
                json!(format!("https://clinicaltrials.gov/ct2/show/{id}"))
            }
            (Self::PrepareCidcDescription, Value::String(text)) => {
                let one_line: String = text.chars().filter(|c| !matches!(c, '\t' | '\n')).collect();
                json!(one_line.replace("&nbsp;", " ").replace("&thinsp;", " "))
            }
            (Self::AggregatePdcFileCount, Value::Array(all)) => {
                let counts = all.iter().filter_map(|one| one.get("files_count")?.as_i64());
                json!(counts.fold(0, i64::saturating_add))
            }
            (Self::NormalizeValue(names), Value::String(text)) => {
                names.get(&text).cloned().unwrap_or(Value::String(text))
            }
            (Self::NormalizeTags(names), Value::Array(tags)) => {
                Value::Array(tags.into_iter().map(|tag| renamed(tag, names)).collect())
            }
            (Self::StripLeadingDoubleUnderscore, Value::Array(all)) => {
                Value::Array(all.into_iter().map(without_double_underscore).collect())
            }
            (Self::StripLeadingDoubleUnderscore, value) => without_double_underscore(value),
            (_, value) => value,
        }
    }
}

fn renamed(mut tag: Value, names: &Map<String, Value>) -> Value {
    let new = || {
        let (category, name) = (tag.get("category")?.as_str()?, tag.get("name")?.as_str()?);
        names.get(category)?.get(name).cloned()
    };
    if let Some(new) = new() {
        tag["name"] = new;
    }
    tag
}

/// `__x` becomes `_x`; `___x` stays.
fn without_double_underscore(value: Value) -> Value {
    let Value::Object(object) = value else { return value };
    let renamed = object.into_iter().map(|(key, value)| match key.strip_prefix("__") {
        Some(rest) if !rest.is_empty() && !rest.starts_with('_') => (format!("_{rest}"), value),
        _ => (key, value),
    });
    Value::Object(renamed.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(name: &str, parameter: Value, value: Value) -> Value {
        Filter::named(name, Some(&parameter)).unwrap().apply(value)
    }

    #[test]
    fn filters_do_what_their_names_say() {
        for (name, parameter, value, wanted) in [
            ("strip_html", json!(null), json!("<p>a <b>b</b> 1 < 2</p><!-- c -->"), json!("a b 1 < 2")),
            ("strip_email", json!(null), json!("ask a.b@c.example now"), json!("ask  now")),
            ("uppercase", json!(null), json!("abc"), json!("ABC")),
            ("uppercase", json!(null), json!(3), json!(3)),
            ("normalize_value", json!({"m": "male"}), json!("m"), json!("male")),
            (
                "normalize_tags",
                json!({"Sex": {"m": "male"}}),
                json!([{"category": "Sex", "name": "m"}, {"name": "m"}]),
                json!([{"category": "Sex", "name": "male"}, {"name": "m"}]),
            ),
            (
                "strip_leading_double_underscore",
                json!(null),
                json!({"__a": 1, "___b": 2, "_c": 3}),
                json!({"_a": 1, "___b": 2, "_c": 3}),
            ),
            (
                "aggregate_pdc_file_count",
                json!(null),
                json!([{"files_count": 2}, {"files_count": 3}]),
                json!(5),
            ),
            (
                "aggregate_pdc_file_count",
                json!(null),
                json!([{"files_count": i64::MAX}, {"files_count": 3}]),
                json!(i64::MAX),
            ),
            ("prepare_cidc_description", json!(null), json!("a\n\tb&nbsp;c"), json!("ab c")),
        ] {
            assert_eq!(applied(name, parameter, value.clone()), wanted, "{name} of {value}");
        }
        assert!(Filter::named("nothing", None).is_err());
    }
}
