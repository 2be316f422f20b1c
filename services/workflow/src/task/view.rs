//! What is shown of a task.

use serde::Serialize;
use serde_json::{Value, json};

use super::document::{Task, TaskLog};

/// How much of a task is shown (TES 1.1, `view`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Its id and state.
    Minimal,
    /// Everything but contents of inputs, what commands said, and what the service has to say.
    Basic,
    /// Everything.
    Full,
}

impl View {
    /// The view of this word. Without one it is [`View::Basic`], as gen3-workflow has it.
    pub fn of(word: Option<&str>) -> Option<Self> {
        match word {
            None | Some("" | "BASIC") => Some(Self::Basic),
            Some("MINIMAL") => Some(Self::Minimal),
            Some("FULL") => Some(Self::Full),
            Some(_) => None,
        }
    }
}

/// A task as `view` shows it.
pub fn shown(view: View, id: &str, state: &str, created: &str, task: &Task, logs: &[TaskLog]) -> Value {
    if view == View::Minimal {
        return json!({ "id": id, "state": state });
    }
    let mut shown = json!({ "id": id, "state": state });
    let mut add = |key: &str, value: Value| {
        if let Some(fields) = shown.as_object_mut() {
            fields.insert(key.to_owned(), value);
        }
    };
    if let Value::Object(fields) = value(task) {
        for (key, value) in fields {
            add(&key, value);
        }
    }
    add("logs", value(logs));
    add("creation_time", created.into());
    if view == View::Basic {
        for input in items(&mut shown["inputs"]) {
            input.remove("content");
        }
        for log in items(&mut shown["logs"]) {
            log.remove("system_logs");
            for command in log.get_mut("logs").into_iter().flat_map(items) {
                command.remove("stdout");
                command.remove("stderr");
            }
        }
    }
    shown
}

fn value(of: &(impl Serialize + ?Sized)) -> Value {
    serde_json::to_value(of).unwrap_or_default()
}

fn items(list: &mut Value) -> impl Iterator<Item = &mut serde_json::Map<String, Value>> {
    list.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::task::{ExecutorLog, TaskInput};

    #[test]
    fn each_view_shows_what_the_standard_says() {
        let task = Task {
            name: Some("n".into()),
            inputs: vec![TaskInput {
                path: "/a/b".into(),
                content: Some("secret".into()),
                ..TaskInput::default()
            }],
            ..Task::default()
        };
        let log = TaskLog {
            logs: vec![ExecutorLog {
                stdout: Some("said".into()),
                stderr: Some("complained".into()),
                exit_code: Some(0),
                ..ExecutorLog::default()
            }],
            system_logs: vec!["told".into()],
            ..TaskLog::default()
        };
        let shown = |view| shown(view, "1", "COMPLETE", "2026", &task, std::slice::from_ref(&log));
        assert_eq!(shown(View::Minimal), json!({ "id": "1", "state": "COMPLETE" }));
        let basic = shown(View::Basic);
        assert_eq!(basic["logs"][0]["logs"][0], json!({ "exit_code": 0 }));
        for word in ["secret", "said", "complained", "told", "content", "system_logs"] {
            assert!(!basic.to_string().contains(word), "{word}");
            assert!(shown(View::Full).to_string().contains(word), "{word}");
        }
        assert_eq!((basic["name"].as_str(), basic["creation_time"].as_str()), (Some("n"), Some("2026")));
        assert_eq!((View::of(None), View::of(Some("minimal"))), (Some(View::Basic), None));
    }
}
