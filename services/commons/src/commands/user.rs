//! `commons user`.

use std::{path::Path, sync::Arc};

use arborist::sync::Change;
use comfy_table::{Table, presets::NOTHING};
use fence::credentials;
use serde::Serialize;
use serde_json::json;

use super::workbench::Workbench;
use crate::{
    cli::{DatabaseName, StateArgs, UserCommand},
    output::tell,
    state::State,
    up,
};

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
            up::load_users(&fence, &arborist, &users, dry_run).await
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

#[derive(Serialize, sqlx::FromRow)]
struct Listed {
    username: String,
    display_name: Option<String>,
    is_admin: Option<bool>,
}

async fn list(json: bool, state: &StateArgs) -> anyhow::Result<()> {
    const USERS: &str = r#"select username, display_name, is_admin from "User" order by username"#;
    let bench = Workbench::open(State::existing(&state.folder)?).await?;
    let users: Vec<Listed> = bench
        .with(async |bench: Arc<Workbench>| {
            Ok(sqlx::query_as(USERS).fetch_all(&bench.pool(DatabaseName::Fence)?).await?)
        })
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
