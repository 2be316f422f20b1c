//! `commons etl plan`.

use clap::Args;
use serde_json::json;

use super::source::SourceArgs;
use crate::output::tell;

/// Options of `commons etl plan`.
#[derive(Debug, Clone, Args)]
pub struct PlanArgs {
    /// What is planned.
    #[command(flatten)]
    source: SourceArgs,
}

pub(super) async fn run(args: PlanArgs) -> anyhow::Result<()> {
    let source = args.source;
    let etl = source.usable(&source.text()?, &source.dictionary().await?)?;
    let plan = etl.plan();
    if source.json {
        return Ok(tell(json!({ "indices": plan, "tables": etl.tables(), "warnings": etl.warnings }))?);
    }
    for index in plan {
        tell(format_args!("{} ({}): {} fields", index.name, index.doc_type, index.fields))?;
        if !index.arrays.is_empty() {
            tell(format_args!("  lists: {}", index.arrays.join(", ")))?;
        }
        for (what, statement) in index.statements {
            tell(format_args!("  {what}: {statement}"))?;
        }
    }
    Ok(tell(format_args!("{} tables are read", etl.tables().len()))?)
}
