//! `commons dictionary`.

use dictionary::{Dictionary, LoadError, Problem};
use serde_json::json;

use crate::{Failure, cli::DictionaryCommand, output::tell};

pub(crate) async fn run(command: DictionaryCommand) -> anyhow::Result<()> {
    let DictionaryCommand::Check { source, json } = command;
    let (problems, node_types) = check(&source).await?;
    if json {
        tell(json!({ "source": source, "problems": problems }))?;
    } else {
        for problem in &problems {
            tell(problem)?;
        }
    }
    match problems.len() {
        0 if json => Ok(()),
        0 => {
            tell(format_args!("{source}: {node_types} node types, no problem found"))?;
            Ok(())
        }
        count => Err(Failure::NotInOrder(format!("{count} problems in {source}")).into()),
    }
}

/// Every rule of a published dictionary, not only those without which it does not load; and how many node types
/// there are when it does.
async fn check(source: &str) -> Result<(Vec<Problem>, usize), LoadError> {
    let files = match dictionary::read_files(source).await {
        Ok(files) => files,
        Err(LoadError::Invalid(problems)) => return Ok((problems, 0)),
        Err(unreadable) => return Err(unreadable),
    };
    let problems = dictionary::check(&files);
    Ok((problems, Dictionary::from_files(files).map_or(0, |dictionary| dictionary.nodes.len())))
}
