//! `commons etl run`.

use std::{collections::HashMap, io::IsTerminal as _, path::PathBuf, str::FromStr as _, sync::Arc};

use anyhow::Context as _;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use tube::{Built, Etl, Folder, Options};

use super::source::SourceArgs;
use crate::{
    commands::workbench::Workbench,
    databases::DatabaseName,
    failure::warn,
    output::{remark, tell},
    problems,
    state::State,
};

/// Options of `commons etl run`.
#[derive(Debug, Clone, Args)]
pub struct RunArgs {
    /// What is run.
    #[command(flatten)]
    source: SourceArgs,
    /// The folder for the documents: NAME.ndjson, NAME.mapping.json and NAME.array-config.json for each
    /// index. Files of an earlier run are replaced once an index is whole.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
    /// The graph's database. Default: that of the state folder.
    #[arg(long, value_name = "URL", env = "SHEEPDOG_DATABASE_URL", hide_env_values = true)]
    database_url: Option<String>,
    /// Take the resource paths of projects from `user_project_to_resource` of this user.yaml, where it has
    /// them. Default: `/programs/PROGRAM/projects/PROJECT`.
    #[arg(long, value_name = "FILE")]
    user_yaml: Option<PathBuf>,
    /// How many parts of an index are made side by side, each with a connection to the database.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u8).range(1..=64))]
    connections: u8,
}

pub(super) async fn run(args: RunArgs) -> anyhow::Result<()> {
    let etl = args.source.usable(&args.source.text()?, &args.source.dictionary().await?)?;
    let resources = args.user_yaml.as_ref().map(resources).transpose()?.unwrap_or_default();
    let options = Options { connections: usize::from(args.connections), resources };
    if let Some(url) = &args.database_url {
        // SQLAlchemy's spelling names the driver too.
        let url = url.replacen("postgresql+psycopg2://", "postgresql://", 1);
        let database = PgConnectOptions::from_str(&url).context("--database-url is not a PostgreSQL URL")?;
        return write(&args, &etl, &database, options).await;
    }
    let bench = Workbench::open(State::existing(&args.source.state.folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            let pool = bench.pool(DatabaseName::Sheepdog)?;
            write(&args, &etl, &pool.connect_options(), options).await
        })
        .await
}

/// The resource paths of project codes.
fn resources(file: &PathBuf) -> anyhow::Result<HashMap<String, String>> {
    let shown = || format!("{} cannot be used", file.display());
    let text = std::fs::read_to_string(file).with_context(shown)?;
    let file = problems::parse(&text).with_context(shown)?;
    let mut resources = HashMap::new();
    for project in file.users.values().flat_map(|user| &user.projects) {
        if let Some(resource) = &project.resource {
            resources.insert(project.auth_id.clone(), resource.clone());
        }
    }
    resources.extend(file.authz.user_project_to_resource);
    Ok(resources)
}

async fn write(
    args: &RunArgs,
    etl: &Etl,
    database: &PgConnectOptions,
    options: Options,
) -> anyhow::Result<()> {
    let mut folder = Folder::new(&args.to);
    let bar = bar(args.source.json);
    let progress = |index: &str, done: u64, all: u64| {
        bar.set_message(index.to_owned());
        bar.set_length(all);
        bar.set_position(done);
    };
    let built = etl.run(database, options, &mut folder, progress).await;
    bar.finish_and_clear();
    let built = built?;
    if args.source.json {
        return Ok(tell(json!({ "folder": args.to, "indices": built, "warnings": etl.warnings }))?);
    }
    for (name, Built { documents, misfits }) in built {
        remark(format_args!("{documents} documents in {}/{name}.ndjson", args.to.display()))?;
        for (field, values) in misfits {
            warn(&format!("{name}: {values} values of {field} do not have its type and are left out"));
        }
    }
    Ok(())
}

/// A progress bar; hidden where nobody looks at it.
fn bar(json: bool) -> ProgressBar {
    let is_seen = !json && std::io::stderr().is_terminal();
    let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(None, target).with_style(style)
}
