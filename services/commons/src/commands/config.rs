//! `commons config`.

use std::ffi::OsString;

use comfy_table::{Table, presets::NOTHING};
use serde_json::{Map, Value, json};

use crate::{
    cli::ConfigArgs,
    output::tell,
    settings::{self, Effective, Origins, Refusal},
};

/// The command.
pub(crate) fn run(args: ConfigArgs, file: Option<&std::path::Path>) -> anyhow::Result<()> {
    let path: Vec<&str> = args.command.iter().map(String::as_str).collect();
    if !settings::has_settings(&path) {
        anyhow::bail!(
            "`commons config` knows the options of `up` and of `serve SERVICE`, not of {}",
            path.join(" ")
        );
    }
    let mut line = Vec::new();
    if let Some(file) = file {
        line.extend([OsString::from("--settings"), file.into()]);
    }
    if let (Some(state), ["up"]) = (args.state, path.as_slice()) {
        line.extend([OsString::from("--state"), state]);
    }
    let origins = settings::effective(&path, &line).map_err(|refusal| match refusal {
        Refusal::Settings(told) => anyhow::anyhow!(told),
        Refusal::CommandLine(error, _) => anyhow::anyhow!(error),
    })?;
    tell(if args.json { as_json(&path, &origins).to_string() } else { as_table(&origins) })?;
    Ok(())
}

fn as_json(path: &[&str], origins: &Origins) -> Value {
    let option = |option: &Effective| {
        let mut told = serde_json::to_value(&option.source).unwrap_or_default();
        told["value"] = if option.values.is_empty() { Value::Null } else { option.shown().into() };
        (option.name.clone(), told)
    };
    let options: Map<String, Value> = origins.options.iter().map(option).collect();
    json!({ "command": path.join(" "), "settings_file": origins.file, "options": options })
}

fn as_table(origins: &Origins) -> String {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["option", "value", "from"]);
    for option in &origins.options {
        let shown = if option.values.is_empty() { "(not set)".to_owned() } else { option.shown() };
        table.add_row([option.name.clone(), shown, option.source.describe(&option.name)]);
    }
    let file = origins.file.as_ref().map_or_else(
        || "no settings file (commons.toml here or in the state folder, or --settings FILE)".to_owned(),
        |file| format!("settings file {}", file.display()),
    );
    format!("{table}\n\n{file}")
}
