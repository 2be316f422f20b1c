//! What is wrong with a user.yaml, told to people and as JSON.

use serde_json::{Value, json};
use useryaml::{Problem, UserYaml};

use crate::failure::Failure;

/// At most this many problems are told; whoever mends them sees the next ones.
const TOLD: usize = 100;

/// Reads and checks a file.
///
/// # Errors
/// The first problems, one a line, and how many there are.
pub(crate) fn parse(text: &str) -> anyhow::Result<UserYaml> {
    UserYaml::parse(text).map_err(|problems| Failure::NotInOrder(told(&problems)).into())
}

/// The first problems, one a line, and how many more there are.
pub(crate) fn told(problems: &[Problem]) -> String {
    let mut lines: Vec<String> = problems.iter().take(TOLD).map(ToString::to_string).collect();
    if let Some(more @ 1..) = problems.len().checked_sub(TOLD) {
        lines.push(format!("and {more} more; mend these first"));
    }
    lines.join("\n")
}

/// The first problems, each with its place.
pub(crate) fn as_json(problems: &[Problem]) -> Value {
    let one = |problem: &Problem| {
        json!({
            "line": problem.position.map(|position| position.line),
            "column": problem.position.map(|position| position.column),
            "path": problem.path, "message": problem.message, "remedy": problem.remedy,
        })
    };
    Value::Array(problems.iter().take(TOLD).map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ten_thousand_problems_a_hundred_are_told_with_their_lines() {
        let users: String =
            (0..10_000).map(|number| format!("  u{number}: {{policies: [nope]}}\n")).collect();
        let problems = UserYaml::parse(&format!("users:\n{users}")).unwrap_err();
        assert_eq!(problems.len(), 10_000);
        let lines = told(&problems);
        let lines: Vec<&str> = lines.lines().collect();
        assert_eq!(lines.len(), 101);
        assert!(lines[99].starts_with("line 101, column "), "{}", lines[99]);
        assert_eq!(lines[100], "and 9900 more; mend these first");
        assert_eq!(as_json(&problems).as_array().unwrap().len(), 100);
        assert_eq!(as_json(&problems)[0]["line"], 2);
    }
}
