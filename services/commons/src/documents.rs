//! Configuration files in YAML.

use std::{fs, path::Path};

use anyhow::Context as _;
use serde_json::Value;

/// The document in a file.
///
/// # Errors
/// When the file cannot be read, or is no YAML.
pub(crate) fn yaml(file: &Path) -> anyhow::Result<Value> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    serde_yaml_ng::from_str(&text).with_context(|| format!("{} cannot be used", file.display()))
}
