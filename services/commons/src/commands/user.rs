//! `commons user`.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use arborist::sync::{Change, HeavyLoss};
use clap::Subcommand;
use comfy_table::{Table, presets::NOTHING};
use fence::credentials;
use serde_json::json;

use super::workbench::Workbench;
use crate::{
    databases::DatabaseName,
    failure::{self, Failure},
    output::{remark, tell},
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
        /// Load it even if it takes away more than half of all rights.
        #[arg(long)]
        yes: bool,
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
        #[arg(value_parser = user_name)]
        name: String,
        /// Make the user if there is none.
        #[arg(long)]
        create: bool,
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
        #[arg(value_parser = user_name)]
        name: String,
        /// Make the user if there is none.
        #[arg(long)]
        create: bool,
        /// The file to write.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Replace the file if it is there already.
        #[arg(long)]
        force: bool,
        /// Life in seconds.
        #[arg(long, value_name = "SECONDS", default_value_t = 2_592_000, allow_negative_numbers = true)]
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
        UserCommand::Sync { file, dry_run, yes, json, state } => {
            let how = match (dry_run, yes) {
                (true, _) => How::DryRun,
                (false, true) => How::Load(HeavyLoss::Allowed),
                (false, false) => How::Load(HeavyLoss::Refused),
            };
            sync(&file, how, json, &state).await
        }
        UserCommand::Token { name, create, expires_in, scope, state } => {
            let who = Who { name, create };
            token(who, expires_in, &scope, &state).await
        }
        UserCommand::ApiKey { name, create, out, force, expires_in, state } => {
            api_key(Who { name, create }, &out, force, expires_in, &state).await
        }
        UserCommand::List { json, state } => list(json, &state).await,
    }
}

/// What a sync is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    DryRun,
    Load(HeavyLoss),
}

async fn sync(file: &Path, how: How, json: bool, state: &StateArgs) -> anyhow::Result<()> {
    let users = up::read_user_yaml(Some(file))?;
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let report = bench
        .with(async |bench: Arc<Workbench>| {
            let (fence, arborist) = (bench.pool(DatabaseName::Fence)?, bench.pool(DatabaseName::Arborist)?);
            match how {
                How::DryRun => up::preview_users(&fence, &arborist, &users).await,
                How::Load(heavy_loss) => up::load_users(&fence, &arborist, &users, heavy_loss).await,
            }
        })
        .await?;
    for problem in &users.warnings {
        eprintln!("{}: {problem}", file.display());
    }
    let dry_run = how == How::DryRun;
    let needs_yes = report.loss.is_heavy();
    if json {
        let change = |change: &Change| json!({ "what": change.kind.text(), "name": change.what });
        let changes: Vec<_> = report.changes.iter().map(change).collect();
        tell(json!({ "dry_run": dry_run, "changes": changes, "more_than_half_goes": needs_yes }))?;
        return Ok(());
    }
    for change in &report.changes {
        tell(change)?;
    }
    tell(format_args!("{report}{}", if dry_run { " (nothing was changed)" } else { "" }))?;
    if dry_run && needs_yes {
        failure::warn(&format!("this takes away {}; loading it needs --yes", report.loss));
    }
    Ok(())
}

/// A user by name.
struct Who {
    name: String,
    /// Whether the user is made if there is none.
    create: bool,
}

impl Who {
    /// A name that was mistyped must not become a user.
    ///
    /// # Errors
    /// When there is no such user and none is to be made.
    async fn check(&self, bench: &Workbench) -> anyhow::Result<()> {
        if self.create || fence::users::exists(&bench.pool(DatabaseName::Fence)?, &self.name).await? {
            return Ok(());
        }
        let told = format!(
            "there is no user {:?}; `commons user list` shows all, and --create makes this one",
            self.name
        );
        Err(Failure::Prerequisite(told).into())
    }
}

/// A name that can be one of a user.
fn user_name(name: &str) -> Result<String, String> {
    if name.trim().is_empty() {
        return Err("a user has a name".to_owned());
    }
    if name != name.trim() || name.contains(char::is_control) {
        return Err("a name has no blanks at its ends and no control characters".to_owned());
    }
    Ok(name.to_owned())
}

async fn api_key(
    who: Who,
    out: &Path,
    force: bool,
    expires_in: i64,
    state: &StateArgs,
) -> anyhow::Result<()> {
    let out = std::path::absolute(out)?;
    if !force && out.exists() {
        let told = format!("{} is there already; --force replaces it", out.display());
        return Err(Failure::Prerequisite(told).into());
    }
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let name = bench
        .with(async |bench: Arc<Workbench>| {
            who.check(&bench).await?;
            up::write_key_file(&*bench.fence()?, &who.name, Some(expires_in), &out).await?;
            Ok(who.name)
        })
        .await?;
    remark(format_args!("the API key of {name} is in {}", out.display()))?;
    Ok(())
}

async fn token(who: Who, expires_in: i64, scope: &str, state: &StateArgs) -> anyhow::Result<()> {
    let scopes: Vec<String> =
        scope.split([',', ' ']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect();
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let token = bench
        .with(async |bench: Arc<Workbench>| {
            who.check(&bench).await?;
            let fence = bench.fence()?;
            Ok(credentials::access_token(&fence, &who.name, expires_in, Some(scopes)).await?)
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
