//! `commons client`: OAuth clients.

mod args;

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use chrono::{DateTime, SecondsFormat, Utc};
use comfy_table::{Table, presets::NOTHING};
use fence::clients::{self, Change, Credentials, ListedClient, NewClient};
use serde_json::json;

pub(crate) use self::args::{ClientCommand, CreateArgs, ModifyArgs};
use super::target::{Pools, TargetArgs};
use crate::{
    failure,
    output::{remark, tell},
};

/// Clients for themselves should not live longer than this.
const LONGEST_LIFE_DAYS: f64 = 366.0;

pub(crate) async fn run(command: ClientCommand) -> anyhow::Result<()> {
    match command {
        ClientCommand::Create(args) => {
            let json = args.json;
            show(&create(args).await?, json)
        }
        ClientCommand::Modify(args) => modify(args).await,
        ClientCommand::Rotate { name, expires_in, json, target } => {
            show(&rotate(name, expires_in, target).await?, json)
        }
        ClientCommand::List { json, target } => list(json, target).await,
        ClientCommand::Delete { name, id, target } => delete(name, id, target).await,
        ClientCommand::Expire { warning_days, json, target } => expire(warning_days, json, target).await,
    }
}

fn show(made: &Credentials, json: bool) -> anyhow::Result<()> {
    if json {
        return Ok(tell(serde_json::to_string(made)?)?);
    }
    tell(format_args!("client_id      {}", made.client_id))?;
    match &made.client_secret {
        Some(secret) => {
            tell(format_args!("client_secret  {secret}"))?;
            remark("keep the secret: it cannot be read again")?;
        }
        None => remark("it is public and has no secret")?,
    }
    Ok(())
}

/// The scopes that clients may have, by the configuration if there is one.
fn allowed_scopes(config: Option<&PathBuf>) -> anyhow::Result<Option<Vec<String>>> {
    let Some(file) = config else { return Ok(None) };
    let told = || format!("{} cannot be used", file.display());
    let text = std::fs::read_to_string(file).with_context(told)?;
    let document: serde_json::Value = serde_yaml_ng::from_str(&text).with_context(told)?;
    Ok(Some(fence::Config::from_document(&document).with_context(told)?.tokens.client_allowed_scopes))
}

fn all_scopes() -> Vec<String> {
    clients::SCOPES.map(str::to_owned).to_vec()
}

pub(super) async fn create(args: CreateArgs) -> anyhow::Result<Credentials> {
    let configured = allowed_scopes(args.fence_config.as_ref())?;
    let scopes = match (args.scopes.is_empty(), &configured) {
        (false, _) => args.scopes,
        (true, Some(configured)) => configured.clone(),
        (true, None) => ["openid", "user", "data"].map(str::to_owned).to_vec(),
    };
    if args.grants.iter().any(|grant| grant == "client_credentials")
        && args.expires_in.is_none_or(|days| days > LONGEST_LIFE_DAYS)
    {
        failure::warn("a client that acts for itself should expire within a year: --expires-in 365");
    }
    let new = NewClient {
        name: args.name,
        description: args.description,
        owner: args.owner,
        redirect_uris: args.urls,
        grants: args.grants,
        scopes,
        auto_approve: args.auto_approve,
        public: args.public,
        expires_in_days: args.expires_in,
    };
    let allowed = configured.unwrap_or_else(all_scopes);
    let target = args.target.open().await?;
    target
        .with(async |pools: Arc<Pools>| {
            let fence = pools.fence()?;
            let made = clients::create(&fence, &new, &allowed).await?;
            if !args.policies.is_empty()
                && let Err(error) = set_policies(&pools, &made.client_id, &args.policies).await
            {
                clients::delete(&fence, &new.name, Some(&made.client_id)).await?;
                return Err(error.context(format!("the client {} was not made", new.name)));
            }
            Ok(made)
        })
        .await
}

async fn set_policies(pools: &Pools, id: &str, policies: &[String]) -> anyhow::Result<()> {
    Ok(arborist::clients::set_policies(&pools.arborist()?, id, policies).await?)
}

pub(super) async fn modify(args: ModifyArgs) -> anyhow::Result<()> {
    let allowed = allowed_scopes(args.fence_config.as_ref())?.unwrap_or_else(all_scopes);
    let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
    let auto_approve = match (args.auto_approve, args.no_auto_approve) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let change = Change {
        name: args.rename,
        description: args.description,
        redirect_uris: if args.delete_urls { Some(Vec::new()) } else { some(args.urls) },
        scopes: some(args.scopes),
        append: args.append && !args.delete_urls,
        auto_approve,
        expires_in_days: args.expires_in,
    };
    let target = args.target.open().await?;
    target
        .with(async |pools: Arc<Pools>| {
            // What is missing is known before anything has changed.
            let sets_policies = !args.policies.is_empty();
            if sets_policies {
                pools.arborist()?;
            }
            let ids = clients::change(&pools.fence()?, &args.name, &change, &allowed).await?;
            for id in ids.iter().filter(|_| sets_policies) {
                set_policies(&pools, id, &args.policies).await?;
            }
            remark(format_args!("changed {}: {}", args.name, ids.join(", ")))?;
            Ok(())
        })
        .await
}

pub(super) async fn rotate(
    name: String,
    expires_in: Option<f64>,
    target: TargetArgs,
) -> anyhow::Result<Credentials> {
    let target = target.open().await?;
    target
        .with(async |pools: Arc<Pools>| {
            let fence = pools.fence()?;
            let old = clients::ids_by_name(&fence).await?.swap_remove(&name).unwrap_or_default();
            let made = clients::rotate(&fence, &name, expires_in).await?;
            match pools.arborist() {
                Ok(arborist) => {
                    let mut policies = Vec::new();
                    for id in &old {
                        policies.extend(arborist::clients::policies(&arborist, id).await?);
                    }
                    policies.sort();
                    policies.dedup();
                    if !policies.is_empty() {
                        set_policies(&pools, &made.client_id, &policies).await?;
                    }
                }
                Err(_) => failure::warn("the new identifier has no policies: name arborist's database too"),
            }
            Ok(made)
        })
        .await
}

fn time(seconds: i64) -> String {
    match DateTime::<Utc>::from_timestamp(seconds, 0) {
        Some(time) if seconds != 0 => time.to_rfc3339_opts(SecondsFormat::Secs, true),
        _ => "never".to_owned(),
    }
}

async fn list(json: bool, target: TargetArgs) -> anyhow::Result<()> {
    let clients = all(target).await?;
    if json {
        return Ok(tell(serde_json::to_string(&clients)?)?);
    }
    let mut table = Table::new();
    table.load_style(NOTHING).set_header([
        "client",
        "identifier",
        "grants",
        "scopes",
        "expires",
        "addresses",
    ]);
    for client in clients {
        let expires = if client.has_expired { "expired".to_owned() } else { time(client.expires_at) };
        let (grants, scopes) = (client.grant_types.join(" "), client.scopes.join(" "));
        table.add_row([
            client.name,
            client.client_id,
            grants,
            scopes,
            expires,
            client.redirect_uris.join(" "),
        ]);
    }
    Ok(tell(table)?)
}

pub(super) async fn all(target: TargetArgs) -> anyhow::Result<Vec<ListedClient>> {
    let target = target.open().await?;
    target.with(async |pools: Arc<Pools>| Ok(clients::list(&pools.fence()?).await?)).await
}

pub(super) async fn delete(name: String, id: Option<String>, target: TargetArgs) -> anyhow::Result<()> {
    let target = target.open().await?;
    target
        .with(async |pools: Arc<Pools>| {
            let ids = clients::delete(&pools.fence()?, &name, id.as_deref()).await?;
            forget(&pools, &ids).await?;
            remark(format_args!("deleted {name}: {}", ids.join(", ")))?;
            Ok(())
        })
        .await
}

/// Takes away what deleted clients might do, where arborist's database is known.
async fn forget(pools: &Pools, ids: &[String]) -> anyhow::Result<()> {
    match pools.arborist() {
        Ok(arborist) => Ok(arborist::clients::forget(&arborist, ids).await?),
        Err(_) => Ok(()),
    }
}

pub(super) async fn expire(warning_days: f64, json: bool, target: TargetArgs) -> anyhow::Result<()> {
    let target = target.open().await?;
    let (expired, soon) = target
        .with(async |pools: Arc<Pools>| {
            let expired = clients::delete_expired(&pools.fence()?).await?;
            let ids: Vec<String> = expired.iter().map(|client| client.client_id.clone()).collect();
            forget(&pools, &ids).await?;
            let last = Utc::now().timestamp() as f64 + warning_days * 86_400.0;
            let all = clients::list(&pools.fence()?).await?.into_iter();
            let is_soon =
                |client: &ListedClient| client.expires_at != 0 && (client.expires_at as f64) <= last;
            Ok((expired, all.filter(is_soon).collect::<Vec<_>>()))
        })
        .await?;
    if json {
        return Ok(tell(json!({ "deleted": expired, "expiring": soon }))?);
    }
    for client in &expired {
        tell(format_args!(
            "{} ({}) expired {}: deleted",
            client.name,
            client.client_id,
            time(client.expires_at)
        ))?;
    }
    for client in &soon {
        tell(format_args!("{} ({}) expires {}", client.name, client.client_id, time(client.expires_at)))?;
    }
    if expired.is_empty() && soon.is_empty() {
        remark("no client has expired, and none will soon")?;
    }
    Ok(())
}
