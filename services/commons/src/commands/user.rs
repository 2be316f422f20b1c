//! `commons user`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arborist::sync::Change;
use clap::Subcommand;
use comfy_table::{Table, presets::NOTHING};
use fence::credentials;
use serde_json::json;

use super::workbench::Workbench;
use crate::{
    databases::DatabaseName,
    output::tell,
    state::{State, StateArgs},
    up,
};

/// Commands about users.
#[derive(Debug, Subcommand)]
pub enum UserCommand {
    /// Load a user.yaml
    Sync {
        /// The file.
        file: PathBuf,
        /// Say what would change, and change nothing.
        #[arg(long)]
        dry_run: bool,
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
    /// Print an access token
    Token {
        /// User name.
        name: String,
        /// Life in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 3600, allow_negative_numbers = true)]
        expires_in: i64,
        /// Scopes, separated by commas or spaces.
        #[arg(long, default_value = "openid,user,data,credentials,admin,google_credentials")]
        scope: String,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
    /// Write a new API key file, as the login page would give it
    ApiKey {
        /// User name.
        name: String,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Life in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 2_592_000)]
        expires_in: i64,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
    /// List the users
    List {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Where everything is kept.
        #[command(flatten)]
        state: StateArgs,
    },
}

pub(crate) async fn run(command: UserCommand) -> anyhow::Result<()> {
    match command {
        UserCommand::Sync { file, dry_run, json, state } => sync(&file, dry_run, json, &state).await,
        UserCommand::Token { name, expires_in, scope, state } => {
            token(name, expires_in, &scope, &state).await
        }
        UserCommand::ApiKey { name, out, expires_in, state } => {
            let bench = Workbench::open(State::existing(&state.folder)?).await?;
            bench
                .with(async |bench: Arc<Workbench>| {
                    up::write_key_file(&*bench.fence()?, &name, Some(expires_in), &out).await
                })
                .await
        }
        UserCommand::List { json, state } => list(json, &state).await,
    }
}

async fn sync(file: &Path, dry_run: bool, json: bool, state: &StateArgs) -> anyhow::Result<()> {
    let users = up::read_user_yaml(Some(file))?;
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let report = bench
        .with(async |bench: Arc<Workbench>| {
            let (fence, arborist) = (bench.pool(DatabaseName::Fence)?, bench.pool(DatabaseName::Arborist)?);
            if dry_run {
                up::preview_users(&fence, &arborist, &users).await
            } else {
                up::load_users(&fence, &arborist, &users).await
            }
        })
        .await?;
    for problem in &users.warnings {
        eprintln!("{}: {problem}", file.display());
    }
    if json {
        let change = |change: &Change| json!({ "what": change.kind.text(), "name": change.what });
        let changes: Vec<_> = report.changes.iter().map(change).collect();
        tell(json!({ "dry_run": dry_run, "changes": changes }))?;
        return Ok(());
    }
    for change in &report.changes {
        tell(change)?;
    }
    tell(format_args!("{report}{}", if dry_run { " (nothing was changed)" } else { "" }))?;
    Ok(())
}

async fn token(name: String, expires_in: i64, scope: &str, state: &StateArgs) -> anyhow::Result<()> {
    let scopes: Vec<String> =
        scope.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let token = bench
        .with(async |bench: Arc<Workbench>| {
            let fence = bench.fence()?;
            Ok(credentials::access_token(&fence, &name, expires_in, Some(scopes)).await?)
        })
        .await?;
    tell(token)?;
    Ok(())
}

async fn list(json: bool, state: &StateArgs) -> anyhow::Result<()> {
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let users = bench
        .with(async |bench: Arc<Workbench>| Ok(fence::users::list(&bench.pool(DatabaseName::Fence)?).await?))
        .await?;
    if json {
        tell(serde_json::to_string(&users)?)?;
        return Ok(());
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["user", "name", "administrator"]);
    for user in users {
        let administrator = if user.is_admin == Some(true) { "yes" } else { "" };
        table.add_row([user.username, user.display_name.unwrap_or_default(), administrator.to_owned()]);
    }
    tell(table)?;
    Ok(())
}
