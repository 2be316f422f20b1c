//! `commons download`.

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use transfer::{
    DownloadOptions, Existing, Identifier, NameFormat, Pace, Plan, RESOLVER, Resolver, TransferError, Verify,
    Watch,
    manifest::{self, Entry},
};

use super::{
    EXIT_CODES, amounts, no_commons, not_begun,
    options::RunArgs,
    report::{Direction, Report},
};

/// Requests for records at the same time.
const LOOKUPS: usize = 8;
/// How a list is named that comes on standard input.
const STDIN: &str = "-";

/// How files are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FilenameFormat {
    /// As their records call them, with folders; of equal names all but the first are combined
    Original,
    /// By their GUIDs
    Guid,
    /// NAME_GUID.EXTENSION
    Combined,
}

/// What is compared with the records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum VerifyWhat {
    /// Size and the strongest checksum of the record
    Strongest,
    /// Size and all checksums of the record that can be computed
    All,
    /// The size only
    Size,
}

/// Options of `commons download`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DownloadArgs {
    /// GUIDs, DRS URIs (drs://HOST/ID or drs://PREFIX:ACCESSION), and lists of them: files with a manifest of
    /// the portal (JSON), a table with a column guid or object_id (tabs or commas), or GUIDs one a line; -
    /// reads a list from standard input
    #[arg(required = true, value_name = "MANIFEST|GUID|DRS-URI")]
    pub(crate) what: Vec<String>,
    /// The folder that the files are written to
    #[arg(long, short, value_name = "DIR", default_value = ".")]
    pub(crate) output: PathBuf,
    /// How files are named
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = FilenameFormat::Original)]
    pub(crate) filename_format: FilenameFormat,
    /// Replace files that are there and have other bytes
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// What is compared with the records
    #[arg(long, value_enum, value_name = "WHAT", default_value_t = VerifyWhat::Strongest)]
    pub(crate) verify: VerifyWhat,
    /// Protocol to ask for if a record has several locations, such as s3 or gs
    #[arg(long, value_name = "NAME")]
    pub(crate) protocol: Option<String>,
    /// Size of the parts in which files are read that are larger than two of them
    #[arg(long, value_name = "BYTES", default_value = "32M", value_parser = amounts::bytes)]
    pub(crate) part_size: u64,
    /// Who knows the hosts of DRS prefixes that the commons does not know; "none" asks nobody
    #[arg(long, value_name = "URL", default_value = RESOLVER)]
    pub(crate) resolver: String,
    /// What both commands have.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

impl DownloadArgs {
    fn options(&self) -> DownloadOptions {
        DownloadOptions {
            folder: self.output.clone(),
            format: match self.filename_format {
                FilenameFormat::Original => NameFormat::Original,
                FilenameFormat::Guid => NameFormat::Guid,
                FilenameFormat::Combined => NameFormat::Combined,
            },
            existing: if self.overwrite { Existing::Replace } else { Existing::Keep },
            verify: match self.verify {
                VerifyWhat::Strongest => Verify::Strongest,
                VerifyWhat::All => Verify::All,
                VerifyWhat::Size => Verify::Size,
            },
            parallel: self.run.speed.parallel.into(),
            part_size: self.part_size.max(1024 * 1024),
            protocol: self.protocol.clone(),
            pace: Pace::new(self.run.speed.rate),
        }
    }
}

/// The files that the arguments name.
fn entries(what: &[String]) -> Result<Vec<Entry>, TransferError> {
    let mut all = Vec::new();
    for one in what {
        if one == STDIN {
            all.extend(manifest::read(&limited(io::stdin().lock(), "standard input")?)?);
        } else if Path::new(one).is_file() {
            let failed = |error: io::Error| TransferError::Unusable(format!("{one}: {error}"));
            let text = limited(File::open(one).map_err(failed)?, one)?;
            let in_file = |error| TransferError::Unusable(format!("{one}: {error}"));
            all.extend(manifest::read(&text).map_err(in_file)?);
        } else if Path::new(one).extension().is_some_and(|extension| {
            ["json", "tsv", "csv", "txt"].iter().any(|known| extension.eq_ignore_ascii_case(known))
        }) {
            // GUIDs have no such end; a mistyped file is not to be looked for in the commons.
            return Err(TransferError::Unusable(format!("there is no file {one}")));
        } else {
            all.push(Entry::of(Identifier::parse(one)?));
        }
    }
    Ok(all)
}

fn limited(source: impl Read, name: &str) -> Result<String, TransferError> {
    let failed = |reason: String| TransferError::Unusable(format!("{name}: {reason}"));
    let mut text = Vec::new();
    source.take(manifest::MAX_BYTES + 1).read_to_end(&mut text).map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > manifest::MAX_BYTES {
        return Err(failed(format!("it has more than {} bytes; split it", manifest::MAX_BYTES)));
    }
    String::from_utf8(text).map_err(|_| failed("it is not UTF-8".to_owned()))
}

pub(crate) async fn run(args: DownloadArgs) -> anyhow::Result<()> {
    let entries = entries(&args.what).map_err(|error| not_begun(&error))?;
    let who = args.run.who.find().await?;
    if who.home.is_none() && entries.iter().any(|entry| matches!(entry.identifier, Identifier::Guid(_))) {
        return Err(no_commons());
    }
    let report = Report::new(Direction::Down, args.run.reader());
    report.doing("looking for records");
    let prefixes = Some(args.resolver.clone()).filter(|resolver| resolver != "none");
    let resolver = Resolver::new(who.home, who.keys, prefixes, who.retries);
    let resolved = resolver.all(entries, LOOKUPS, |_| ()).await;
    let options = args.options();
    let plan = Plan::new(resolved, &options);
    if args.run.dry_run {
        transfer::preview(plan, &report);
    } else {
        transfer::download(plan, &options, &report).await.map_err(|error| not_begun(&error))?;
    }
    report.conclude()
}
