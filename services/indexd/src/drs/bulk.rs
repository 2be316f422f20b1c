//! Answers to bulk requests.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use crate::{config::DrsForm, guid::Guid};

/// The answer to a bulk request.
#[derive(Debug)]
pub(crate) struct Bulk<T> {
    resolved: Vec<T>,
    summary: Summary,
    unresolved: Vec<Unresolved>,
}

#[derive(Debug, Serialize)]
struct Summary {
    requested: usize,
    resolved: usize,
    unresolved: usize,
}

#[derive(Debug, Serialize)]
struct Unresolved {
    error_code: u16,
    object_ids: Vec<Guid>,
}

impl<T: Serialize> Bulk<T> {
    /// `resolved` are the objects found for some of `requested`, by id. An id that is asked for twice is
    /// found once and counts as unresolved the second time, as in the original.
    pub(crate) fn new(requested: &[Guid], resolved: BTreeMap<Guid, T>) -> Self {
        let mut missing: Vec<Guid> =
            requested.iter().filter(|id| !resolved.contains_key(*id)).cloned().collect();
        missing.sort_unstable();
        Self {
            summary: Summary {
                requested: requested.len(),
                resolved: resolved.len(),
                unresolved: requested.len() - resolved.len(),
            },
            resolved: resolved.into_values().collect(),
            unresolved: if missing.is_empty() {
                Vec::new()
            } else {
                vec![Unresolved { error_code: 404, object_ids: missing }]
            },
        }
    }

    /// Its document. The standard names what was found in the singular, the original in the plural.
    pub(crate) fn document(&self, form: DrsForm) -> Value {
        let resolved = match form {
            DrsForm::Gen3 => "resolved_drs_objects",
            DrsForm::Strict => "resolved_drs_object",
        };
        json!({
            (resolved): self.resolved,
            "summary": self.summary,
            "unresolved_drs_objects": self.unresolved,
        })
    }
}
