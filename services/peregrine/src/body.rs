//! The body of a GraphQL request.

use documents::strict::{self, Nul, Strict};
use python::type_name;
use serde_json::{Map, Value};

use crate::error::Error;

/// A query with its variables.
#[derive(Debug, PartialEq)]
pub(crate) struct GraphqlRequest {
    pub(crate) query: String,
    pub(crate) variables: Map<String, Value>,
}

impl GraphqlRequest {
    /// Reads `{"query": text, "variables": object or its JSON text or null}`; other keys say nothing.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, Error> {
        let unparsable = |error: String| Error::BadRequest(format!("Unable to parse json: {error}"));
        let text = std::str::from_utf8(body).map_err(|error| unparsable(error.to_string()))?;
        let mut body = match strict(text).map_err(unparsable)? {
            Value::Object(body) => body,
            // The original fails on a list, and programs that send one know this answer.
            Value::Array(_) => return Err(Error::ListBody),
            other => {
                let ty = type_name(&other);
                return Err(Error::BadRequest(format!("JSON parsed from request is an invalid type: {ty}")));
            }
        };
        let Some(Value::String(query)) = body.remove("query") else {
            return Err(Error::Query("The query must be a string".to_owned()));
        };
        let variables = variables(body.remove("variables").unwrap_or_default())?;
        Ok(Self { query, variables })
    }
}

fn variables(sent: Value) -> Result<Map<String, Value>, Error> {
    let refuse = |reason: String| Error::Queries(vec!["Unable to parse variables".to_owned(), reason]);
    match sent {
        Value::Null => Ok(Map::new()),
        Value::Object(variables) => Ok(variables),
        Value::String(text) if text.trim().is_empty() => Ok(Map::new()),
        Value::String(text) => match strict(&text).map_err(refuse)? {
            Value::Object(variables) => Ok(variables),
            Value::Null => Ok(Map::new()),
            other => Err(refuse(format!("variables are not an object but {}", type_name(&other)))),
        },
        other => {
            let ty = type_name(&other);
            Err(refuse(format!("the JSON object must be str, bytes or bytearray, not {ty}")))
        }
    }
}

/// Reads JSON in which no object has a key twice.
fn strict(text: &str) -> Result<Value, String> {
    Strict { nul: Nul::Read }.read(text).map_err(|error| strict::message(&error))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &str) -> String {
        GraphqlRequest::parse(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn variables_come_as_an_object_as_text_or_not_at_all() {
        let read = |body: Value| GraphqlRequest::parse(body.to_string().as_bytes()).unwrap().variables;
        assert_eq!(Value::Object(read(json!({"query": "{a}", "variables": {"x": 1}}))), json!({"x": 1}));
        assert_eq!(Value::Object(read(json!({"query": "{a}", "variables": "{\"x\": 1}"}))), json!({"x": 1}));
        for variables in [json!(null), json!(""), json!("null")] {
            assert!(read(json!({"query": "{a}", "variables": variables, "operationName": "Q"})).is_empty());
        }
    }

    #[test]
    fn malformed_bodies_are_refused_in_the_originals_words() {
        assert_eq!(refused("\"x\""), "JSON parsed from request is an invalid type: str");
        assert_eq!(refused("5"), "JSON parsed from request is an invalid type: int");
        assert_eq!(refused("[]"), "internal server error");
        assert_eq!(refused("{\"query\": null}"), "The query must be a string");
        assert_eq!(refused("{}"), "The query must be a string");
        assert_eq!(
            refused("{\"query\": \"a\", \"query\": \"b\"}"),
            "Unable to parse json: The document contains duplicate keys: query"
        );
        assert_eq!(
            refused("{\"query\": \"a\", \"variables\": 5}"),
            "Unable to parse variables; the JSON object must be str, bytes or bytearray, not int"
        );
        assert!(refused("{").starts_with("Unable to parse json: "));
        assert!(refused(&"[".repeat(100_000)).starts_with("Unable to parse json: "));
    }
}
