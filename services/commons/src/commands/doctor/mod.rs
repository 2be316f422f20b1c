//! `commons doctor`: looks at what `commons up` needs, and at how what runs is doing. It changes nothing.

mod certificate;
mod der;
pub(crate) mod existing;
mod finding;
mod folder;
mod inputs;
mod machine;
mod network;

use std::{ffi::OsString, path::Path};

use serde_json::json;

pub(super) use self::finding::Finding;
use self::finding::State as Health;
use super::status;
use crate::{
    cli::{Cli, Command, DoctorArgs},
    failure::Failure,
    output::tell,
    settings::{self, Origins},
    state::{Run, State},
    up::{self, Options, UpArgs},
};

/// The command. The exit status is 0 if nothing keeps a commons from working, and 4 otherwise.
pub(crate) async fn run(args: DoctorArgs, settings: Option<&Path>) -> anyhow::Result<()> {
    if args.existing {
        return report(&existing::findings(&args.databases).await, args.json);
    }
    let findings = match options(args.state.as_deref(), &args.up, settings) {
        Ok((up, origins)) => examine(&up, &origins).await,
        Err(refused) => vec![refused_settings(refused)],
    };
    report(&findings, args.json)
}

/// Whether the settings that a `commons up` on `folder` would have are understood.
pub(super) fn settings_finding(folder: &Path, settings: Option<&Path>) -> Finding {
    match options(Some(folder), &[], settings) {
        Ok((_, origins)) => understood(&origins),
        Err(refused) => refused_settings(refused),
    }
}

fn refused_settings(refused: String) -> Finding {
    Finding::error("settings", refused, "correct it; `commons up --help` has all")
}

fn understood(origins: &Origins) -> Finding {
    let file = origins.file.as_ref().map(|file| file.display().to_string());
    Finding::ok("settings", file.unwrap_or_else(|| "there is no settings file".to_owned()))
}

/// Tells what was found.
///
/// # Errors
/// When something of it is an error.
pub(super) fn report(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    let errors = findings.iter().filter(|finding| finding.state == Health::Error).count();
    if json {
        tell(json!({ "in_order": errors == 0, "checks": findings }))?;
    } else {
        for finding in findings {
            tell(finding.line())?;
        }
    }
    match errors {
        0 => Ok(()),
        1 => Err(Failure::NotInOrder("one check failed".to_owned()).into()),
        _ => Err(Failure::NotInOrder(format!("{errors} checks failed")).into()),
    }
}

/// The options that `commons up` would have.
fn options(
    state: Option<&Path>,
    up: &[OsString],
    settings: Option<&Path>,
) -> Result<(UpArgs, Origins), String> {
    let mut line = vec![OsString::from("commons")];
    if let Some(file) = settings {
        line.extend(["--settings".into(), file.into()]);
    }
    line.push("up".into());
    if let Some(folder) = state {
        line.extend(["--state".into(), folder.into()]);
    }
    line.extend(up.iter().cloned());
    let read = settings::read(&line).map_err(|refusal| refusal.to_string().trim_end().to_owned())?;
    match read.cli {
        Cli { command: Command::Up(up), .. } => Ok((*up, read.origins)),
        _ => Err("after `--` stand options of `commons up` only".to_owned()),
    }
}

async fn examine(up: &UpArgs, origins: &Origins) -> Vec<Finding> {
    let mut findings = vec![understood(origins)];
    let folder = up.state.folder.as_path();
    findings.extend(folder::findings(folder));
    let running = running(folder);
    findings.push(machine::postgresql(up, folder).await);
    findings.extend(machine::disks(folder, up.object_store_reserve));
    findings.push(machine::memory());
    findings.push(machine::descriptors());
    findings.push(machine::clock());
    findings.extend(network::ports(up, running.as_ref()));
    findings.extend(certificate::findings(up));
    findings.push(inputs::dictionary(up.dictionary.as_deref()).await);
    findings.extend(up.user_yaml.as_deref().map(inputs::user_yaml));
    findings.extend(logins(up, &|name| std::env::var(name).ok()));
    findings.extend(network::public_url(up, running.as_ref()).await);
    if let Some(run) = &running {
        findings.push(health(run).await);
    }
    findings
}

/// The identity providers, where a file names some.
fn logins(up: &UpArgs, variable: &dyn Fn(&str) -> Option<String>) -> Option<Finding> {
    let file = up.login_providers.as_deref()?;
    // An address that is not permitted has a finding of its own.
    let url = up::public_url(&Options::from_args(up), up.port).ok()?;
    Some(inputs::login_providers(file, url.as_str(), variable))
}

/// What would keep a `commons up` with a settings file that nobody uses yet from starting on this machine.
/// Variables that the file of identity providers names may be set later.
pub(super) fn draft_findings(settings: &Path) -> Vec<Finding> {
    let (up, _) = match options(None, &[], Some(settings)) {
        Ok(read) => read,
        Err(refused) => return vec![refused_settings(refused)],
    };
    let running = running(&up.state.folder);
    let mut findings = network::ports(&up, running.as_ref());
    findings.extend(network::permitted(&up));
    findings.extend(up.user_yaml.as_deref().map(inputs::user_yaml));
    findings.extend(logins(&up, &|_| Some("set later".to_owned())));
    findings.retain(Finding::is_error);
    findings
}

/// What runs on the folder now. A folder that cannot be looked at has a finding of its own.
fn running(folder: &Path) -> Option<Run> {
    State::untouched(folder)?.running().ok().flatten()
}

/// What the commons says of its services.
async fn health(run: &Run) -> Finding {
    const WHAT: &str = "services";
    match status::readiness(run).await {
        Ok(said) if said.ready => {
            Finding::ok(WHAT, format!("all of the running commons (process {}) are ready", run.pid))
        }
        Ok(said) => {
            let waiting = said.services.iter().filter(|(_, state)| *state != "ready");
            let said = |(name, state): (&String, &serde_json::Value)| {
                format!("{name}: {}", state.as_str().map_or_else(|| state.to_string(), str::to_owned))
            };
            let waiting: Vec<String> = waiting.map(said).collect();
            Finding::error(WHAT, format!("not ready: {}", waiting.join("; ")), "`commons logs` may say why")
        }
        Err(error) => Finding::error(
            WHAT,
            format!("the running commons (process {}) does not answer: {error:#}", run.pid),
            "`commons logs` may say why; `commons restart` starts it anew",
        ),
    }
}
