//! Whether the program itself takes what is going to be written.

use std::{fs, path::Path};

use anyhow::{Context as _, anyhow, bail};
use serde_json::Value;

use super::{
    answers::{Answers, Users},
    plan::{File, Kind, Plan},
};
use crate::{commands::doctor, failure::Failure, problems, up::check_login_providers};

const DEFAULTS: &str = include_str!("../../../../../helm/commons/values.yaml");
const SCHEMA: &str = include_str!("../../../../../helm/commons/values.schema.json");

/// Reads every file as the program or the chart will.
///
/// # Errors
/// What one of them is refused for, or what else is in the way, such as a port in use.
pub(super) fn check(plan: &Plan, answers: &Answers) -> anyhow::Result<()> {
    if let Some(Users::Here(file)) = &answers.users {
        let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        problems::parse(&text).with_context(|| format!("{} cannot be used", file.display()))?;
    }
    let folder = tempfile::tempdir().context("no temporary folder can be made")?;
    for file in &plan.files {
        fs::write(folder.path().join(file.name), &file.text)?;
    }
    for file in &plan.files {
        let path = folder.path().join(file.name);
        one(file, &path, answers).with_context(|| format!("{} would not be accepted", file.name))?;
    }
    Ok(())
}

fn one(file: &File, path: &Path, answers: &Answers) -> anyhow::Result<()> {
    match file.kind {
        Kind::Settings => settings(path),
        Kind::Logins => check_login_providers(path, &answers.public_url(), &|_| Some("set later".to_owned())),
        Kind::Values => values(&[DEFAULTS, answers.preset.values(), &file.text]),
        Kind::Fence => fence(&file.text),
        Kind::Users => problems::parse(&file.text).map(drop),
        Kind::Override => yaml::parse(&file.text).map(drop).map_err(|error| anyhow!("{error}")),
        Kind::Variables | Kind::Script => Ok(()),
    }
}

fn settings(path: &Path) -> anyhow::Result<()> {
    let findings = doctor::draft_findings(path);
    if findings.is_empty() {
        return Ok(());
    }
    let told: Vec<String> = findings.iter().map(doctor::Finding::told_with_remedy).collect();
    Err(Failure::Prerequisite(told.join("\n")).into())
}

/// What helm does with values before it renders anything: later ones go before, and the schema is asked.
fn values(layers: &[&str]) -> anyhow::Result<()> {
    let mut merged = Value::Object(serde_json::Map::new());
    for layer in layers {
        super::super::helm::merge(&mut merged, yaml::parse(layer).map_err(|error| anyhow!("{error}"))?);
    }
    let schema = serde_json::from_str(SCHEMA).context("the schema of the chart is no JSON")?;
    let validator = jsonschema::draft7::new(&schema).map_err(|error| anyhow!("{error}"))?;
    let problems: Vec<String> = validator
        .iter_errors(&merged)
        .take(10)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    if problems.is_empty() { Ok(()) } else { bail!("{}", problems.join("\n")) }
}

fn fence(text: &str) -> anyhow::Result<()> {
    let document: Value = serde_yaml_ng::from_str(text)?;
    fence::Config::from_document(&document)?.can_start()?;
    let expanded = fence::Config::expanded(&document)?;
    match fence::Config::unheeded(&expanded).into_iter().next() {
        Some((key, reason)) => bail!("{key} would change nothing: {reason}"),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_helm_would_refuse_are_refused() {
        let preset = super::super::choices::Preset::Minimum.values();
        let site = "publicUrl: https://commons.example.org\n";
        assert!(values(&[DEFAULTS, preset, site]).is_ok());
        let told = |text: &str| values(&[DEFAULTS, preset, text]).unwrap_err().to_string();
        assert!(told("publicUrl: commons.example.org\n").contains("publicUrl"));
        assert!(told(&format!("{site}frog: 1\n")).contains("frog"));
        // The chart's schema wants Secrets where services are apart.
        assert!(values(&[DEFAULTS, site]).is_err());
    }

    #[test]
    fn a_configuration_of_fence_with_keys_that_change_nothing_is_refused() {
        assert!(fence("BASE_URL: 'https://c.example/user'\n").is_ok());
        assert!(fence("BASE_URL: 'c.example'\n").is_err());
    }
}
