//! Parts of a run, each in a process of its own.

use std::{env, process::Stdio};

use futures_util::future::BoxFuture;
use tokio::process::Command;
use tube::{Job, Made, Shards};

/// The variable by which a process is told that it makes a part.
const JOB: &str = "COMMONS_ETL_JOB";

/// Processes of this program, with the arguments of this one.
#[derive(Debug)]
pub(super) struct Processes;

impl Shards for Processes {
    fn make<'j>(&'j self, job: &'j Job) -> BoxFuture<'j, Made> {
        Box::pin(async move {
            let output = Command::new(env::current_exe()?)
                .args(env::args_os().skip(1))
                .env(JOB, serde_json::to_string(job)?)
                .stdin(Stdio::null())
                .stderr(Stdio::inherit())
                .kill_on_drop(true)
                .output()
                .await?;
            if !output.status.success() {
                return Err(format!("its process ended with {}", output.status).into());
            }
            Ok(serde_json::from_slice(&output.stdout)?)
        })
    }
}

/// What this process is to make, if it makes a part.
///
/// # Errors
/// The variable was not set by this program.
pub(super) fn job() -> anyhow::Result<Option<Job>> {
    let Some(job) = env::var_os(JOB) else { return Ok(None) };
    Ok(Some(serde_json::from_str(&job.to_string_lossy())?))
}
