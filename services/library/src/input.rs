//! Bodies, and the rules of items. Pure.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::Value;

use crate::{config::Config, error::Error, model::Items};

/// Names are part of an index, whose entries have an end.
const LONGEST_NAME: usize = 1_000;

/// A list that is to be made, or to replace the one of its name.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewList {
    pub(crate) name: String,
    pub(crate) items: Items,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewLists {
    lists: Vec<NewList>,
}

fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Error> {
    serde_json::from_slice(body).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => Error::Unusable(error.to_string()),
        _ => Error::BadRequest(format!("the body is no JSON: {error}")),
    })
}

impl NewList {
    /// The list in a body.
    ///
    /// # Errors
    /// 422 for another form, 400 for items that do not follow their rules, 409 for too many.
    pub(crate) fn read(config: &Config, body: &[u8]) -> Result<Self, Error> {
        let list: Self = parse(body)?;
        list.check(config)?;
        Ok(list)
    }

    /// The lists in a body.
    ///
    /// # Errors
    /// As [`NewList::read`], and 400 for two of one name.
    pub(crate) fn read_many(config: &Config, body: &[u8]) -> Result<Vec<Self>, Error> {
        let NewLists { lists } = parse(body)?;
        let mut names = HashSet::new();
        for list in &lists {
            list.check(config)?;
            if !names.insert(&list.name) {
                return Err(Error::BadRequest(format!("the list {:?} stands there twice", list.name)));
            }
        }
        Ok(lists)
    }

    fn check(&self, config: &Config) -> Result<(), Error> {
        if self.name.is_empty() || self.name.len() > LONGEST_NAME {
            return Err(Error::Unusable(format!("a name has 1 to {LONGEST_NAME} bytes")));
        }
        check_items(config, &self.items)
    }
}

/// The items in a body.
///
/// # Errors
/// As [`NewList::read`], and 409 without any.
pub(crate) fn items(config: &Config, body: &[u8]) -> Result<Items, Error> {
    let items: Items = parse(body)?;
    if items.is_empty() {
        return Err(Error::Conflict("Nothing to append!"));
    }
    check_items(config, &items)?;
    Ok(items)
}

/// There are not too many, and each follows the rules of its type.
pub(crate) fn check_items(config: &Config, items: &Items) -> Result<(), Error> {
    if items.len() > config.max_items {
        return Err(Error::Conflict("Too many items in list"));
    }
    for (name, item) in items {
        check_item(item).map_err(|why| {
            Error::BadRequest(format!(
                "Problem trying to validate body. Is your body formatted correctly? The item {name:?} {why}"
            ))
        })?;
    }
    Ok(())
}

/// An item says its type. Those of types that are known here have what makes them of use; all others are
/// kept as they are.
fn check_item(item: &Value) -> Result<(), &'static str> {
    let text = |pointer: &str| item.pointer(pointer).is_some_and(Value::is_string);
    let kind = item.get("type").and_then(Value::as_str).ok_or("has no text `type`")?;
    match kind {
        "GA4GH_DRS" if !text("/dataset_guid") => Err("has no text `dataset_guid`"),
        "Gen3GraphQL" if !text("/name") => Err("has no text `name`"),
        "Gen3GraphQL" if !text("/schema_version") && !text("/schemaVersion") => {
            Err("has no text `schema_version`")
        }
        "Gen3GraphQL" if !text("/data/query") => Err("has no text `query` in `data`"),
        "Gen3GraphQL" if !item.pointer("/data/variables").is_some_and(Value::is_object) => {
            Err("has no mapping `variables` in `data`")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(items: &Value) -> Result<NewList, Error> {
        NewList::read(&Config::default(), json!({"name": "n", "items": items}).to_string().as_bytes())
    }

    #[test]
    fn items_follow_the_rules_of_their_type() {
        let query = json!({"type": "Gen3GraphQL", "name": "c", "schema_version": "1",
                           "data": {"query": "{a}", "variables": {}}});
        let file = json!({"type": "GA4GH_DRS", "dataset_guid": "d"});
        let other = json!({"type": "AdditionalData", "url": "https://a"});
        assert!(read(&json!({"a": query, "b": file, "c": other})).is_ok());
        for (item, told) in [
            (json!({}), "has no text `type`"),
            (json!(1), "has no text `type`"),
            (json!({"type": "GA4GH_DRS"}), "`dataset_guid`"),
            (
                json!({"type": "Gen3GraphQL", "name": "c", "schemaVersion": "1", "data": {"query": "{a}"}}),
                "`variables`",
            ),
            (json!({"type": "Gen3GraphQL", "name": "c"}), "`schema_version`"),
        ] {
            let error = read(&json!({"x": item})).unwrap_err().to_string();
            assert!(error.contains(told) && error.contains("\"x\""), "{error}");
        }
    }

    #[test]
    fn bodies_of_another_form_are_refused() {
        let config = Config { max_items: 1, ..Config::default() };
        let many = |body: &str| NewList::read_many(&config, body.as_bytes());
        let item = r#"{"type": "x"}"#;
        for (body, status) in [
            ("{", 400),
            ("{}", 422),
            (r#"{"lists": {}}"#, 422),
            (r#"{"lists": [{"name": "", "items": {}}]}"#, 422),
            (r#"{"lists": [{"name": "a", "items": {}, "id": 1}]}"#, 422),
            (r#"{"lists": [{"name": "a", "items": {}}, {"name": "a", "items": {}}]}"#, 400),
            (&format!(r#"{{"lists": [{{"name": "a", "items": {{"b": {item}, "c": {item}}}}}]}}"#), 409),
        ] {
            use actix_web::ResponseError as _;
            assert_eq!(many(body).unwrap_err().status_code().as_u16(), status, "{body}");
        }
        assert!(matches!(items(&config, b"{}"), Err(Error::Conflict("Nothing to append!"))));
    }
}
