//! The archive as a person reads it.

use comfy_table::{Table, presets::NOTHING};
use serde_json::Value;

use crate::commands::backup::amount;

fn number(value: &Value, name: &str) -> u64 {
    value[name].as_u64().unwrap_or_default()
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

/// Tiers, and what they have.
pub(super) fn status(told: &Value) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["tier", "class", "state", "files", "size", "damaged"]);
    for tier in told["tiers"].as_array().into_iter().flatten() {
        let copies = told["copies"].as_array().into_iter().flatten();
        let copies: Vec<&Value> = copies.filter(|copy| copy["tier"] == tier["name"]).collect();
        if copies.is_empty() {
            table.add_row([text(tier, "name"), text(tier, "storage_class"), "empty", "0", "", ""]);
        }
        for copy in copies {
            table.add_row([
                text(tier, "name").to_owned(),
                text(tier, "storage_class").to_owned(),
                text(copy, "state").to_owned(),
                number(copy, "files").to_string(),
                amount(number(copy, "bytes")),
                number(copy, "damaged").to_string(),
            ]);
        }
    }
    table.trim_fmt()
}

/// What a run would do.
pub(super) fn plan(told: &Value) -> String {
    let (files, archived) = (number(told, "files"), number(told, "archived"));
    let mut lines = vec![
        format!("{files} files with {} are selected", amount(number(told, "bytes"))),
        format!("{archived} of them are in the archive"),
    ];
    if let Some(tier) = told["tier"].as_str() {
        lines.push(format!("{} would be written into the tier {tier}", amount(number(told, "to_write"))));
    }
    if let Some(free) = told["free"].as_u64() {
        lines.push(format!("it has room for {}", amount(free)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tiers_and_plans_are_told() {
        let told = json!({
            "tiers": [
                {"name": "cold", "storage_class": "GLACIER"},
                {"name": "tape", "storage_class": "folder"},
            ],
            "copies": [{"tier": "cold", "state": "deleted", "files": 2, "bytes": 2048, "damaged": 0}],
        });
        let shown = status(&told);
        assert!(shown.contains("GLACIER") && shown.contains("deleted") && shown.contains("empty"), "{shown}");
        let told =
            json!({"files": 3, "bytes": 10, "archived": 1, "to_write": 5, "tier": "cold", "free": 100});
        assert_eq!(plan(&told).lines().count(), 4);
    }
}
