//! `commons etl validate`.

use clap::Args;
use serde_json::json;
use tube::Severity;

use super::source::{SourceArgs, lines};
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
}

pub(super) async fn run(args: ValidateArgs) -> anyhow::Result<()> {
    let source = args.source;
    let (text, dictionary) = (source.text()?, source.dictionary().await?);
    let (problems, indices) = match source.read(&text, &dictionary) {
        Ok(etl) => {
            let indices: Vec<String> = etl.outlines().map(|outline| outline.name.clone()).collect();
            (etl.warnings, indices)
        }
        Err(problems) => (problems, Vec::new()),
    };
    let errors = problems.iter().filter(|problem| problem.severity == Severity::Error).count();
    if source.json {
        tell(json!({ "in_order": errors == 0, "problems": problems, "indices": indices }))?;
    } else if !problems.is_empty() {
        tell(lines(&problems))?;
    }
    let file = source.mapping.display();
    if errors > 0 {
        return Err(Failure::NotInOrder(format!("{file} cannot be run; errors: {errors}")).into());
    }
    if !source.json {
        remark(format_args!("{file} can be run; its indices are {}", indices.join(", ")))?;
    }
    Ok(())
}
