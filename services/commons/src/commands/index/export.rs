//! `commons index export`: a manifest of records.

use std::{
    fs::File,
    io::{BufWriter, IsTerminal as _, Write},
    path::PathBuf,
    time::Duration,
};

use anyhow::{Context as _, bail};
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use reqwest::Method;
use serde_json::{Value, json};
use url::form_urlencoded::Serializer;

use super::{
    manifest::{Format, Writer},
    remote::{Remote, RemoteArgs},
};
use crate::output::{remark, tell};

/// The largest page of the index.
const PAGE: usize = 1024;

/// Options of `commons index export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArgs {
    /// The manifest that is written, or `-` for standard output.
    #[arg(default_value = "-")]
    output: PathBuf,
    /// How it is written, if the end of its name does not say so. Default: tsv.
    #[arg(long)]
    format: Option<Format>,
    /// Only records with this resource path. All that are given must be there.
    #[arg(long = "authz", value_name = "PATH")]
    authz: Vec<String>,
    /// Only records with this entry of the access list.
    #[arg(long = "acl", value_name = "ENTRY")]
    acl: Vec<String>,
    /// Only records with this hash, as md5:VALUE.
    #[arg(long = "hash", value_name = "TYPE:VALUE")]
    hashes: Vec<String>,
    /// Only records with this location, to the letter.
    #[arg(long = "url", value_name = "URL")]
    urls: Vec<String>,
    /// Only records with this metadata.
    #[arg(long = "metadata", value_name = "KEY:VALUE")]
    metadata: Vec<String>,
    /// Only records with this file name.
    #[arg(long, value_name = "NAME")]
    file_name: Option<String>,
    /// Only records with this version.
    #[arg(long, value_name = "VERSION")]
    record_version: Option<String>,
    /// Only records of this uploader.
    #[arg(long, value_name = "NAME")]
    uploader: Option<String>,
    /// Say as JSON how many records were written.
    #[arg(long)]
    json: bool,
    /// Which commons.
    #[command(flatten)]
    remote: RemoteArgs,
}

pub(crate) async fn run(args: ExportArgs) -> anyhow::Result<()> {
    let remote = args.remote.open()?;
    let is_output = args.output.as_os_str() == "-";
    let format = args.format.or_else(|| Format::of(&args.output)).unwrap_or(Format::Tsv);
    let told = || format!("{} cannot be written", args.output.display());
    if is_output {
        if args.json {
            bail!("--json would stand in the middle of the manifest; name a file for that");
        }
        let written = write(&args, &remote, std::io::stdout().lock(), format).await.map(drop);
        return match written {
            // Whoever read it has gone away.
            Err(error) if is_broken_pipe(&error) => Ok(()),
            written => written,
        };
    }
    // Nobody takes half a manifest for a whole one.
    let mut partial = args.output.clone().into_os_string();
    partial.push(".part");
    let partial = PathBuf::from(partial);
    let file = BufWriter::new(File::create(&partial).with_context(told)?);
    let records = match write(&args, &remote, file, format).await {
        Ok(records) => records,
        Err(error) => {
            // What is left says how far it came; the error says more.
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
    };
    std::fs::rename(&partial, &args.output).with_context(told)?;
    if args.json {
        return Ok(tell(json!({ "records": records, "file": args.output }))?);
    }
    Ok(remark(format_args!("{records} records in {}", args.output.display()))?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    let io = error.chain().find_map(|cause| cause.downcast_ref::<std::io::Error>());
    io.is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

async fn write(args: &ExportArgs, remote: &Remote, out: impl Write, format: Format) -> anyhow::Result<usize> {
    let mut writer = Writer::new(out, format).context("the manifest cannot be written")?;
    let filters = filters(args);
    let bar = bar(args, remote, filters.is_empty()).await;
    let (mut start, mut records) = (None::<String>, 0);
    loop {
        let page = page(remote, &filters, start.as_deref()).await?;
        for record in page.iter().filter_map(Value::as_object) {
            writer.write(record).context("the manifest cannot be written")?;
        }
        records += page.len();
        bar.set_position(u64::try_from(records).unwrap_or(u64::MAX));
        let last = page.last().and_then(|record| record.get("did")?.as_str()).map(str::to_owned);
        if page.len() < PAGE || last.is_none() || last == start {
            break;
        }
        start = last;
    }
    bar.finish_and_clear();
    writer.finish().context("the manifest cannot be written")?;
    Ok(records)
}

fn filters(args: &ExportArgs) -> Vec<(&'static str, String)> {
    let mut filters = Vec::new();
    if !args.authz.is_empty() {
        filters.push(("authz", args.authz.join(",")));
    }
    if !args.acl.is_empty() {
        filters.push(("acl", args.acl.join(",")));
    }
    for (name, values) in [("hash", &args.hashes), ("url", &args.urls), ("metadata", &args.metadata)] {
        filters.extend(values.iter().map(|value| (name, value.clone())));
    }
    let single =
        [("file_name", &args.file_name), ("version", &args.record_version), ("uploader", &args.uploader)];
    filters.extend(single.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))));
    filters
}

/// The records behind `start`.
async fn page(
    remote: &Remote,
    filters: &[(&'static str, String)],
    start: Option<&str>,
) -> anyhow::Result<Vec<Value>> {
    let mut query = Serializer::new(String::new());
    query.append_pair("limit", &PAGE.to_string());
    query.extend_pairs(filters);
    query.extend_pairs(start.map(|start| ("start", start)));
    let answer = remote.send(Method::GET, &format!("/index/?{}", query.finish()), None).await?;
    if !answer.status.is_success() {
        bail!("the index answers {}: {}", answer.status, answer.told());
    }
    let list = answer.json().and_then(|mut json| match json.get_mut("records").map(Value::take) {
        Some(Value::Array(records)) => Some(records),
        _ => None,
    });
    list.with_context(|| format!("{} does not list records; is it a Gen3 commons?", remote.address()))
}

async fn bar(args: &ExportArgs, remote: &Remote, counted: bool) -> ProgressBar {
    let seen = !args.json && std::io::stderr().is_terminal();
    if !seen {
        return ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    }
    let stats = if counted { remote.send(Method::GET, "/_stats", None).await.ok() } else { None };
    let all = stats.and_then(|answer| answer.json()?.get("fileCount")?.as_u64());
    let template = match all {
        Some(_) => "records {wide_bar} {human_pos}/{human_len} {per_sec}",
        None => "records {spinner} {human_pos} {per_sec}",
    };
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::with_draw_target(all, ProgressDrawTarget::stderr()).with_style(style);
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}
