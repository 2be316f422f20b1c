//! `commons user sync` and `commons user validate`.

use std::{path::PathBuf, sync::Arc};

use anyhow::Context as _;
use arborist::sync::HeavyLoss;
use clap::Args;
use serde_json::{Value, json};
use useryaml::UserYaml;

use super::{dbgap, source};
use crate::{
    commands::target::{Pools, TargetArgs},
    failure::{self, Failure},
    output::tell,
    problems,
    up::{self, Changes, Loading},
};

/// Options of `commons user sync`.
#[derive(Debug, Clone, Args)]
pub struct SyncArgs {
    /// The user.yaml: a file, a folder or git checkout that has one, http(s)://…, s3://bucket/key, or
    /// git+https://…#branch:path.
    #[arg(required_unless_present = "dbgap")]
    pub file: Option<String>,
    /// Say what would change, and change nothing.
    #[arg(long)]
    pub dry_run: bool,
    /// Load it even if it takes away more than half of all rights, or more than --max-removals allows.
    #[arg(long)]
    pub yes: bool,
    /// How many users may lose all of their rights.
    #[arg(long, value_name = "USERS")]
    pub max_removals: Option<usize>,
    /// Access files of dbGaP, and folders of such files.
    #[arg(long, value_name = "FILE|DIR", num_args = 1..)]
    pub dbgap: Vec<PathBuf>,
    /// fence-config.yaml, whose section dbGaP says how to read the access files.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH")]
    pub fence_config: Option<PathBuf>,
    /// A YAML file that maps studies of dbGaP to projects.
    #[arg(long, value_name = "FILE")]
    pub projects: Option<PathBuf>,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
    /// The databases.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// Options of `commons user validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArgs {
    /// The user.yaml: a file, a folder or git checkout that has one, http(s)://…, s3://bucket/key, or
    /// git+https://…#branch:path.
    pub file: String,
    /// As JSON.
    #[arg(long)]
    pub json: bool,
}

pub(crate) async fn run(args: SyncArgs) -> anyhow::Result<()> {
    let users = read(&args).await?;
    for problem in &users.warnings {
        let file = args.file.as_deref().unwrap_or("the access files");
        eprintln!("{file}: {problem}");
    }
    // A commons on one machine always has its administrator; elsewhere the file is the whole truth.
    let users = if args.target.by_url() { users } else { up::with_administrator(users) };
    let loading = Loading {
        heavy_loss: if args.yes || args.dry_run { HeavyLoss::Allowed } else { HeavyLoss::Refused },
        most_losers: args.max_removals,
        dry_run: args.dry_run,
    };
    let changes = args
        .target
        .open()
        .await?
        .with(async |pools: Arc<Pools>| {
            up::load_users(&pools.fence()?, &pools.arborist()?, &users, loading).await
        })
        .await?;
    if args.json { tell(as_json(&changes, &args)) } else { in_words(&changes, &args) }?;
    Ok(())
}

async fn read(args: &SyncArgs) -> anyhow::Result<UserYaml> {
    let mut users = match &args.file {
        Some(file) => {
            let told = || format!("{file} cannot be used");
            problems::parse(&source::fetch(file).await?).with_context(told)?
        }
        None => UserYaml::default(),
    };
    if !args.dbgap.is_empty() {
        let files = dbgap::Files {
            paths: &args.dbgap,
            fence_config: args.fence_config.as_deref(),
            projects: args.projects.as_deref(),
        };
        dbgap::merge(&files, &mut users)?;
    }
    Ok(users)
}

fn as_json(changes: &Changes, args: &SyncArgs) -> Value {
    let accounts = changes.accounts.changes.iter().map(|change| (change.kind.text(), &change.what));
    let rights = changes.rights.changes.iter().map(|change| (change.kind.text(), &change.what));
    let one = |(what, name): (&str, &String)| json!({ "what": what, "name": name });
    let loss = &changes.rights.loss;
    json!({
        "dry_run": args.dry_run,
        "accounts": accounts.map(one).collect::<Vec<_>>(),
        "changes": rights.map(one).collect::<Vec<_>>(),
        "more_than_half_goes": loss.is_heavy(),
        "lose_all_rights": changes.rights.losers,
        "grants": { "before": loss.grants, "lost": loss.grants_lost },
        "unknown_clients": changes.rights.unknown_clients,
    })
}

fn in_words(changes: &Changes, args: &SyncArgs) -> std::io::Result<()> {
    let mut lines: Vec<String> = Vec::new();
    let accounts = &changes.accounts.changes;
    lines.extend(accounts.iter().map(|change| format!("{} {}", change.kind.text(), change.what)));
    lines.extend(changes.rights.changes.iter().map(ToString::to_string));
    let named = changes.rights.unknown_clients.iter();
    lines.extend(named.map(|name| format!("left out: fence knows no client {name}")));
    let of_accounts = match accounts.len() {
        0 => String::new(),
        1 => "1 change of accounts; rights: ".to_owned(),
        more => format!("{more} changes of accounts; rights: "),
    };
    let ending = if args.dry_run { " (nothing was changed)" } else { "" };
    lines.push(format!("{of_accounts}{}{ending}", changes.rights));
    tell(lines.join("\n"))?;
    if args.dry_run && changes.rights.loss.is_heavy() {
        failure::warn(&format!("this takes away {}; loading it needs --yes", changes.rights.loss));
    }
    Ok(())
}

/// Checks a file, and looks at no database.
pub(crate) async fn validate(args: ValidateArgs) -> anyhow::Result<()> {
    let text = source::fetch(&args.file).await?;
    let (warnings, errors) = match UserYaml::parse(&text) {
        Ok(users) => (users.warnings, Vec::new()),
        Err(errors) => (Vec::new(), errors),
    };
    if args.json {
        let answer = json!({
            "valid": errors.is_empty(), "errors": errors.len(),
            "problems": problems::as_json(&errors), "warnings": problems::as_json(&warnings),
        });
        tell(answer)?;
    } else {
        for warning in &warnings {
            eprintln!("{}: {warning}", args.file);
        }
    }
    if !errors.is_empty() {
        let told = format!("{} cannot be used:\n{}", args.file, problems::told(&errors));
        return Err(Failure::NotInOrder(told).into());
    }
    if !args.json {
        tell(format_args!("{} is in order", args.file))?;
    }
    Ok(())
}
