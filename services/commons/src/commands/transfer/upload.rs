//! `commons upload`.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use clap::Args;
use transfer::{
    LocalFile, Naming, Pace, Sent, TransferError, UploadOptions, Watch, collect, into_records, is_metadata,
    manifest, merged_table,
};

use super::{
    EXIT_CODES, amounts, no_commons, not_begun,
    options::RunArgs,
    report::{Direction, Reader, Report},
};
use crate::output::remark;

/// Options of `commons upload`.
#[derive(Debug, Clone, Args)]
#[command(after_help = EXIT_CODES)]
pub struct UploadArgs {
    /// Files, and folders of which all files are sent
    #[arg(required = true, value_name = "FOLDER|FILE")]
    pub(crate) what: Vec<PathBuf>,
    /// Resource path that the new records belong to, such as /programs/P/projects/X; may be given several
    /// times. Without it they belong to you until a submission names them
    #[arg(long, value_name = "PATH", value_parser = resource)]
    pub(crate) authz: Vec<String>,
    /// The bucket, if it is not the one that the commons takes by default
    #[arg(long, value_name = "NAME")]
    pub(crate) bucket: Option<String>,
    /// Put the path below the folder into the file name, as with gen3-client
    #[arg(long)]
    pub(crate) include_subdirname: bool,
    /// Send metadata, authz and aliases from the file NAME_metadata.json beside each file, by the metadata
    /// service
    #[arg(long)]
    pub(crate) metadata: bool,
    /// Send the one file into this record, which is there
    #[arg(long, value_name = "GUID", conflicts_with_all = ["into", "metadata", "authz"])]
    pub(crate) guid: Option<String>,
    /// Send files into records that are there: a table or manifest with guid and file_name
    #[arg(long, value_name = "FILE", conflicts_with_all = ["metadata", "authz"])]
    pub(crate) into: Option<PathBuf>,
    /// The table of what the commons has: guid, md5, size, file_name, sha256. Rows of earlier runs stay
    #[arg(long, value_name = "FILE", default_value = "commons-upload.tsv")]
    pub(crate) results: PathBuf,
    /// What was sent and begun; by it a run that broke goes on where it was
    #[arg(long, value_name = "FILE", default_value = "commons-upload.jsonl")]
    pub(crate) journal: PathBuf,
    /// Send files again that the journal has
    #[arg(long)]
    pub(crate) again: bool,
    /// Wait for the size and checksums of each file in the commons, at most so many seconds, and compare them
    #[arg(
        long,
        value_name = "SECONDS",
        num_args = 0..=1,
        default_missing_value = "600",
        require_equals = true
    )]
    pub(crate) wait: Option<u64>,
    /// Size of a part
    #[arg(long, value_name = "BYTES", default_value = "16M", value_parser = amounts::bytes)]
    pub(crate) part_size: u64,
    /// Larger files are sent in parts, so that a break costs a part and not the file
    #[arg(long, value_name = "BYTES", default_value = "64M", value_parser = amounts::bytes)]
    pub(crate) parts_above: u64,
    /// What both commands have.
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

fn resource(text: &str) -> Result<String, String> {
    if text.starts_with('/') && !text.contains(char::is_control) {
        Ok(text.to_owned())
    } else {
        Err("a resource path begins with a slash".to_owned())
    }
}

impl UploadArgs {
    fn files(&self) -> Result<Vec<LocalFile>, TransferError> {
        let naming = if self.include_subdirname { Naming::Relative } else { Naming::Base };
        let mut files = collect(&self.what, naming, &[self.journal.clone(), self.results.clone()])?;
        if self.metadata {
            files.retain(|file| !is_metadata(&file.path));
        }
        if let Some(guid) = &self.guid {
            let [file] = files.as_mut_slice() else {
                let told =
                    format!("--guid is for one file, and there are {}; --into takes several", files.len());
                return Err(TransferError::Unusable(told));
            };
            file.guid = Some(guid.clone());
        }
        if let Some(table) = &self.into {
            let failed =
                |error: std::io::Error| TransferError::Unusable(format!("{}: {error}", table.display()));
            let entries = manifest::read(&fs::read_to_string(table).map_err(failed)?)?;
            into_records(&mut files, &entries, table)?;
        }
        Ok(files)
    }

    fn options(&self) -> UploadOptions {
        UploadOptions {
            authz: self.authz.clone(),
            bucket: self.bucket.clone(),
            with_metadata: self.metadata,
            again: self.again,
            parallel: self.run.speed.parallel.into(),
            largest_whole: self.parts_above,
            part_size: self.part_size,
            pace: Arc::new(Pace::new(self.run.speed.rate)),
            wait: self.wait.map(Duration::from_secs),
            journal: self.journal.clone(),
        }
    }
}

/// The table of the results as it will be, without which nothing is begun: what was sent has to be told.
fn merged(path: &Path, sent: &[Sent]) -> Result<String, TransferError> {
    let before = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(TransferError::Unusable(format!("{}: {error}", path.display()))),
    };
    merged_table(&before, sent).map_err(|error| {
        TransferError::Unusable(format!("{}: {error}; name another file with --results", path.display()))
    })
}

/// Replaces a file in one step.
fn write(path: &Path, text: &str) -> Result<(), TransferError> {
    let failed = |error: std::io::Error| TransferError::Unusable(format!("{}: {error}", path.display()));
    let mut draft = path.as_os_str().to_owned();
    draft.push(".new");
    fs::write(&draft, text).and_then(|()| fs::rename(&draft, path)).map_err(failed)
}

pub(crate) async fn run(args: UploadArgs) -> anyhow::Result<()> {
    let files = args.files().map_err(|error| not_begun(&error))?;
    merged(&args.results, &[]).map_err(|error| not_begun(&error))?;
    let report = Arc::new(Report::new(Direction::Up, args.run.reader()));
    if args.run.dry_run {
        transfer::preview_upload(&files, report.as_ref());
        return report.conclude();
    }
    let who = args.run.who.find().await?;
    let commons = who.home.ok_or_else(no_commons)?;
    let watch: Arc<dyn Watch> = report.clone();
    let sent = transfer::upload(&commons, &files, &args.options(), &watch).await;
    let sent = sent.map_err(|error| not_begun(&error))?;
    if !sent.is_empty() {
        write(&args.results, &merged(&args.results, &sent)?)?;
        if args.run.reader() == Reader::People {
            remark(format_args!("{} has the GUIDs and checksums", args.results.display()))?;
        }
    }
    report.conclude()
}
