//! What was written, and what comes next.

use std::path::Path;

use serde_json::json;

use super::{
    answers::Answers,
    args::InitArgs,
    logins,
    plan::{File, Kind, Plan, Step},
};
use crate::output::{remark, tell};

/// For programs.
pub(super) fn as_json(plan: &Plan, answers: &Answers, args: &InitArgs) -> serde_json::Value {
    let file = |file: &File| {
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

/// For people.
///
/// # Errors
/// When nobody reads it.
pub(super) fn for_people(plan: &Plan, answers: &Answers, args: &InitArgs) -> anyhow::Result<()> {
    for file in &plan.files {
        let path = shown(&args.into, file.name);
        if args.dry_run {
            tell(format_args!("--- {path}\n{}", file.text.trim_end()))?;
        } else {
            remark(format_args!("wrote {path}"))?;
        }
    }
    if let Some(callback) = logins::callback(answers) {
        let told = "Register the commons at the login provider as a confidential client that returns to";
        remark(format_args!("\n{told}\n  {callback}"))?;
    }
    told(&plan.steps)
}

fn shown(folder: &Path, name: &str) -> String {
    if folder == Path::new(".") { name.to_owned() } else { folder.join(name).display().to_string() }
}

/// Tells what comes next.
///
/// # Errors
/// When nobody reads it.
pub(super) fn told(steps: &[Step]) -> anyhow::Result<()> {
    remark("\nNext:")?;
    for (step, number) in steps.iter().zip(1..) {
        remark(format_args!("  {number}. {}\n       {}", step.what, step.command))?;
    }
    Ok(())
}
