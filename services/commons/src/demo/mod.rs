//! `commons up --demo`: a study of about 10,000 records, some with file bytes, loaded through the public API as any
//! submitter would do it.

mod api;
mod random;
mod study;

use std::path::Path;

use anyhow::{Context as _, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;

use api::Api;
use study::{CODE, PROGRAM, Study};

/// Records in one request.
const BATCH: usize = 500;

/// Loads the study, unless it is there already.
///
/// # Errors
/// When the commons refuses something.
pub(crate) async fn load(url: &str, api_key_file: &Path, visible: bool) -> anyhow::Result<()> {
    let api = Api::log_in(url, api_key_file).await?;
    let study = Study::generate();
    if is_complete(&api, &study).await? {
        return Ok(());
    }
    let bar = bar(&study, visible);
    bar.set_message("program and project");
    make_project(&api).await?;
    for (node, records) in study.records() {
        bar.set_message(*node);
        for batch in records.chunks(BATCH) {
            api.submit(PROGRAM, CODE, batch).await?;
            bar.inc(batch.len() as u64);
        }
    }
    bar.set_message("file bytes");
    let mut files = Vec::new();
    for file in study.files() {
        let guid = api.upload(&file.name, file.bytes.clone()).await?;
        files.push(file.record(&guid));
        bar.inc(1);
    }
    // All at once and at the very end: their presence says that nothing is missing.
    api.submit(PROGRAM, CODE, &files).await?;
    bar.finish_and_clear();
    Ok(())
}

async fn is_complete(api: &Api, study: &Study) -> anyhow::Result<bool> {
    if !api.projects(PROGRAM).await?.iter().any(|link| link.ends_with(&format!("/{CODE}"))) {
        return Ok(false);
    }
    let query = format!(
        r#"{{ sequencing_file(project_id: "{PROGRAM}-{CODE}", submitter_id: "{}") {{ id }} }}"#,
        study.last_file()
    );
    let answer = api.query(&query).await?;
    let found = answer.pointer("/data/sequencing_file").and_then(serde_json::Value::as_array);
    Ok(found.context("the query for the demonstration study failed")?.len() == 1)
}

async fn make_project(api: &Api) -> anyhow::Result<()> {
    let program = json!({ "type": "program", "name": PROGRAM, "dbgap_accession_number": PROGRAM });
    api.put("/api/v0/submission/", &program).await?;
    let project = json!({
        "type": "project",
        "code": CODE,
        "name": "Demonstration study",
        "dbgap_accession_number": CODE,
        "availability_type": "Restricted",
        "investigator_name": "Nobody in particular",
        "description": "Generated records without any person behind them, to try the commons with.",
    });
    api.put(&format!("/api/v0/submission/{PROGRAM}"), &project).await?;
    if api.projects(PROGRAM).await?.is_empty() {
        bail!("the project of the demonstration study was not made");
    }
    Ok(())
}

fn bar(study: &Study, visible: bool) -> ProgressBar {
    let target = if visible { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(study.len() as u64), target);
    let style = ProgressStyle::with_template("demonstration study {wide_bar} {pos}/{len} {msg}");
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
