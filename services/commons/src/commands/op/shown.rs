//! Runs as a person reads them.

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// A time without what nobody reads.
fn time(value: &Value, name: &str) -> String {
    text(value, name).chars().take(19).collect::<String>().replace('T', " ")
}

fn table(headers: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(headers);
    table
}

/// A list of runs.
pub(super) fn runs(told: &Value) -> String {
    let mut table = table(&["id", "kind", "state", "asked for", "by", "ended"]);
    for run in told["runs"].as_array().into_iter().flatten() {
        let by = [text(run, "requested_by"), text(run, "schedule")].concat();
        table.add_row([
            text(run, "id"),
            text(run, "kind"),
            text(run, "state"),
            &time(run, "created"),
            &by,
            &time(run, "finished"),
        ]);
    }
    table.trim_fmt()
}

/// What can be done.
pub(super) fn kinds(told: &Value) -> String {
    let mut table = table(&["kind", "what it does"]);
    for kind in told["kinds"].as_array().into_iter().flatten() {
        table.add_row([text(kind, "kind"), text(kind, "purpose")]);
    }
    table.trim_fmt()
}

/// One run.
pub(crate) fn run(run: &Value) -> String {
    let mut lines = vec![format!("{} {} {}", text(run, "id"), text(run, "kind"), text(run, "state"))];
    if let Some(progress) = run["progress"].as_object().filter(|_| text(run, "state") == "running") {
        lines.push(format!("  progress  {}", Value::Object(progress.clone())));
    }
    for (name, label) in [("params", "params"), ("result", "result")] {
        if run[name].as_object().is_some_and(|object| !object.is_empty()) {
            lines.push(format!("  {label:<9} {}", run[name]));
        }
    }
    if !text(run, "error").is_empty() {
        lines.push(format!("  error     {}", text(run, "error")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_run_is_told_with_what_it_has() {
        let told = json!({"id": "1", "kind": "etl", "state": "failed", "params": {}, "error": "no graph"});
        assert_eq!(run(&told), "1 etl failed\n  error     no graph");
        let list = json!({"runs": [{"id": "1", "kind": "etl", "state": "queued", "schedule": "nightly",
            "created": "2026-01-01T10:00:00.123Z"}]});
        let shown = runs(&list);
        assert!(shown.contains("2026-01-01 10:00:00") && shown.contains("nightly"), "{shown}");
    }
}
