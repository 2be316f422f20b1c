//! The words of argo-wrapper (April 2025). Pure.
//!
//! A workflow is a run; its name is that of the kind and the id of the run, which is also its `uid`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;
use workqueue::{Run, State};

use crate::problem::Problem;

/// The member of a body that says what is done; others are its parameters.
const WHAT: &str = "workflow_name";
/// Letters of an id.
const ID: usize = 36;

/// What a body asks for: the kind and its parameters.
///
/// # Errors
/// 400 for a body that names nothing.
pub(crate) fn asked(mut body: Map<String, Value>) -> Result<(String, Map<String, Value>), Problem> {
    match body.remove(WHAT) {
        Some(Value::String(kind)) => Ok((kind, body)),
        _ => Err(Problem::Invalid(format!("{WHAT}: it is the name of a kind of operation"))),
    }
}

/// The name of a run.
pub(crate) fn name(run: &Run) -> String {
    format!("{}-{}", run.kind, run.id)
}

/// The run of this name.
///
/// # Errors
/// 404 for a name that no run has.
pub(crate) fn id(name: &str) -> Result<Uuid, Problem> {
    let start = name.len().checked_sub(ID).filter(|start| *start > 1);
    let parts = start.and_then(|start| Some((name.get(..start)?, name.get(start..)?)));
    let id = parts.filter(|(kind, _)| kind.ends_with('-')).and_then(|(_, id)| Uuid::try_parse(id).ok());
    id.ok_or(Problem::NotFound("there is no such workflow"))
}

/// A workflow in a list.
pub(crate) fn listed(run: &Run) -> Value {
    json!({
        "name": name(run),
        "uid": run.id,
        "wf_name": run.kind,
        "phase": phase(run.state),
        "submittedAt": time(Some(run.created)),
        "startedAt": time(run.started),
        "finishedAt": time(run.finished),
    })
}

/// All that is told of a workflow.
pub(crate) fn told(run: &Run) -> Value {
    let parameters = run.params.as_object().into_iter().flatten();
    let arguments: Vec<Value> = parameters.map(|(name, value)| parameter(name, value)).collect();
    let outputs: Vec<Value> = run.result.iter().map(|result| parameter("result", result)).collect();
    let mut told = listed(run);
    told["arguments"] = json!({ "parameters": arguments });
    told["outputs"] = json!({ "parameters": outputs });
    told["progress"] = json!(progress(run));
    told["gen3username"] = json!(run.requested_by);
    // Runs belong to no team.
    told["gen3teamproject"] = json!("");
    told
}

/// The steps that have failed: a run has one.
pub(crate) fn failures(run: &Run) -> Value {
    let Some(error) = run.error.as_ref().filter(|_| run.state == State::Failed) else { return json!([]) };
    json!([{
        "name": name(run),
        "step_name": run.kind,
        "step_template": run.kind,
        "error_message": error,
        "error_interpreted": error,
    }])
}

/// Argo's parameters are texts.
fn parameter(name: &str, value: &Value) -> Value {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    json!({ "name": name, "value": text })
}

/// Clients wait while a workflow is `running`, so one that has not begun is that too.
fn phase(state: State) -> &'static str {
    match state {
        State::Queued | State::Running => "running",
        State::Succeeded => "succeeded",
        State::Failed => "failed",
        State::Canceled => "canceled",
    }
}

/// Argo counts steps that are done, of those that there are: where a run does not count, it is one step.
fn progress(run: &Run) -> String {
    if run.state == State::Succeeded {
        return "1/1".to_owned();
    }
    let count = |name: &str| run.progress.as_ref().and_then(|progress| progress.get(name)?.as_u64());
    match (count("done"), count("total")) {
        (Some(done), Some(total)) => format!("{done}/{total}"),
        _ => "0/1".to_owned(),
    }
}

fn time(at: Option<DateTime<Utc>>) -> Option<String> {
    at.map(|at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(more: Value) -> Run {
        let mut run = json!({
            "id": "00000000-0000-4000-8000-000000000001", "kind": "index-gc", "params": {"apply": true},
            "requested_by": "ada", "schedule": null, "state": "running", "progress": null, "result": null,
            "error": null, "attempt": 1, "attempts": 3, "created": "2026-01-02T03:04:05.6Z",
            "due": "2026-01-02T03:04:05Z", "started": "2026-01-02T03:04:06Z", "finished": null,
            "retry_of": null,
        });
        for (name, value) in more.as_object().unwrap() {
            run[name] = value.clone();
        }
        serde_json::from_value(run).unwrap()
    }

    #[test]
    fn a_run_is_told_as_a_workflow() {
        let running = run(json!({"progress": {"done": 3, "total": 9, "what": "w"}}));
        let name = "index-gc-00000000-0000-4000-8000-000000000001";
        assert_eq!(
            told(&running),
            json!({
                "name": name, "uid": running.id, "wf_name": "index-gc", "phase": "running",
                "submittedAt": "2026-01-02T03:04:05Z", "startedAt": "2026-01-02T03:04:06Z",
                "finishedAt": null, "arguments": {"parameters": [{"name": "apply", "value": "true"}]},
                "outputs": {"parameters": []}, "progress": "3/9", "gen3username": "ada",
                "gen3teamproject": "",
            })
        );
        assert_eq!(id(name).unwrap(), running.id);
        assert_eq!(failures(&running), json!([]));
        let done = run(json!({"state": "succeeded", "result": {"n": 1}}));
        let outputs = json!({"parameters": [{"name": "result", "value": "{\"n\":1}"}]});
        assert_eq!((&told(&done)["outputs"], &told(&done)["progress"]), (&outputs, &json!("1/1")));
        let failed = run(json!({"state": "failed", "error": "no room"}));
        assert_eq!(told(&failed)["progress"], "0/1");
        assert_eq!(failures(&failed)[0]["error_interpreted"], "no room");
    }

    #[test]
    fn a_name_that_no_run_has_is_none() {
        let uuid = "00000000-0000-4000-8000-000000000001";
        for wrong in ["", "etl", uuid, "gwas-workflow-123", &format!("-{uuid}"), &format!("é{uuid}")] {
            assert!(id(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_body_says_what_and_with_what() {
        let of = |body: Value| asked(body.as_object().cloned().unwrap());
        let (kind, params) = of(json!({"workflow_name": "etl", "force": true})).unwrap();
        assert_eq!((kind.as_str(), Value::Object(params)), ("etl", json!({"force": true})));
        assert!(of(json!({"team_project": "/x"})).is_err());
        assert!(of(json!({"workflow_name": 1})).is_err());
    }
}
