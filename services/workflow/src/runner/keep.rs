//! Keeping outputs of a cell in the store.

use std::time::Duration;

use reqwest::Body;
use sandbox::{Cell, InsidePath};
use storage::{Access, Location};

use super::Attempt;
use crate::task::{Destination, FileKind, MOST_FILES, Output, OutputLog};

/// What S3 takes in one request.
const LARGEST: u64 = 5 << 30;
/// How long one file may take.
const LONGEST: Duration = Duration::from_secs(12 * 3_600);

impl Attempt<'_> {
    /// Keeps an output: a file, or each file of a folder.
    pub(super) async fn keep_one(&self, cell: &Cell, output: &Output) -> Result<Vec<OutputLog>, String> {
        let Destination(location) = &output.destination;
        if output.kind == FileKind::File {
            return Ok(vec![self.keep_file(cell, &output.path, location).await?]);
        }
        let files = cell.list(&output.path, MOST_FILES).map_err(|error| error.to_string())?;
        let mut kept = Vec::new();
        for file in files {
            let rest = file.as_str().strip_prefix(output.path.as_str()).unwrap_or_default();
            let key = format!("{}{rest}", location.key());
            let location = Location::within(location.place().clone(), key);
            let location = location.map_err(|error| format!("{}: {error}", file.as_str()))?;
            kept.push(self.keep_file(cell, &file, &location).await?);
        }
        Ok(kept)
    }

    async fn keep_file(
        &self,
        cell: &Cell,
        path: &InsidePath,
        location: &Location,
    ) -> Result<OutputLog, String> {
        let told = |error: std::io::Error| format!("{} cannot be kept: {error}", path.as_str());
        let file = cell.open(path).map_err(told)?;
        let size = file.metadata().map_err(told)?.len();
        if size > LARGEST {
            return Err(format!("{} is larger than {LARGEST} bytes", path.as_str()));
        }
        let url = self.executor.inside.presign(location, Access::Put, LONGEST, &[]).await;
        let url = url.map_err(|error| error.to_string())?;
        let file = tokio_util::io::ReaderStream::new(tokio::fs::File::from_std(file));
        let request = self.executor.client.put(url).header("Content-Length", size);
        let answer = request.body(Body::wrap_stream(file)).send().await;
        let answer = answer.map_err(|error| error.without_url().to_string())?;
        if !answer.status().is_success() {
            return Err(format!("the store answers {} to {}", answer.status().as_u16(), location.url()));
        }
        Ok(OutputLog { url: location.url(), path: path.as_str().to_owned(), size_bytes: size.to_string() })
    }
}
