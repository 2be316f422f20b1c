//! `commons etl validate`.

use clap::Args;
use serde_json::json;
use tube::Severity;

use super::{
    checks::OtherArgs,
    source::{SourceArgs, lines},
};
use crate::{
    failure::Failure,
    output::{remark, tell},
};

/// Options of `commons etl validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArgs {
    /// What is checked.
    #[command(flatten)]
    source: SourceArgs,
    /// What must agree with it.
    #[command(flatten)]
    others: OtherArgs,
}

pub(super) async fn run(args: ValidateArgs) -> anyhow::Result<()> {
    let source = args.source;
    let (text, dictionary) = (source.text()?, source.dictionary().await?);
    let (problems, indices, others) = match source.read(&text, &dictionary) {
        Ok(etl) => {
            let indices: Vec<String> = etl.outlines().map(|outline| outline.name.clone()).collect();
            let others = args.others.check(&etl)?;
            (etl.warnings, indices, others)
        }
        Err(problems) => (problems, Vec::new(), Vec::new()),
    };
    let all = problems.iter().chain(others.iter().flat_map(|(_, problems)| problems));
    let errors = all.filter(|problem| problem.severity == Severity::Error).count();
    if source.json {
        let others: serde_json::Map<_, _> =
            others.iter().map(|(file, problems)| (file.display().to_string(), json!(problems))).collect();
        let mut told = json!({ "in_order": errors == 0, "problems": problems, "indices": indices });
        if !others.is_empty() {
            told["others"] = others.into();
        }
        tell(told)?;
    } else {
        if !problems.is_empty() {
            tell(lines(&problems))?;
        }
        for (file, problems) in others.iter().filter(|(_, problems)| !problems.is_empty()) {
            tell(format_args!("{}:\n{}", file.display(), lines(problems)))?;
        }
    }
    let file = source.file();
    let file = file.display();
    if errors > 0 {
        let what = if indices.is_empty() { "cannot be run" } else { "and the other files do not agree" };
        return Err(Failure::NotInOrder(format!("{file} {what}; errors: {errors}")).into());
    }
    if !source.json {
        remark(format_args!("{file} can be run; its indices are {}", indices.join(", ")))?;
    }
    Ok(())
}
