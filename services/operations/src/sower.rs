//! The words of sower (3.x). Pure.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use workqueue::{Run, State};

use crate::problem::Problem;

/// Where a job's parameters have the action by which it was asked for.
const ACTION: &str = "action";
const FORMAT: &str = "access_format";
/// Letters of a job's id in its name.
const LETTERS: usize = 5;

/// A job that is asked for. The original ignores other members.
#[derive(Debug, Deserialize)]
pub(crate) struct Order {
    pub(crate) action: String,
    #[serde(default)]
    pub(crate) input: Option<Value>,
    #[serde(default)]
    access_format: Option<String>,
}

impl Order {
    /// The parameters of the run: the input, and how the result is wanted.
    ///
    /// # Errors
    /// 400 for an input that is no object.
    pub(crate) fn params(self) -> Result<Map<String, Value>, Problem> {
        let mut params = match self.input {
            Some(Value::Object(input)) => input,
            None | Some(Value::Null) => Map::new(),
            Some(_) => return Err(Problem::Invalid("input: it is a JSON object".to_owned())),
        };
        let format = self.access_format.filter(|format| !format.is_empty());
        params.insert(FORMAT.to_owned(), json!(format.as_deref().unwrap_or("presigned_url")));
        params.insert(ACTION.to_owned(), json!(self.action));
        Ok(params)
    }
}

/// A job as it is told.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Job {
    uid: String,
    name: String,
    status: &'static str,
}

impl Job {
    pub(crate) fn of(run: &Run) -> Self {
        let uid = run.id.to_string();
        let action = run.params.get(ACTION).and_then(Value::as_str).unwrap_or(&run.kind);
        Self { name: format!("{action}-{}", &uid[..LETTERS]), status: status(run.state), uid }
    }
}

/// Clients wait while a job is `Running`, so one that has not begun is that too.
fn status(state: State) -> &'static str {
    match state {
        State::Queued | State::Running => "Running",
        State::Succeeded => "Completed",
        State::Failed | State::Canceled => "Failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_becomes_parameters() {
        let params = |text: &str| serde_json::from_str::<Order>(text).unwrap().params();
        assert_eq!(
            Value::Object(params(r#"{"action": "export", "input": {"filter": {}}, "x": 1}"#).unwrap()),
            json!({"filter": {}, "access_format": "presigned_url", "action": "export"})
        );
        assert_eq!(params(r#"{"action": "a", "access_format": "guid"}"#).unwrap()["access_format"], "guid");
        assert!(params(r#"{"action": "a", "input": []}"#).is_err());
    }
}
