//! `commons init`: asks what a way to a commons needs, and writes one documented file of it.

mod adopt;
mod answers;
mod chart;
mod check;
mod choices;
mod compose;
mod logins;
mod machine;
mod names;
mod plan;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use self::{
    answers::Answers,
    choices::{Integration, Preset, StartingPoint},
    plan::{Kind, Place, Plan, Step},
};
use crate::{
    commands::placed::{self, Overwrite, Placed},
    output::{remark, tell},
};

/// Options of `commons init`.
#[derive(Debug, Clone, Args)]
pub struct InitArgs {
    /// The folder for what is written.
    #[arg(value_name = "FOLDER", default_value = ".")]
    into: PathBuf,
    /// Where the commons is to run.
    #[arg(long, value_enum)]
    path: Option<StartingPoint>,
    /// What it is joined to.
    #[arg(long, value_enum)]
    integration: Option<Integration>,
    /// The name by which users reach it, such as commons.example.org.
    #[arg(long, value_name = "NAME", value_parser = names::host)]
    hostname: Option<String>,
    /// Port of `commons up`.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
    /// Where user.yaml is: a file, a folder or git checkout, https://, s3://,
    /// git+https://HOST/REPOSITORY#BRANCH:PATH, or OWNER/REPOSITORY at GitHub.
    #[arg(long, value_name = "SOURCE", value_parser = names::users)]
    users: Option<String>,
    /// Access files of dbGaP that are added to it (laptop, linux-vm).
    #[arg(long, value_name = "FILE|DIR")]
    dbgap: Option<PathBuf>,
    /// The issuer of the institution's OpenID provider (enterprise).
    #[arg(long, value_name = "URL", value_parser = names::issuer)]
    issuer: Option<String>,
    /// The repository of the image, without a tag (k3s, managed-kubernetes, openshift).
    #[arg(long, value_name = "REPOSITORY", value_parser = names::image)]
    image: Option<String>,
    /// The preset of the chart. Default: minimum; ha for managed-kubernetes.
    #[arg(long, value_enum)]
    preset: Option<Preset>,
    /// The namespace of the cluster. Default: commons; gen3 for adopt.
    #[arg(long, value_name = "NAME")]
    namespace: Option<String>,
    /// Values of gen3-helm (adopt). Of several files the later ones go before.
    #[arg(long, value_name = "FILE")]
    values: Vec<PathBuf>,
    /// The state folder (laptop, linux-vm). Default: .commons beside the file; /var/lib/commons/state.
    #[arg(long, value_name = "DIR")]
    state: Option<String>,
    /// Ask nothing: take defaults for what is not given.
    #[arg(long, short)]
    yes: bool,
    /// Write nothing; print what would be written.
    #[arg(long)]
    dry_run: bool,
    /// Print files and steps as JSON.
    #[arg(long)]
    json: bool,
    /// Replace files that are there.
    #[arg(long, short = 'f')]
    force: bool,
}

/// The command.
///
/// # Errors
/// When something is missing, wrong or in the way; nothing is written then.
pub(crate) fn run(args: &InitArgs) -> anyhow::Result<()> {
    if args.path == Some(StartingPoint::Adopt) {
        return adopt::run(args);
    }
    let answers = answers::gather(args)?;
    let variables = std::fs::read_to_string(args.into.join(".env")).unwrap_or_default();
    let today = chrono::Utc::now().format("%Y-%m-%d").to_string();
    let secret: &dyn Fn() -> String =
        if args.dry_run { &|| "(made when it is written)".to_owned() } else { &new_secret };
    let place = Place { folder: &args.into, variables: &variables, secret, today: &today };
    let plan = plan::plan(&answers, &place)?;
    check::check(&plan, &answers)?;
    if !args.dry_run {
        let overwrite = if args.force { Overwrite::Allowed } else { Overwrite::Refused };
        let files: Vec<Placed<'_>> = plan
            .files
            .iter()
            .map(|file| Placed { name: file.name, text: &file.text, mode: file.kind.mode() })
            .collect();
        placed::write(&args.into, 0o755, &files, overwrite)?;
    }
    if args.json {
        return Ok(tell(as_json(&plan, &answers, args))?);
    }
    for_people(&plan, &answers, args)
}

fn new_secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

fn as_json(plan: &Plan, answers: &Answers, args: &InitArgs) -> serde_json::Value {
    let file = |file: &plan::File| {
        // Passwords are for the file alone.
        let text = (file.kind != Kind::Variables).then_some(&file.text);
        json!({ "name": file.name, "text": text })
    };
    json!({
        "path": answers.path.name(),
        "integration": answers.integration.name(),
        "folder": args.into,
        "written": !args.dry_run,
        "public_url": answers.public_url(),
        "login_callback": logins::callback(answers),
        "files": plan.files.iter().map(file).collect::<Vec<_>>(),
        "steps": plan.steps,
    })
}

fn for_people(plan: &Plan, answers: &Answers, args: &InitArgs) -> anyhow::Result<()> {
    for file in &plan.files {
        let path = shown(&args.into, file.name);
        if args.dry_run {
            tell(format_args!("--- {path}\n{}", file.text.trim_end()))?;
        } else {
            remark(format_args!("wrote {path}"))?;
        }
    }
    if let Some(callback) = logins::callback(answers) {
        remark(format_args!(
            "\nRegister the commons at the login provider as a confidential client that returns to\n  {callback}"
        ))?;
    }
    told(&plan.steps)
}

fn shown(folder: &Path, name: &str) -> String {
    if folder == Path::new(".") { name.to_owned() } else { folder.join(name).display().to_string() }
}

/// Tells what comes next.
fn told(steps: &[Step]) -> anyhow::Result<()> {
    remark("\nNext:")?;
    for (step, number) in steps.iter().zip(1..) {
        remark(format_args!("  {number}. {}\n       {}", step.what, step.command))?;
    }
    Ok(())
}
