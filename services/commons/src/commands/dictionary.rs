//! `commons dictionary`.

use dictionary::{Dictionary, LoadError};
use serde_json::json;

use crate::{Failure, cli::DictionaryCommand};

pub(crate) async fn run(command: DictionaryCommand) -> anyhow::Result<()> {
    let DictionaryCommand::Check { source, json } = command;
    let loaded = Dictionary::load(&source).await;
    if let Err(error @ LoadError::Unreadable { .. }) = loaded {
        return Err(error.into());
    }
    let problems = loaded.as_ref().err().map(LoadError::problems).unwrap_or_default();
    if json {
        println!("{}", json!({ "source": source, "problems": problems }));
    } else {
        for problem in problems {
            println!("{problem}");
        }
    }
    match loaded {
        Ok(dictionary) => {
            if !json {
                println!("{source}: {} node types, no problem found", dictionary.nodes.len());
            }
            Ok(())
        }
        Err(_) => Err(Failure::NotInOrder(format!("{} problems in {source}", problems.len())).into()),
    }
}
