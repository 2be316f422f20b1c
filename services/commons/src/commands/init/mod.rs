//! `commons init`: asks what a way to a commons needs, and writes one documented file of it.

mod adopt;
mod answers;
mod args;
mod chart;
mod check;
mod choices;
mod compose;
mod logins;
mod machine;
mod names;
mod plan;
mod report;
#[cfg(test)]
mod tests;

pub(crate) use self::args::InitArgs;
use self::{
    answers::Answers,
    choices::StartingPoint,
    plan::{Place, Plan},
};
use crate::{
    commands::placed::{self, Overwrite, Placed},
    output::tell,
};

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
    let plan = planned(&answers, &place)?;
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
        return Ok(tell(report::as_json(&plan, &answers, args))?);
    }
    report::for_people(&plan, &answers, args)
}

fn new_secret() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Files and steps for some answers.
///
/// # Errors
/// When what is wanted cannot be had on this path.
fn planned(answers: &Answers, place: &Place<'_>) -> anyhow::Result<Plan> {
    match answers.path {
        StartingPoint::Laptop => Ok(machine::laptop(answers, place)),
        StartingPoint::LinuxVm => Ok(machine::linux_vm(answers, place)),
        StartingPoint::Compose => compose::plan(answers, place),
        StartingPoint::K3s | StartingPoint::ManagedKubernetes | StartingPoint::Openshift => {
            chart::plan(answers, place)
        }
        StartingPoint::Adopt => anyhow::bail!("what is adopted is translated, and not planned"),
    }
}
