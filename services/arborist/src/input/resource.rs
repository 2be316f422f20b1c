//! Resources to be made.

use serde_json::Value;

use super::fields::{self, ANY_OBJECT, Fields, Shape};
use crate::{Error, model::NewResource, path::ResourcePath};

const RESOURCE: Shape = Shape { what: "resource", place: "ResourceIn", whole: ANY_OBJECT };

/// The original says no more of a body that is not one.
fn not_one() -> Error {
    let text = "could not parse arborist.ResourceIn from JSON; make sure input has correct types";
    Error::BadRequest(text.into())
}

impl NewResource {
    /// Reads a body for the resource `parent` of the URL (empty for the root). A path in the body wins over
    /// the URL's; doubled slashes are merged.
    pub(crate) fn read(body: &[u8], parent: &str) -> Result<Self, Error> {
        let value = fields::parse("", body).map_err(|_| not_one())?;
        Self::from_value(&value, parent)
    }

    fn from_value(value: &Value, parent: &str) -> Result<Self, Error> {
        let known = ["name", "path", "tag", "description", "subresources"];
        let fields = Fields::strict(RESOURCE, value, &[], &known).map_err(|_| not_one())?;
        let is_misread = |key: &&str| fields.get(key).is_some_and(|value| !value.is_string());
        if known[..4].iter().any(is_misread) || !(fields.has("name") || fields.has("path")) {
            return Err(not_one());
        }
        fields.name("tag")?;
        let name = fields.name("name")?.unwrap_or_default();
        let path = match fields.name("path")?.filter(|path| !path.is_empty()) {
            Some(path) => path,
            None if name.is_empty() => {
                return Err(Error::BadRequest(
                    "a resource needs a `name` or a `path` that is not empty".into(),
                ));
            }
            None => format!("{parent}/{name}"),
        };
        let path = web::collapse_slashes(&path);
        let parsed = ResourcePath::parse(&path)
            .map_err(|error| Error::BadRequest(format!("cannot use the resource path `{path}`: {error}")))?;
        let children = fields.list("subresources", "[]arborist.ResourceIn").map_err(|_| not_one())?;
        let children = children.unwrap_or_default();
        let children =
            children.iter().map(|child| Self::from_value(child, &path)).collect::<Result<_, _>>()?;
        Ok(Self { path: parsed, description: fields.description("description")?, children })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_path_in_the_body_wins_over_the_url_and_children_hang_below_it() {
        let body =
            json!({"path": "//u9///x", "subresources": [{"name": "a"}, {"path": "/else"}]}).to_string();
        let read = NewResource::read(body.as_bytes(), "/u8").unwrap();
        let children: Vec<String> = read.children.iter().map(|child| child.path.decoded()).collect();
        assert_eq!(
            (read.path.decoded().as_str(), children),
            ("/u9/x", vec!["/u9/x/a".into(), "/else".into()])
        );
    }
}
