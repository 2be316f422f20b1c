//! `commons config`.

use std::{ffi::OsString, path::Path};

use comfy_table::{Table, presets::NOTHING};
use serde_json::{Map, Value, json};

use crate::{
    cli::{ConfigArgs, ConfigCommand, ExplainArgs},
    output::tell,
    settings::{self, Effective, Meaning, Origins, Refusal},
};

/// The command.
pub(crate) fn run(args: ConfigArgs, file: Option<&Path>) -> anyhow::Result<()> {
    if let Some(ConfigCommand::Explain(args)) = args.about {
        return explain(args, file);
    }
    let path: Vec<&str> = args.command.iter().map(String::as_str).collect();
    let origins = origins(&path, args.state, file)?;
    tell(if args.json { as_json(&path, &origins).to_string() } else { as_table(&origins) })?;
    Ok(())
}

/// What the options of the command `path` would be.
fn origins(path: &[&str], state: Option<OsString>, file: Option<&Path>) -> anyhow::Result<Origins> {
    if !settings::has_settings(path) {
        anyhow::bail!(
            "`commons config` knows the options of `up` and of `serve SERVICE`, not of {}",
            path.join(" ")
        );
    }
    let mut line = Vec::new();
    if let Some(file) = file {
        line.extend([OsString::from("--settings"), file.into()]);
    }
    if let (Some(state), ["up"]) = (state, path) {
        line.extend([OsString::from("--state"), state]);
    }
    settings::effective(path, &line).map_err(|refusal| match refusal {
        Refusal::Settings(told) => anyhow::anyhow!(told),
        Refusal::CommandLine(error, _) => anyhow::anyhow!(error),
    })
}

/// `commons config explain`.
fn explain(args: ExplainArgs, file: Option<&Path>) -> anyhow::Result<()> {
    let path: Vec<&str> = args.command.iter().map(String::as_str).collect();
    let origins = origins(&path, args.state, file)?;
    let (key, command) = (&args.key, path.join(" "));
    let meaning = settings::meaning(&path, key).map_err(|names| {
        anyhow::anyhow!("`commons {command}` has no option {key}; it has {}", names.join(", "))
    })?;
    let option = origins.options.iter().find(|option| option.name == meaning.option);
    tell(if args.json {
        let mut told = option.map(one_as_json).unwrap_or_default();
        if let (Some(told), Ok(Value::Object(known))) = (told.as_object_mut(), serde_json::to_value(&meaning))
        {
            told.extend(known);
            told.insert("command".to_owned(), command.into());
        }
        told.to_string()
    } else {
        in_words(&meaning, option, &path)
    })?;
    Ok(())
}

fn in_words(meaning: &Meaning, option: Option<&Effective>, path: &[&str]) -> String {
    let name = &meaning.option;
    let or_nothing = |text: String| if text.is_empty() { "(not set)".to_owned() } else { text };
    let mut table = Table::new();
    table.load_style(NOTHING);
    if let Some(option) = option {
        let value = format!("{}, from {}", or_nothing(option.shown()), option.source.describe(name));
        table.add_row(["value".to_owned(), value]);
    }
    table.add_row(["default".to_owned(), or_nothing(meaning.default.join(","))]);
    if !meaning.choices.is_empty() {
        table.add_row(["choices".to_owned(), meaning.choices.join(", ")]);
    }
    let section = path.join(".");
    let given =
        format!("--{name}, {}, or {name} in [{section}] of commons.toml", meaning.variables.join(", "));
    table.add_row(["given by".to_owned(), given]);
    format!("--{name} of commons {}: {}\n\n{table}", path.join(" "), meaning.meaning)
}

fn one_as_json(option: &Effective) -> Value {
    let mut told = serde_json::to_value(&option.source).unwrap_or_default();
    told["value"] = if option.values.is_empty() { Value::Null } else { option.shown().into() };
    told
}

fn as_json(path: &[&str], origins: &Origins) -> Value {
    let option = |option: &Effective| (option.name.clone(), one_as_json(option));
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
