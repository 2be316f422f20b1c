//! `commons user list`, `show`, `disable` and `enable`.

use std::sync::Arc;

use anyhow::Context as _;
use arborist::operator::{self, Holding, Holdings};
use authz::Standing;
use clap::Args;
use comfy_table::{Table, presets::NOTHING};
use fence::users::ShownUser;
use serde_json::json;
use sqlx::PgPool;

use super::credentials::user_name;
use crate::{
    commands::target::{Pools, TargetArgs},
    failure::Failure,
    output::{remark, tell},
};

/// What is said when arborist's database does not take who is deactivated.
const UNTOLD: &str = "arborist's database does not take who is deactivated; if another program has made it, \
                      `commons migrate arborist` adds what it lacks";

/// Options of `commons user list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases; fence's is enough.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of the commands about one user.
#[derive(Debug, Clone, Args)]
pub struct OneArgs {
    /// User name.
    #[arg(value_parser = user_name)]
    pub name: String,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

pub(super) async fn list(args: ListArgs) -> anyhow::Result<()> {
    let target = args.target.open().await?;
    let users = target.with(async |pools: Arc<Pools>| Ok(fence::users::list(&pools.fence()?).await?)).await?;
    if args.json {
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

pub(super) async fn show(args: OneArgs) -> anyhow::Result<()> {
    let found = args
        .target
        .open()
        .await?
        .with(async |pools: Arc<Pools>| {
            let user = fence::users::show(&pools.fence()?, &args.name).await?;
            let held = operator::holdings_of(&pools.arborist()?, &args.name).await?;
            Ok(user.map(|user| (user, held)))
        })
        .await?;
    let (user, held) = found.ok_or_else(|| unknown(&args.name))?;
    if args.json {
        let mut shown = serde_json::to_value(&user)?;
        shown["groups"] = json!(held.groups);
        shown["policies"] = json!(held.policies);
        tell(shown)?;
    } else {
        tell(in_words(&user, &held))?;
    }
    Ok(())
}

fn in_words(user: &ShownUser, held: &Holdings) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING);
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            table.add_row([name.to_owned(), value]);
        }
    };
    row("user", user.username.clone());
    row("name", user.display_name.clone().unwrap_or_default());
    row("e-mail", user.email.clone().unwrap_or_default());
    row("telephone", user.phone_number.clone().unwrap_or_default());
    row("state", if user.active { "may log in" } else { "disabled" }.to_owned());
    row("administrator", if user.is_admin { "yes" } else { "" }.to_owned());
    row("logs in by", user.idp.clone());
    row("API keys", user.api_keys.to_string());
    for (key, value) in &user.tags {
        row("label", format!("{key}: {}", value.as_deref().unwrap_or_default()));
    }
    for (project, methods) in &user.project_access {
        row("project", format!("{project}: {}", methods.join(", ")));
    }
    held.groups.iter().for_each(|group| row("group", holding(group)));
    held.policies.iter().for_each(|policy| row("policy", holding(policy)));
    table
}

/// "reader until 2030-01-31 12:00 UTC (by requestor)".
fn holding(held: &Holding) -> String {
    let until = held.expires_at.map(|time| format!(" until {}", time.format("%Y-%m-%d %H:%M UTC")));
    let by = held.label.as_ref().map(|label| format!(" (by {label})"));
    format!("{}{}{}", held.name, until.unwrap_or_default(), by.unwrap_or_default())
}

fn unknown(name: &str) -> Failure {
    Failure::Prerequisite(format!("there is no user {name:?}; `commons user list` shows all"))
}

/// Shuts a user out at once: arborist denies from now on, whatever tokens the user has.
pub(super) async fn disable(args: OneArgs) -> anyhow::Result<()> {
    let (name, held) = args
        .target
        .open()
        .await?
        .with(async |pools: Arc<Pools>| {
            let disabled = shut_out(&pools.fence()?, &pools.arborist()?, &args.name).await?;
            Ok(disabled.ok_or_else(|| unknown(&args.name))?)
        })
        .await?;
    if args.json {
        tell(json!({ "user": name, "active": false, "taken_away": held }))?;
    } else {
        let told = "sessions, API keys and tokens end";
        remark(format_args!(
            "{name} is disabled: no login, {told}, and {held} grants and memberships are gone"
        ))?;
    }
    Ok(())
}

/// Shuts the user of this name out: first at arborist, so that a failure leaves the user outside. Returns the
/// name as it is written, and how much the user held; none if there is no such user.
pub(crate) async fn shut_out(
    fence: &PgPool,
    arborist: &PgPool,
    name: &str,
) -> anyhow::Result<Option<(String, usize)>> {
    if !fence::users::exists(fence, name).await? {
        return Ok(None);
    }
    let told = operator::set_standing(arborist, vec![name.to_owned()], Standing::Deactivated).await;
    told.context(UNTOLD)?;
    let Some(name) = fence::users::disable(fence, name).await? else { return Ok(None) };
    let held = operator::take_everything(arborist, &name).await?;
    Ok(Some((name, held)))
}

/// Lets a user in again.
pub(super) async fn enable(args: OneArgs) -> anyhow::Result<()> {
    let target = args.target.open().await?;
    let name = target
        .with(async |pools: Arc<Pools>| {
            let arborist = pools.arborist()?;
            let Some(name) = fence::users::enable(&pools.fence()?, &args.name).await? else {
                return Ok(None);
            };
            let told = operator::set_standing(&arborist, vec![name.clone()], Standing::Active).await;
            told.context(UNTOLD)?;
            Ok(Some(name))
        })
        .await?;
    let name = name.ok_or_else(|| unknown(&args.name))?;
    if args.json {
        tell(json!({ "user": name, "active": true }))?;
    } else {
        remark(format_args!("{name} may log in again; rights come with the next `commons user sync`"))?;
    }
    Ok(())
}
