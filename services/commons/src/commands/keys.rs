//! `commons keys`: the keys that sign tokens.

use std::path::PathBuf;

use chrono::{SecondsFormat, Utc};
use clap::{Args, Subcommand};
use comfy_table::{Table, presets::NOTHING};
use serde_json::json;
use tokens::{KeyError, SigningKeys, rotation};

use crate::{
    failure::{self, Failure},
    output::{remark, tell},
    state::{State, StateArgs},
};

/// A key that is retired before this has signed API keys and refresh tokens that are still used.
const LONGEST_LIFE_DAYS: i64 = 30;

/// Commands about signing keys. A service that runs takes up the changes within a minute.
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// List the keys; the first signs, and all are believed
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// The keys.
        #[command(flatten)]
        place: KeysPlace,
    },
    /// Make a new key, which signs from now on; what older ones have signed goes on being believed
    Rotate {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// The keys.
        #[command(flatten)]
        place: KeysPlace,
    },
    /// Take a key away: what it has signed is refused from now on. It is kept in `keys.retired` beside the
    /// other keys
    Retire {
        /// Its identifier, as `list` shows it.
        key: String,
        /// Retire it even if API keys and refresh tokens that it has signed may be in use.
        #[arg(long)]
        yes: bool,
        /// The keys.
        #[command(flatten)]
        place: KeysPlace,
    },
}

/// Where the keys are.
#[derive(Debug, Clone, Args)]
pub struct KeysPlace {
    /// The keys folder, if there is no state folder: one folder for each pair.
    #[arg(long, value_name = "DIR", env = "FENCE_KEYS")]
    pub keys: Option<PathBuf>,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

impl KeysPlace {
    fn folder(&self) -> anyhow::Result<PathBuf> {
        match &self.keys {
            Some(folder) => Ok(folder.clone()),
            None => Ok(State::existing(&self.state.folder)?.path("keys")),
        }
    }
}

pub(crate) fn run(command: KeysCommand) -> anyhow::Result<()> {
    match command {
        KeysCommand::List { json, place } => list(json, &place),
        KeysCommand::Rotate { json, place } => rotate(json, &place),
        KeysCommand::Retire { key, yes, place } => retire(&key, yes, &place),
    }
}

fn list(as_json: bool, place: &KeysPlace) -> anyhow::Result<()> {
    let folder = place.folder()?;
    let keys = SigningKeys::load(&folder)?.all();
    let written = |key: &tokens::SigningKey| {
        rotation::written(&folder, key).map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    if as_json {
        let signs = |index: usize| index == 0;
        let shown: Vec<_> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| json!({ "kid": key.kid, "signs": signs(index), "written": written(key) }))
            .collect();
        return Ok(tell(json!({ "keys": shown }))?);
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["key", "written", ""]);
    for (index, key) in keys.iter().enumerate() {
        let signs = if index == 0 { "signs" } else { "" };
        table.add_row([key.kid.clone(), written(key).unwrap_or_default(), signs.to_owned()]);
    }
    Ok(tell(table)?)
}

fn rotate(as_json: bool, place: &KeysPlace) -> anyhow::Result<()> {
    let folder = place.folder()?;
    // A folder without keys is another folder than was meant.
    SigningKeys::load(&folder)?;
    let kid = rotation::rotate(&folder, Utc::now())?;
    if as_json {
        return Ok(tell(json!({ "kid": kid }))?);
    }
    tell(&kid)?;
    remark(
        "services that run sign with it within a minute; the older keys are believed until they are retired",
    )?;
    Ok(())
}

fn retire(key: &str, yes: bool, place: &KeysPlace) -> anyhow::Result<()> {
    let folder = place.folder()?;
    let keys = SigningKeys::load(&folder)?.all();
    let named = format!("fence_key_{key}");
    // It signed until the one before it in the list was made.
    let position = keys.iter().position(|known| [key, &named].contains(&known.kid.as_str()));
    let successor = position.and_then(|position| position.checked_sub(1)).and_then(|index| keys.get(index));
    let signed_until = successor.and_then(|successor| rotation::written(&folder, successor));
    let days = signed_until.map(|time| (Utc::now() - time).num_days());
    if !yes && days.is_some_and(|days| days < LONGEST_LIFE_DAYS) {
        let told = format!(
            "{key} was signing {} days ago: API keys and refresh tokens of users live up to \
             {LONGEST_LIFE_DAYS} days and would be refused; wait, or add --yes",
            days.unwrap_or_default()
        );
        return Err(Failure::Prerequisite(told).into());
    }
    let kept = match rotation::retire(&folder, key) {
        Err(error @ (KeyError::Unknown(_) | KeyError::Signs(_))) => {
            return Err(Failure::Prerequisite(error.to_string()).into());
        }
        other => other?,
    };
    remark(format_args!("{key} is believed no longer than a minute; it is kept in {}", kept.display()))?;
    if place.keys.is_some() {
        failure::warn("a folder that is mounted from a secret must be changed there as well");
    }
    Ok(())
}
