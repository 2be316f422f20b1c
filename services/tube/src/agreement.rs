//! Whether guppy's and the portal's configurations name what a mapping makes. Pure.

use serde_json::Value;

use crate::{
    Etl,
    aliases::shared_config,
    likeness::meant,
    outline::{Field, FieldKind, Outline},
    problem::{Problem, Severity},
};

/// Problems of guppy's configuration file.
pub fn guppy(config: &Value, etl: &Etl) -> Vec<Problem> {
    let mut found = Found { etl, problems: Vec::new() };
    let Some(indices) = config.get("indices").and_then(Value::as_array) else {
        found.error("indices", "there is no list of indices", "write one entry for each mapping");
        return found.problems;
    };
    for (number, entry) in indices.iter().enumerate() {
        found.index(&format!("indices[{number}]"), entry);
    }
    for outline in etl.outlines() {
        if !indices.iter().any(|entry| entry["index"] == outline.name.as_str()) {
            let message = format!("the index {} of the mapping is not among them", outline.name);
            found.warning("indices", message, "add it, or nobody can ask for it".to_owned());
        }
    }
    found.config_index(config);
    if let Some(field) = config.get("auth_filter_field").and_then(Value::as_str) {
        for outline in etl.outlines() {
            found.field("auth_filter_field", field, outline);
        }
    }
    found.problems
}

/// Problems of the portal's configuration file: gitops.json, or explorer.json of the newer one.
pub fn portal(config: &Value, etl: &Etl) -> Vec<Problem> {
    let mut found = Found { etl, problems: Vec::new() };
    let tabs = config.get("explorerConfig").and_then(Value::as_array).into_iter().flatten();
    for (number, tab) in tabs.enumerate() {
        found.tab(&format!("explorerConfig[{number}]"), tab, &tab["guppyConfig"]);
    }
    for (key, guppy) in [("dataExplorerConfig", "guppyConfig"), ("fileExplorerConfig", "guppyConfig")] {
        if let Some(tab) = config.get(key) {
            found.tab(key, tab, &tab[guppy]);
        }
    }
    found.problems
}

struct Found<'e> {
    etl: &'e Etl,
    problems: Vec<Problem>,
}

impl Found<'_> {
    fn add(&mut self, severity: Severity, place: &str, message: &str, remedy: String) {
        let message = format!("{place}: {message}");
        self.problems.push(Problem { severity, line: 0, column: 0, message, remedy });
    }

    fn error(&mut self, place: &str, message: &str, remedy: impl Into<String>) {
        self.add(Severity::Error, place, message, remedy.into());
    }

    fn warning(&mut self, place: &str, message: impl AsRef<str>, remedy: String) {
        self.add(Severity::Warning, place, message.as_ref(), remedy);
    }

    fn index(&mut self, place: &str, entry: &Value) {
        let (name, kind) = (entry["index"].as_str().unwrap_or(""), entry["type"].as_str().unwrap_or(""));
        let Some(outline) = self.etl.outlines().find(|outline| outline.name == name) else {
            let remedy = meant(name, self.etl.outlines().map(|outline| outline.name.as_str()));
            self.error(&format!("{place}.index"), &format!("no mapping has the name `{name}`"), remedy);
            return;
        };
        if outline.doc_type != kind {
            let message = format!(
                "the type of {name} is `{kind}`, and its doc_type in the mapping `{}`",
                outline.doc_type
            );
            self.error(&format!("{place}.type"), &message, format!("write `{}`", outline.doc_type));
        }
    }

    /// Each index must be found through the one alias that guppy looks at.
    fn config_index(&mut self, config: &Value) {
        let Some(name) = config.get("config_index").and_then(Value::as_str) else {
            let remedy =
                self.etl.outlines().next().map(|outline| shared_config(&outline.name)).unwrap_or_default();
            let message = "without it guppy takes fields with lists for single values";
            self.warning("config_index", message, format!("write `{remedy}`"));
            return;
        };
        for outline in self.etl.outlines() {
            let (shared, own) = (shared_config(&outline.name), format!("{}-array-config", outline.name));
            if name != shared && name != own {
                let message = format!(
                    "`{name}` does not say which fields of {} are lists; `{shared}` does",
                    outline.name
                );
                let remedy = "let the names of all mappings begin alike up to the first `_`".to_owned();
                self.error("config_index", &message, remedy);
            }
        }
    }

    fn tab(&mut self, place: &str, tab: &Value, guppy: &Value) {
        let Some(kind) = guppy.get("dataType").and_then(Value::as_str) else {
            self.error(
                &format!("{place}.guppyConfig.dataType"),
                "it is absent",
                "name the doc_type of a mapping",
            );
            return;
        };
        let place_of_type = format!("{place}.guppyConfig.dataType");
        let Some(outline) = self.outline(&place_of_type, kind) else { return };
        for (place, field) in fields_of_tab(place, tab) {
            self.field(&place, &field, &outline);
        }
        let guppy_place = format!("{place}.guppyConfig");
        for (key, list) in [
            ("accessibleFieldCheckList", true),
            ("accessibleValidationField", false),
            ("fileCountField", false),
        ] {
            let values = if list {
                guppy[key].as_array().cloned().unwrap_or_default()
            } else {
                vec![guppy[key].clone()]
            };
            for field in values.iter().filter_map(Value::as_str).filter(|field| !field.is_empty()) {
                self.field(&format!("{guppy_place}.{key}"), field, &outline);
            }
        }
        for (number, pair) in guppy["fieldMapping"].as_array().into_iter().flatten().enumerate() {
            if let Some(field) = pair["field"].as_str() {
                self.field(&format!("{guppy_place}.fieldMapping[{number}].field"), field, &outline);
            }
        }
        self.manifest(&format!("{guppy_place}.manifestMapping"), &guppy["manifestMapping"], &outline);
    }

    /// Fields by which files of another index are found.
    fn manifest(&mut self, place: &str, manifest: &Value, own: &Outline) {
        let Some(kind) = manifest.get("resourceIndexType").and_then(Value::as_str) else { return };
        let Some(other) = self.outline(&format!("{place}.resourceIndexType"), kind) else { return };
        for (key, outline) in [
            ("resourceIdField", &other),
            ("referenceIdFieldInResourceIndex", &other),
            ("referenceIdFieldInDataIndex", own),
        ] {
            if let Some(field) = manifest[key].as_str() {
                self.field(&format!("{place}.{key}"), field, outline);
            }
        }
    }

    fn outline(&mut self, place: &str, kind: &str) -> Option<Outline> {
        let found = self.etl.outlines().find(|outline| outline.doc_type == kind).cloned();
        if found.is_none() {
            let remedy = meant(kind, self.etl.outlines().map(|outline| outline.doc_type.as_str()));
            self.error(place, &format!("no mapping has the doc_type `{kind}`"), remedy);
        }
        found
    }

    fn field(&mut self, place: &str, path: &str, outline: &Outline) {
        if !has(&outline.fields, path) {
            let known = paths("", &outline.fields);
            let remedy = meant(path, known.iter().map(String::as_str));
            self.error(place, &format!("{} has no field `{path}`", outline.name), remedy);
        }
    }
}

/// The fields that a tab of the explorer shows, with their places.
fn fields_of_tab(place: &str, tab: &Value) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut list = |place: String, fields: &Value| {
        for (number, field) in fields.as_array().into_iter().flatten().enumerate() {
            if let Some(field) = field.as_str() {
                all.push((format!("{place}[{number}]"), field.to_owned()));
            }
        }
    };
    for (number, filters) in tab["filters"]["tabs"].as_array().into_iter().flatten().enumerate() {
        for key in ["fields", "searchFields", "asTextAggFields"] {
            list(format!("{place}.filters.tabs[{number}].{key}"), &filters[key]);
        }
    }
    for key in ["fields", "linkFields"] {
        list(format!("{place}.table.{key}"), &tab["table"][key]);
    }
    let charts = tab["charts"].as_object().into_iter().flatten();
    all.extend(charts.map(|(field, _)| (format!("{place}.charts"), field.clone())));
    all
}

fn has(fields: &[Field], path: &str) -> bool {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    fields.iter().any(|field| match (&field.kind, rest) {
        (_, None) => field.name == path,
        (FieldKind::Objects(inner), Some(rest)) => field.name == first && has(inner, rest),
        (FieldKind::Values(_) | FieldKind::Untold(_), Some(_)) => false,
    })
}

fn paths(before: &str, fields: &[Field]) -> Vec<String> {
    let mut all = Vec::new();
    for field in fields {
        let path = format!("{before}{}", field.name);
        if let FieldKind::Objects(inner) = &field.kind {
            all.extend(paths(&format!("{path}."), inner));
        }
        all.push(path);
    }
    all
}
