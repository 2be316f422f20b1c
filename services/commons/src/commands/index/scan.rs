//! `commons index scan`.

use std::{io::IsTerminal as _, ops::ControlFlow, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use clap::Args;
use fence::upload_indexing::{Counts, Doing, Indexer, Scan, Seen};
use indexclient::IndexClient;
use indexd::Indexd;
use indicatif::{ProgressBar, ProgressStyle};
use sqlx::PgPool;
use storage::{AwsCredentials, Bucket, BucketConfig, Buckets, Kind, ObjectStore, S3Store};

use crate::{
    commands::workbench::Workbench,
    databases::{self, DatabaseName},
    failure::Failure,
    http_client::http_client,
    index_options::layout_setting,
    output::tell,
    state::{State, StateArgs},
};

/// Name of the object store's keys.
const CREDENTIALS: &str = "embedded";
const STORE_IS_DOWN: &str = "the object store runs with the commons; start it with `commons up`, or name \
                             another one by --config and --index-database";
const MIB: u64 = 1_048_576;

/// Options of `commons index scan`.
#[derive(Debug, Args)]
pub struct ScanArgs {
    /// A bucket of S3, or s3://BUCKET/PREFIX, gs://BUCKET/PREFIX, az://HOST/CONTAINER/PREFIX.
    #[arg(value_name = "BUCKET|URL")]
    pub place: String,
    /// Look only at objects whose keys begin so.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub prefix: String,
    /// Say what would be done, and do nothing.
    #[arg(long, conflicts_with = "create")]
    pub dry_run: bool,
    /// Make records for objects that have none.
    #[arg(long, requires = "authz")]
    pub create: bool,
    /// A resource path of the records that are made; may be repeated.
    #[arg(long, value_name = "PATH", requires = "create")]
    pub authz: Vec<String>,
    /// Objects that are read at the same time.
    #[arg(
        long,
        value_name = "NUMBER",
        default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=64)
    )]
    pub at_once: u8,
    /// Read at most so many MiB in a second, of all objects together.
    #[arg(long, value_name = "MIB")]
    pub rate: Option<u32>,
    /// One line of JSON for each object that is not in order, and one for the end.
    #[arg(long)]
    pub json: bool,
    /// fence-config.yaml, which says how buckets are reached. Default: the object store of the state folder.
    #[arg(long, value_name = "FILE", env = "FENCE_CONFIG_PATH", requires = "index_database")]
    pub config: Option<PathBuf>,
    /// The database of the file index, if there is no state folder.
    #[arg(
        long,
        value_name = "URL",
        env = "INDEXD_DATABASE_URL",
        hide_env_values = true,
        requires = "config"
    )]
    pub index_database: Option<String>,
    /// Where everything is kept.
    #[command(flatten)]
    pub state: StateArgs,
}

pub(crate) async fn run(args: ScanArgs) -> anyhow::Result<()> {
    if let Some(authz) = args.authz.iter().find(|path| !path.starts_with('/')) {
        anyhow::bail!("--authz {authz}: a resource path begins with a slash, such as /programs/P/projects/X");
    }
    let (bucket, prefix) = place(&args)?;
    if let (Some(config), Some(database)) = (&args.config, &args.index_database) {
        let told = || format!("{} cannot be used", config.display());
        let text = std::fs::read_to_string(config).with_context(told)?;
        let document: serde_json::Value = serde_yaml_ng::from_str(&text).with_context(told)?;
        let settings = fence::Config::from_document(&document).with_context(told)?;
        if bucket.kind() == Kind::S3 && !settings.buckets().with_context(told)?.contains(bucket.name()) {
            let told =
                format!("the bucket {} is not among S3_BUCKETS of {}", bucket.name(), config.display());
            return Err(Failure::Prerequisite(told).into());
        }
        let store = Arc::new(settings.stores(&http_client()?).with_context(told)?);
        let database = database.replacen("postgresql+psycopg2://", "postgresql://", 1);
        return scan(&args, bucket, prefix, store, databases::reached(&database).await?).await;
    }
    let bench = Workbench::open(State::existing(&args.state.folder)?).await?;
    bench
        .with(async |bench: Arc<Workbench>| {
            if bench.state.running()?.is_none() {
                return Err(Failure::Prerequisite(STORE_IS_DOWN.into()).into());
            }
            anyhow::ensure!(bucket.kind() == Kind::S3, "{bucket}: how is it reached? give --config");
            let store = Arc::new(S3Store::new(embedded(&bench, bucket.name())?));
            scan(&args, bucket, prefix, store, bench.pool(DatabaseName::Indexd)?).await
        })
        .await
}

/// The bucket, and the beginning of the keys in it.
fn place(args: &ScanArgs) -> anyhow::Result<(Bucket, String)> {
    let place = &args.place;
    let url = if place.contains("://") { place.clone() } else { format!("s3://{place}") };
    let Some((bucket, beginning)) = Bucket::split(&url).filter(|(bucket, _)| bucket.kind() != Kind::Folder)
    else {
        anyhow::bail!("{place}: only buckets of S3 and Google and containers of Azure can be looked through");
    };
    let is_named = !bucket.name().is_empty() && !bucket.name().ends_with('/');
    anyhow::ensure!(is_named, "{place}: which bucket? name it, or give s3://BUCKET");
    Ok((bucket, format!("{beginning}{}", args.prefix)))
}

/// The store of a commons on this machine.
fn embedded(bench: &Workbench, bucket: &str) -> anyhow::Result<Buckets> {
    let secrets = bench.state.secrets()?;
    let keys = AwsCredentials::key(secrets.store_access_key, secrets.store_secret_key);
    let config = BucketConfig {
        cred: CREDENTIALS.to_owned(),
        endpoint_url: Some(bench.run.object_store.clone()),
        ..BucketConfig::default()
    };
    let (buckets, keys) = ([(bucket.to_owned(), config)].into(), [(CREDENTIALS.to_owned(), keys)].into());
    Ok(Buckets::new(buckets, &keys)?)
}

async fn scan(
    args: &ScanArgs,
    bucket: Bucket,
    prefix: String,
    store: Arc<dyn ObjectStore>,
    pool: PgPool,
) -> anyhow::Result<()> {
    let layout = layout_setting(args.index_database.as_deref())?;
    let config = indexd::Config { layout, ..indexd::Config::default() };
    let index: Arc<dyn IndexClient> = Indexd::build(config, pool, None);
    let rate = u64::from(args.rate.unwrap_or(0)) * MIB;
    let scan = Scan {
        indexer: Indexer::new(index.clone(), store.clone()).reading_at_most(rate),
        index,
        store,
        bucket,
        prefix,
        at_once: args.at_once.into(),
        doing: match (args.dry_run, args.create) {
            (true, _) => Doing::Report,
            (false, true) => Doing::Create(args.authz.clone()),
            (false, false) => Doing::Fill,
        },
    };
    let mut shown = Shown::new(args.json);
    let counts = scan.run(|seen| shown.show(seen)).await;
    shown.bar.finish_and_clear();
    let counts =
        counts.context("the bucket cannot be looked through to its end; what was done stays done")?;
    if let Some(error) = shown.error {
        return Err(error);
    }
    conclude(args, &counts)
}

/// What is shown while it works.
struct Shown {
    json: bool,
    bar: ProgressBar,
    done: u64,
    bytes: u64,
    error: Option<anyhow::Error>,
}

impl Shown {
    fn new(json: bool) -> Self {
        let bar = if json || !std::io::stderr().is_terminal() {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        bar.set_style(
            ProgressStyle::with_template("{spinner} {msg} ({elapsed})")
                .unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        bar.enable_steady_tick(Duration::from_millis(200));
        Self { json, bar, done: 0, bytes: 0, error: None }
    }

    fn show(&mut self, seen: &Seen) -> ControlFlow<()> {
        match self.tell(seen) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.error = Some(error);
                ControlFlow::Break(())
            }
        }
    }

    fn tell(&mut self, seen: &Seen) -> anyhow::Result<()> {
        if let Seen::Filled { size, .. } | Seen::Created { size, .. } = seen {
            (self.done, self.bytes) = (self.done + 1, self.bytes + size);
        }
        if let Seen::Page { objects } = seen {
            let mib = self.bytes / MIB;
            self.bar.set_message(format!("{objects} objects, {} hashed, {mib} MiB", self.done));
            return Ok(());
        }
        if self.json {
            return Ok(tell(serde_json::to_string(seen)?)?);
        }
        let Some(line) = in_words(seen) else { return Ok(()) };
        self.bar.suspend(|| tell(line)).map_err(Into::into)
    }
}

/// What is told of an object.
pub(crate) fn in_words(seen: &Seen) -> Option<String> {
    Some(match seen {
        Seen::Blank { url, guid } => format!("blank: {url} (record {guid})"),
        Seen::WithoutRecord { url } => format!("without a record: {url}"),
        Seen::Filled { url, guid, size } => format!("filled: {url} (record {guid}, {size} bytes)"),
        Seen::Created { url, guid, size } => format!("created: {url} (record {guid}, {size} bytes)"),
        Seen::Failed { url, error } => format!("failed: {url}: {error}"),
        Seen::Page { .. } => return None,
    })
}

fn conclude(args: &ScanArgs, counts: &Counts) -> anyhow::Result<()> {
    if args.json {
        let mut told = serde_json::to_value(counts)?;
        told["event"] = "end".into();
        told["is_in_order"] = counts.is_in_order().into();
        tell(told)?;
    } else {
        tell(format_args!(
            "{} objects: {} were in order, {} filled, {} created; {} blank, {} without a record, {} failed",
            counts.objects,
            counts.in_order,
            counts.filled,
            counts.created,
            counts.blank,
            counts.without_record,
            counts.failed
        ))?;
    }
    if counts.failed > 0 {
        anyhow::bail!("{} objects could not be dealt with; run it again when that is mended", counts.failed);
    }
    if !counts.is_in_order() {
        let remedy = if args.dry_run {
            "without --dry-run blank records are filled"
        } else {
            "--create --authz PATH makes records"
        };
        return Err(Failure::NotInOrder(format!("not all objects have filled records; {remedy}")).into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        args: ScanArgs,
    }

    fn parsed(line: &str) -> Result<ScanArgs, clap::Error> {
        Line::try_parse_from(std::iter::once("scan").chain(line.split_whitespace())).map(|line| line.args)
    }

    #[test]
    fn a_place_is_a_bucket_or_a_url_with_the_beginning_of_keys() {
        let of = |line: &str| place(&parsed(line).unwrap());
        let is = |bucket: &str, prefix: &str| (Bucket::s3(bucket), prefix.to_owned());
        assert_eq!(of("b").unwrap(), is("b", ""));
        assert_eq!(of("s3://b/a/ --prefix c").unwrap(), is("b", "a/c"));
        assert_eq!(of("b --prefix a").unwrap(), is("b", "a"));
        assert_eq!(of("gs://b/a").unwrap(), (Bucket::google("b"), "a".to_owned()));
        assert_eq!(of("az://h/c/a/b").unwrap(), (Bucket::azure("h", "c"), "a/b".to_owned()));
        for wrong in ["s3://", "s3:///a", "gs://", "az://h", "az://h/", "file:///a", "https://b/a"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn records_are_made_only_below_resources_that_are_given() {
        assert!(parsed("b --create").is_err());
        assert!(parsed("b --authz /a").is_err());
        assert!(parsed("b --create --authz /a --dry-run").is_err());
        assert!(parsed("b --create --authz /a --authz /b").is_ok());
        assert!(parsed("b --at-once 0").is_err());
    }
}
