//! `commons index load`: records from a manifest.
//!
//! The manifest is read twice. First every row is looked at, so that nothing is written if one of them cannot
//! be right. Then the rows are sent in batches, several at a time. Rows without a GUID get one that follows
//! from the manifest and their number, so that a load that is begun again finds what it has made.

mod journal;
mod outcome;
mod send;

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _},
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::Context as _;
use clap::Args;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::Method;
use serde_json::json;

use self::{
    journal::{Journal, Subject, digest},
    outcome::{Loaded, Sent},
    send::{Kind, Sender},
};
use super::{
    manifest::{Format, Guids, Row, RowError, Rows, Writer},
    remote::{Remote, RemoteArgs},
};
use crate::{
    failure::{self, Failure},
    output::{remark, tell},
};

const TEMPLATE: &str = "records {wide_bar} {human_pos}/{human_len} {per_sec} {msg}";
/// So many wrong rows are shown.
const SHOWN: usize = 20;

/// Options of `commons index load`.
#[derive(Debug, Clone, Args)]
pub struct LoadArgs {
    /// The manifest. Its columns are those of the gen3 SDK: guid, md5, size, urls, authz, acl, file_name; and
    /// sha1, sha256, sha512, crc, etag, form, version, uploader, description, metadata, `urls_metadata`,
    /// baseid.
    pub manifest: PathBuf,
    /// What it is, if the end of its name does not say so.
    #[arg(long)]
    format: Option<Format>,
    /// A resource path for rows that have none, such as /programs/P/projects/p.
    #[arg(long = "authz", value_name = "PATH")]
    authz: Vec<String>,
    /// Say what would be done, and do nothing.
    #[arg(long)]
    dry_run: bool,
    /// Send rows again that an earlier load of this manifest has sent.
    #[arg(long)]
    from_start: bool,
    /// Write the manifest with all GUIDs into this file.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How many requests are made at the same time.
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=64))]
    parallel: u16,
    /// As JSON.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    remote: RemoteArgs,
}

/// What the first look at the manifest has shown.
struct Look {
    rows: usize,
    needs_guids: bool,
}

pub(crate) async fn run(args: LoadArgs) -> anyhow::Result<()> {
    if let Some(wrong) = args.authz.iter().find(|path| !path.starts_with('/')) {
        anyhow::bail!("--authz {wrong}: a resource path begins with a slash, as in /programs/P/projects/p");
    }
    let look = look(&args)?;
    let remote = args.remote.open()?;
    let begun = Instant::now();
    let subject = Subject { manifest: digest(&args.manifest)?, commons: remote.address().to_string() };
    let prefix = if look.needs_guids { prefix(&remote).await? } else { String::new() };
    let names = Names { manifest: subject.manifest.clone(), prefix, authz: args.authz.clone() };
    let kind = Kind::of(&remote).await?;
    let mut journal =
        if args.dry_run { None } else { Some(Journal::open(&args.manifest, &subject, args.from_start)?) };
    let sender = Sender { remote: &remote, kind, dry_run: args.dry_run };
    let bar = bar(look.rows, args.json);
    let loaded = send_all(&args, &sender, &names, journal.as_mut(), &bar).await;
    bar.finish_and_clear();
    let loaded = loaded.map_err(|error| with_journal(error, journal.as_ref()))?;
    if let Some(output) = &args.output {
        write_named(&args, &names, output)?;
    }
    conclude(&args, &loaded, journal, begun)
}

fn with_journal(error: anyhow::Error, journal: Option<&Journal>) -> anyhow::Error {
    match journal {
        Some(_) => error.context("the load broke off; the same command goes on where it was"),
        None => error,
    }
}

/// Looks at every row.
///
/// # Errors
/// When one cannot be right; the first of these are shown.
fn look(args: &LoadArgs) -> anyhow::Result<Look> {
    let mut look = Look { rows: 0, needs_guids: false };
    let mut guids = Guids::default();
    let mut wrong: Vec<RowError> = Vec::new();
    let mut count = 0;
    for row in Rows::open(&args.manifest, args.format)? {
        look.rows += 1;
        let error = match row.with_context(|| format!("{} breaks off", args.manifest.display()))? {
            Ok(row) => {
                look.needs_guids |= !row.record.contains_key("did");
                guids.note(&row).err()
            }
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            count += 1;
            if wrong.len() < SHOWN {
                wrong.push(error);
            }
        }
    }
    if count == 0 && look.rows > 0 {
        return Ok(look);
    }
    let name = args.manifest.display();
    if look.rows == 0 {
        return Err(Failure::NotInOrder(format!("{name} has no rows")).into());
    }
    if args.json {
        tell(json!({ "rows": look.rows, "wrong": count, "errors": wrong, "loaded": false }))?;
    } else {
        wrong.iter().for_each(|error| failure::tell(&error.to_string()));
    }
    let more =
        if count > wrong.len() { format!(" ({} of them are shown)", wrong.len()) } else { String::new() };
    Err(Failure::NotInOrder(format!(
        "{name}: {count} of {} rows are wrong{more}; nothing was loaded",
        look.rows
    ))
    .into())
}

/// What rows are called, and who guards them, where they do not say so.
struct Names {
    manifest: String,
    prefix: String,
    authz: Vec<String>,
}

impl Names {
    fn complete(&self, mut row: Row) -> Row {
        row.name(&self.prefix, &self.manifest);
        if !self.authz.is_empty() {
            row.record.entry("authz").or_insert_with(|| json!(self.authz));
        }
        row
    }
}

/// What new GUIDs of the commons begin with.
async fn prefix(remote: &Remote) -> anyhow::Result<String> {
    let answer = remote.send(Method::GET, "/guid/prefix", None).await?;
    let prefix = answer.json().and_then(|json| json.get("prefix")?.as_str().map(str::to_owned));
    prefix.filter(|_| answer.status.is_success()).with_context(|| {
        format!(
            "{} does not say what its GUIDs begin with ({}); is it a Gen3 commons?",
            remote.address(),
            answer.status
        )
    })
}

fn bar(rows: usize, json: bool) -> ProgressBar {
    let seen = !json && std::io::stderr().is_terminal();
    let target = if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template(TEMPLATE).unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(u64::try_from(rows).ok(), target).with_style(style)
}

async fn send_all(
    args: &LoadArgs,
    sender: &Sender<'_>,
    names: &Names,
    mut journal: Option<&mut Journal>,
    bar: &ProgressBar,
) -> anyhow::Result<Loaded> {
    let mut loaded = Loaded::default();
    let mut rows = Rows::open(&args.manifest, args.format)?;
    let done =
        |journal: &Option<&mut Journal>, row: usize| journal.as_ref().is_some_and(|journal| journal.has(row));
    let mut sending = FuturesUnordered::new();
    let mut ended = false;
    loop {
        while !ended && sending.len() < usize::from(args.parallel) {
            let mut batch = Vec::with_capacity(sender.kind.batch());
            while batch.len() < sender.kind.batch() {
                let Some(row) = rows.next() else {
                    ended = true;
                    break;
                };
                let row =
                    row?.map_err(|error| anyhow::anyhow!("the manifest was changed meanwhile: {error}"))?;
                if done(&journal, row.number) {
                    loaded.before += 1;
                    bar.inc(1);
                    continue;
                }
                batch.push(names.complete(row));
            }
            if !batch.is_empty() {
                sending.push(sender.send(batch));
            }
        }
        let Some(results) = sending.next().await else { break };
        let results: Vec<Sent> = results?;
        if let (Some(journal), Some(first), Some(last)) = (journal.as_mut(), results.first(), results.last())
            && results.iter().all(Sent::is_done)
            // Rows between them that are done already do no harm.
            && first.row <= last.row
        {
            journal.note(first.row, last.row)?;
        }
        bar.inc(u64::try_from(results.len()).unwrap_or(0));
        results.into_iter().for_each(|result| loaded.add(result));
        if loaded.failed > 0 {
            bar.set_message(format!("{} failed", loaded.failed));
        }
    }
    Ok(loaded)
}

fn write_named(args: &LoadArgs, names: &Names, output: &Path) -> anyhow::Result<()> {
    let told = || format!("{} cannot be written", output.display());
    let format = Format::of(output).or(args.format).unwrap_or(Format::Tsv);
    let mut writer =
        Writer::new(BufWriter::new(File::create(output).with_context(told)?), format).with_context(told)?;
    for row in Rows::open(&args.manifest, args.format)? {
        if let Ok(row) = row? {
            writer.write(&names.complete(row).record).with_context(told)?;
        }
    }
    writer.finish().with_context(told)
}

fn conclude(
    args: &LoadArgs,
    loaded: &Loaded,
    journal: Option<Journal>,
    begun: Instant,
) -> anyhow::Result<()> {
    let seconds = begun.elapsed().as_secs_f64();
    if args.json {
        let mut told = json!(loaded);
        if let Some(told) = told.as_object_mut() {
            told.insert("dry_run".to_owned(), json!(args.dry_run));
            told.insert("seconds".to_owned(), json!((seconds * 1000.0).round() / 1000.0));
        }
        tell(told)?;
    } else {
        loaded.errors.iter().take(SHOWN).for_each(|error| failure::tell(&error.to_string()));
        remark(loaded.told(args.dry_run, seconds))?;
    }
    if loaded.failed == 0 {
        return journal.map_or(Ok(()), Journal::remove);
    }
    let told = format!(
        "{} of {} rows were not loaded; mend them, and load the manifest again",
        loaded.failed,
        loaded.rows()
    );
    Err(Failure::NotInOrder(told).into())
}
