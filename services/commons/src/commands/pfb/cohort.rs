//! A cohort: some records of one type, all below them, and what these are below of.

use std::{collections::HashSet, fs, path::Path};

use anyhow::Context as _;
use dictionary::{Dictionary, NodeType};
use serde_json::Value;

use super::{order, source::Reading, told::Told};
use crate::failure::Failure;

/// Largest list of names.
const MOST_BYTES: u64 = 256 << 20;
/// Names of columns and members that have a name of a record.
const COLUMNS: [&str; 6] = ["id", "node_id", "guid", "object_id", "submitter_id", "did"];
/// Names that were not found, of which a message tells.
const TOLD: usize = 10;

/// The names of a list: JSON, a table whose first column has them, or one name a line.
///
/// # Errors
/// When it cannot be read, or has none.
pub(super) fn names(file: &Path) -> anyhow::Result<HashSet<String>> {
    let shown = file.display();
    let size = fs::metadata(file).with_context(|| format!("{shown} cannot be read"))?.len();
    if size > MOST_BYTES {
        return Err(Failure::NotInOrder(format!("{shown} has more than {MOST_BYTES} bytes")).into());
    }
    let text = fs::read_to_string(file).with_context(|| format!("{shown} cannot be read"))?;
    let names = if text.trim_start().starts_with(['[', '{']) {
        let json: Value = serde_json::from_str(&text)
            .map_err(|error| Failure::NotInOrder(format!("{shown} is no JSON: {error}")))?;
        of_json(&json)
    } else {
        of_lines(&text)
    };
    if names.is_empty() {
        return Err(Failure::NotInOrder(format!("{shown} names no record")).into());
    }
    Ok(names)
}

fn of_lines(text: &str) -> HashSet<String> {
    let first_cell =
        |line: &str| line.split(['\t', ',']).next().unwrap_or_default().trim().trim_matches('"').to_owned();
    let cells = text.lines().map(first_cell).enumerate();
    let is_header = |number: usize, cell: &str| number == 0 && COLUMNS.contains(&cell);
    cells
        .filter(|(number, cell)| !cell.is_empty() && !is_header(*number, cell))
        .map(|(_, cell)| cell)
        .collect()
}

fn of_json(json: &Value) -> HashSet<String> {
    let items = match json {
        Value::Array(items) => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let name = |item: &Value| match item {
        Value::String(name) => Some(name.clone()),
        item => COLUMNS.iter().find_map(|column| item.get(column)?.as_str().map(str::to_owned)),
    };
    items.iter().filter_map(name).collect()
}

/// The ids of all records that belong to a cohort.
pub(super) struct Cohort(HashSet<String>);

impl Cohort {
    pub(super) fn has(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// Looks for the records that are named (by id, GUID or submitter_id), for what links to them, directly
    /// or through others, and for all that these link to, up to project and program.
    ///
    /// # Errors
    /// When no record is found, or they cannot be read.
    pub(super) async fn find(
        reading: &mut Reading,
        dictionary: &Dictionary,
        root: &NodeType,
        names: HashSet<String>,
        told: &dyn Told,
    ) -> anyhow::Result<Self> {
        let order = order::parents_first(dictionary);
        let mut ids = roots(reading, root, names, told).await?;
        for node in order.iter().filter(|node| order::is_in_projects(node)) {
            let repeats = is_its_own_parent(node);
            loop {
                let before = ids.len();
                reading
                    .each(node, &mut |record| {
                        if record.targets.iter().flatten().any(|target| ids.contains(target)) {
                            ids.insert(record.id);
                        }
                        Ok(())
                    })
                    .await?;
                if !repeats || ids.len() == before {
                    break;
                }
            }
        }
        for node in order.iter().rev() {
            loop {
                let before = ids.len();
                reading
                    .each(node, &mut |record| {
                        if ids.contains(&record.id) {
                            ids.extend(record.targets.into_iter().flatten());
                        }
                        Ok(())
                    })
                    .await?;
                if !is_its_own_parent(node) || ids.len() == before {
                    break;
                }
            }
        }
        Ok(Self(ids))
    }
}

fn is_its_own_parent(node: &NodeType) -> bool {
    node.all_links().iter().any(|link| link.target_type == node.id)
}

async fn roots(
    reading: &mut Reading,
    root: &NodeType,
    names: HashSet<String>,
    told: &dyn Told,
) -> anyhow::Result<HashSet<String>> {
    let (mut ids, mut missing) = (HashSet::new(), names.clone());
    reading
        .each(root, &mut |record| {
            let named =
                ["submitter_id", "object_id"].map(|key| record.properties.get(key).and_then(Value::as_str));
            let own = std::iter::once(record.id.as_str()).chain(named.into_iter().flatten());
            let found: Vec<&str> = own.filter(|name| names.contains(*name)).collect();
            if !found.is_empty() {
                for name in found {
                    missing.remove(name);
                }
                ids.insert(record.id.clone());
            }
            Ok(())
        })
        .await?;
    let mut some: Vec<&str> = missing.iter().map(String::as_str).collect();
    some.sort_unstable();
    let first = some.iter().take(TOLD).copied().collect::<Vec<_>>().join(", ");
    if ids.is_empty() {
        let why = format!("no {} of these projects is named in the cohort; not found: {first}", root.id);
        return Err(Failure::NotInOrder(why).into());
    }
    if !some.is_empty() {
        told.warn(&format!("{} names of the cohort are of no {}: {first}", some.len(), root.id));
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_names_are_read_in_each_form() {
        let expected: HashSet<String> = ["a", "b"].map(str::to_owned).into();
        assert_eq!(of_lines("a\nb\n"), expected);
        assert_eq!(of_lines("submitter_id\tx\na\t1\r\nb\t2\n\n"), expected);
        assert_eq!(of_json(&serde_json::json!(["a", "b"])), expected);
        assert_eq!(of_json(&serde_json::json!([{ "object_id": "a" }, { "guid": "b", "x": 1 }, 5])), expected);
    }
}
