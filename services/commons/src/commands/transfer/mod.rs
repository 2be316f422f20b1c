//! `commons download` and `commons upload`: files between this machine and any Gen3 commons.

mod amounts;
mod download;
mod options;
mod report;
mod upload;
mod who;

pub(crate) use download::DownloadArgs;
pub(crate) use download::run as download;
pub(crate) use upload::UploadArgs;
pub(crate) use upload::run as upload;
pub(super) use who::WhoArgs;

use transfer::TransferError;

use crate::failure::Failure;

/// What both commands say of their exit status.
const EXIT_CODES: &str = "\
Exit status: 0 all files are there; 1 some files failed, for reasons that are told; 2 wrong usage; 3 nothing \
could be begun (credentials, the commons, the list of files, the folder); 4 all that failed are files whose \
bytes are not those of their records.";

/// What keeps a transfer from beginning.
fn not_begun(error: &TransferError) -> anyhow::Error {
    Failure::Prerequisite(error.to_string()).into()
}

/// GUIDs do not say which commons has them, and files do not say which one is to have them.
fn no_commons() -> anyhow::Error {
    let told = "name the commons by --credentials FILE, --profile NAME or --endpoint URL";
    Failure::Prerequisite(told.to_owned()).into()
}
