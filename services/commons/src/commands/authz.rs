//! `commons authz`: why somebody may or may not do something, who may, and what changed.

use std::{fmt::Write as _, sync::Arc};

use anyhow::Context as _;
use arborist::{
    explain::{Allowed, Asked, Circle, Explanation, Grant, History, Via},
    operator,
};
use chrono::{DateTime, NaiveDate, Utc};
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::target::{Pools, TargetArgs};
use crate::output::tell;

/// Questions about rights.
#[derive(Debug, Subcommand)]
pub enum AuthzCommand {
    /// Say why a user may or may not do something to a resource: which policy, role and group permits it and
    /// until when, or what is missing and who could give it
    Explain(ExplainArgs),
    /// Say who may do something to a resource
    Who(WhoArgs),
    /// Say what changed for a user since a point in time
    Changes(ChangesArgs),
}

/// Options of `commons authz explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// User name; `-` for somebody who is not logged in.
    pub user: String,
    /// The resource, a path such as /programs/P/projects/X.
    pub resource: String,
    /// The service; without one, everything that the user may do there.
    #[arg(requires = "method")]
    pub service: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases; arborist's is enough.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `commons authz who`.
#[derive(Debug, Clone, Args)]
pub struct WhoArgs {
    /// The resource, a path such as /programs/P/projects/X.
    pub resource: String,
    /// The service; without one, all who may do anything there.
    #[arg(requires = "method")]
    pub service: Option<String>,
    /// The method.
    pub method: Option<String>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases; arborist's is enough.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `commons authz changes`.
#[derive(Debug, Clone, Args)]
pub struct ChangesArgs {
    /// User name.
    pub user: String,
    /// From when on: a day (2030-01-31) or a time (2030-01-31T12:00:00Z).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: DateTime<Utc>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases; arborist's is enough.
    #[command(flatten)]
    pub target: TargetArgs,
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(chrono::NaiveTime::MIN).and_utc());
    }
    text.parse().map_err(|_| "write a day as 2030-01-31 or a time as 2030-01-31T12:00:00Z".to_owned())
}

pub(crate) async fn run(command: AuthzCommand) -> anyhow::Result<()> {
    match command {
        AuthzCommand::Explain(args) => explain(args).await,
        AuthzCommand::Who(args) => who(args).await,
        AuthzCommand::Changes(args) => changes(args).await,
    }
}

async fn explain(args: ExplainArgs) -> anyhow::Result<()> {
    let asked = Asked { resource: args.resource, service: args.service, method: args.method };
    let user = Some(args.user.as_str()).filter(|user| *user != "-");
    let target = args.target.open().await?;
    let found = target
        .with(async |pools: Arc<Pools>| Ok(operator::explain(&pools.arborist()?, user, asked).await?))
        .await?;
    if args.json {
        tell(serde_json::to_string(&found)?)?;
    } else {
        tell(explained(&found).trim_end())?;
    }
    Ok(())
}

fn explained(found: &Explanation) -> String {
    let mut text = String::new();
    let mut line = |words: String| writeln!(text, "{words}").expect("writing into a String cannot fail");
    let who = found.user.as_deref().unwrap_or("somebody who is not logged in");
    let may = if found.allowed { "may" } else { "may not" };
    line(format!("{who} {may} {}", deed(&found.asked, found.allowed)));
    if found.deactivated {
        line(format!("{who} is deactivated, and so has what everybody has; `commons user enable` ends that"));
    }
    found.because.iter().for_each(|grant| line(format!("  {}", granted(grant))));
    if !found.expired.is_empty() {
        line("expired:".to_owned());
        found.expired.iter().for_each(|grant| line(format!("  {}", granted(grant))));
    }
    if found.allowed {
        return text;
    }
    if !found.otherwise.is_empty() {
        let actions: Vec<String> =
            found.otherwise.iter().map(|action| format!("{} {}", action.service, action.method)).collect();
        line(format!("what {who} may do here: {}", actions.join(", ")));
    }
    if !found.elsewhere.is_empty() && found.asked.service.is_some() {
        line(format!("where {who} may do this: {}", found.elsewhere.join(", ")));
    }
    let remedies = found.remedies.iter().flatten();
    let remedies: Vec<String> = remedies
        .map(|remedy| {
            let groups = match remedy.groups.as_slice() {
                [] => String::new(),
                groups => format!(", which the groups {} have", groups.join(", ")),
            };
            format!("  the policy {} on {}{groups}", remedy.policy, remedy.resource)
        })
        .collect();
    if remedies.is_empty() {
        line("no policy permits this; one is to be made first".to_owned());
    } else {
        line("one of these would do:".to_owned());
        remedies.into_iter().for_each(&mut line);
    }
    let approvers = found.approvers.as_deref().unwrap_or_default();
    let approvers = match approvers {
        [] => String::new(),
        names => format!(", or who may approve a request: {}", names.join(", ")),
    };
    line(format!("who could grant it: whoever maintains the user.yaml{approvers}"));
    text
}

/// "do fence read-storage on /programs/P".
fn deed(asked: &Asked, allowed: bool) -> String {
    match (&asked.service, &asked.method) {
        (Some(service), Some(method)) => format!("do {service} {method} on {}", asked.resource),
        _ if allowed => format!("do this on {}", asked.resource),
        _ => format!("do anything on {}", asked.resource),
    }
}

/// "policy reader on /programs, role reader (fence read-storage), by the group team, until 2030-01-31".
fn granted(grant: &Grant) -> String {
    let Grant { policy, resource, role, permits, .. } = grant;
    let via = match &grant.via {
        Via::User => "granted to the user".to_owned(),
        Via::Group(group) => format!("by the group {group}"),
        Via::Everybody(group) if group == "anonymous" => "which everybody has".to_owned(),
        Via::Everybody(_) => "which everybody has who is logged in".to_owned(),
        Via::Client(client) => format!("granted to the client {client}"),
    };
    let label = grant.label.as_ref().map(|label| format!(" (by {label})")).unwrap_or_default();
    let until = grant.expires_at.map(|time| format!(", until {}", time.format("%Y-%m-%d %H:%M UTC")));
    let until = until.unwrap_or_default();
    format!(
        "policy {policy} on {resource}, role {role} ({} {}), {via}{label}{until}",
        permits.service, permits.method
    )
}

async fn who(args: WhoArgs) -> anyhow::Result<()> {
    let asked = Asked { resource: args.resource, service: args.service, method: args.method };
    let target = args.target.open().await?;
    let found = target
        .with(async |pools: Arc<Pools>| Ok(operator::who_may(&pools.arborist()?, &asked).await?))
        .await?;
    if args.json {
        tell(serde_json::to_string(&found)?)?;
    } else {
        tell(circle(&found))?;
    }
    Ok(())
}

fn circle(found: &Circle) -> String {
    let line = |one: &Allowed| {
        let until = one.expires_at.map(|time| format!(", until {}", time.format("%Y-%m-%d %H:%M UTC")));
        format!("{} (by {}{})", one.who, one.policies.join(", "), until.unwrap_or_default())
    };
    let mut lines: Vec<String> = Vec::new();
    lines.extend(found.everybody.iter().map(|one| format!("everybody: {}", line(one))));
    lines.extend(found.users.iter().map(line));
    lines.extend(found.clients.iter().map(|one| format!("client {}", line(one))));
    if found.more {
        lines.push("and more".to_owned());
    }
    if lines.is_empty() { "nobody".to_owned() } else { lines.join("\n") }
}

async fn changes(args: ChangesArgs) -> anyhow::Result<()> {
    let target = args.target.open().await?;
    let found = target
        .with(async |pools: Arc<Pools>| {
            Ok(operator::changes(&pools.arborist()?, &args.user, args.since).await?)
        })
        .await
        .context("the log of grants cannot be read")?;
    if args.json {
        tell(as_json(&found))?;
    } else {
        tell(history(&found))?;
    }
    Ok(())
}

fn as_json(found: &History) -> Value {
    let line = |event: &arborist::explain::Event| {
        let mut line = json!(event);
        line["text"] = event.in_words().into();
        line
    };
    let events: Vec<Value> = found.events.iter().map(line).collect();
    json!({ "user": found.user, "since": found.since, "events": events, "more": found.more })
}

fn history(found: &History) -> String {
    let line = |event: &arborist::explain::Event| {
        let until = event.expires_at.map(|time| format!(" until {}", time.format("%Y-%m-%d %H:%M UTC")));
        let label = event.label.as_ref().map(|label| format!(" (by {label})"));
        let at = event.at.format("%Y-%m-%d %H:%M:%S UTC");
        format!("{at}  {}{}{}", event.in_words(), until.unwrap_or_default(), label.unwrap_or_default())
    };
    let mut lines: Vec<String> = found.events.iter().map(line).collect();
    if found.more {
        lines.push("and earlier ones".to_owned());
    }
    if lines.is_empty() { "nothing changed".to_owned() } else { lines.join("\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_times_are_taken() {
        assert_eq!(time("2030-01-31").unwrap().to_rfc3339(), "2030-01-31T00:00:00+00:00");
        assert_eq!(time("2030-01-31T12:00:00+02:00").unwrap().to_rfc3339(), "2030-01-31T10:00:00+00:00");
        assert!(time("yesterday").is_err());
    }
}
