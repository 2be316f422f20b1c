//! All files of a run.

use std::{fs, sync::Arc};

use futures_util::{StreamExt as _, stream};
use tokio::sync::Semaphore;

use super::{
    file::Unsent,
    journal::Journal,
    local::LocalFile,
    put::Sender,
    run::{Sent, UploadOptions, Uploads},
};
use crate::{
    clients::bytes_client,
    commons::Commons,
    error::TransferError,
    watch::{Ended, Outcome, Watch},
};

/// Says what an upload would do.
pub fn preview_upload(files: &[LocalFile], watch: &dyn Watch) {
    let sizes: Vec<Option<u64>> =
        files.iter().map(|file| Some(fs::metadata(&file.path).ok()?.len())).collect();
    watch.total(files.len() as u64, sizes.iter().flatten().fold(0, |sum, size| sum.saturating_add(*size)));
    for (file, size) in files.iter().zip(sizes) {
        let (path, id, end) = (file.path.clone(), file.guid.clone(), Ok(Ended::Planned));
        watch.ended(&Outcome { id, path, size, checksums: Vec::new(), end });
    }
}

/// Uploads files. How each of them ended is told to `watch`; what the commons has now is returned, in the
/// order of the files.
///
/// # Errors
/// When nothing can be begun: the journal cannot be used, or there is no client.
pub async fn upload(
    commons: &Commons,
    files: &[LocalFile],
    options: &UploadOptions,
    watch: &Arc<dyn Watch>,
) -> Result<Vec<Sent>, TransferError> {
    let sizes = files.iter().filter_map(|file| Some(fs::metadata(&file.path).ok()?.len()));
    let bytes = sizes.fold(0, u64::saturating_add);
    watch.total(files.len() as u64, bytes);
    let uploads = Uploads {
        commons,
        options,
        journal: Journal::open(&options.journal)?,
        sender: Sender { client: bytes_client(commons.address())?, pace: &options.pace, watch },
        watch,
        turns: Semaphore::new(options.parallel.max(1)),
    };
    let uploads = &uploads;
    let work = stream::iter(files).map(|file| async move { (file, uploads.file(file).await) });
    let mut ends = work.buffered(options.parallel.max(1) + 1);
    let mut all = Vec::new();
    while let Some((file, done)) = ends.next().await {
        all.extend(told(file, done, watch.as_ref()));
    }
    Ok(all)
}

fn told(file: &LocalFile, done: Result<(Ended, Sent), Unsent>, watch: &dyn Watch) -> Option<Sent> {
    let path = file.path.clone();
    let (outcome, sent) = match done {
        Ok((ended, sent)) => {
            let checksums = vec![("md5", sent.md5.clone()), ("sha256", sent.sha256.clone())];
            let (id, size) = (Some(sent.guid.clone()), Some(sent.size));
            (Outcome { id, path, size, checksums, end: Ok(ended) }, Some(sent))
        }
        Err(Unsent { guid, size, error }) => {
            (Outcome { id: guid, path, size, checksums: Vec::new(), end: Err(error) }, None)
        }
    };
    watch.ended(&outcome);
    sent
}
