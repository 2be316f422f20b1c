//! Recurring work, users, and what the pages show.

use serde_json::Value;

use super::{
    converted::{Converted, yaml_of},
    given::Given,
    services::{engine_url, is_on},
};

pub(super) fn convert(given: &Given<'_>, to: &mut Converted) {
    users(given, to);
    documents(given, to);
    jobs(given, to);
    pages(given, to);
}

fn users(given: &Given<'_>, to: &mut Converted) {
    let from_store = given.text(&["fence", "usersync", "userYamlS3Path"]).filter(|path| path != "none");
    let synchronised = given.flag(&["fence", "usersync", "usersync"]) == Some(true);
    let in_values = given.value(&["fence", "USER_YAML"]);
    if let Some(schedule) = given.text(&["fence", "usersync", "schedule"]) {
        to.set("usersync.schedule", schedule);
    }
    match (from_store, in_values) {
        (Some(path), _) if synchronised => {
            to.set("usersync.enabled", true);
            to.set("usersync.source", path);
            if in_values.is_some() {
                to.leave_out("fence.USER_YAML", "usersync reads the user.yaml of userYamlS3Path");
            }
        }
        (_, Some(users)) => {
            let text = users.as_str().map_or_else(|| yaml_of(users), str::to_owned);
            to.secret("user.yaml", "commons-users", text);
            to.set("usersync.enabled", true);
            to.set("usersync.secret", "commons-users");
        }
        _ => to
            .left_to_you("no user.yaml is in these values: users and rights stay as the databases have them"),
    }
    let of_dbgap = ["syncFromDbgap", "addDbgap", "onlyDbgap"];
    if of_dbgap.iter().filter(|key| given.flag(&["fence", "usersync", key]) == Some(true)).count() > 0 {
        to.left_to_you(
            "usersync brought in access files of dbGaP: `commons user sync --help` says how \
            (--dbgap), in a CronJob of yours",
        );
    }
}

fn documents(given: &Given<'_>, to: &mut Converted) {
    let is_on = is_on(given, "etl") && is_on(given, "guppy");
    let mapping = given.value(&["etl", "etlMapping"]);
    if !is_on {
        return;
    }
    let Some(mapping) = mapping else {
        to.left_to_you(
            "no etlMapping is in these values: make a ConfigMap of it and name it by etl.mapping \
            (`commons etl init` writes one)",
        );
        return;
    };
    let text = mapping.as_str().map_or_else(|| yaml_of(mapping), str::to_owned);
    to.config_map("etlMapping.yaml", "commons-etl-mapping", text);
    to.set("etl.enabled", true);
    to.set("etl.mapping", "commons-etl-mapping");
    let engine = given.text(&["etl", "esEndpoint"]).or_else(|| given.text(&["guppy", "esEndpoint"]));
    to.set("etl.searchUrl", engine_url(engine.as_deref().unwrap_or("gen3-elasticsearch-master")));
    if let Some(schedule) = given.text(&["etl", "schedule"]) {
        to.set("etl.schedule", schedule);
    }
    // The original's default.
    to.set("etl.suspend", given.flag(&["etl", "suspendCronjob"]).unwrap_or(true));
    if let Some(forced) = given.flag(&["etl", "etlForced"]) {
        to.set("etl.force", forced);
    }
}

fn jobs(given: &Given<'_>, to: &mut Converted) {
    if !is_on(given, "sower") {
        return;
    }
    to.set("operations.enabled", true);
    let jobs = given.value(&["sower", "sowerConfig"]).and_then(Value::as_array);
    for job in jobs.into_iter().flatten() {
        let text = |key: &str| job.get(key).and_then(Value::as_str).unwrap_or_default();
        match text("action") {
            "export" => {}
            other => to.leave_out(
                format!("sower.sowerConfig: {}", text("name")),
                format!("there is no job for the action {other}"),
            ),
        }
    }
    if let Some(bucket) = given.text(&["sower", "pelican", "bucket"]) {
        to.left_to_you(format!(
            "exports of cohorts went to the bucket {bucket}: make a Secret with the key config.json (bucket, \
             aws_access_key_id, aws_secret_access_key) and name it by operations.exportsSecret"
        ));
    }
}

fn pages(given: &Given<'_>, to: &mut Converted) {
    let configuration =
        given.text(&["portal", "gitops", "json"]).or_else(|| given.text(&["portal", "gitops.json"]));
    if let Some(text) = configuration {
        to.config_map("gitops.json", "commons-portal", text);
        to.set("portal.configMap", "commons-portal");
    }
    if given.text(&["global", "frontendRoot"]).is_some_and(|root| root == "gen3ff") {
        to.leave_out(
            "global.frontendRoot",
            "there is no frontend-framework; keep its chart and give it rows in gateway.routes",
        );
    }
}
