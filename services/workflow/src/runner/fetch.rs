//! Fetching inputs into a cell.

use futures_util::{Stream, StreamExt as _};
use sandbox::{Cell, InsidePath};
use storage::Location;
use tokio::io::AsyncWriteExt as _;

use super::Attempt;
use crate::task::{FileKind, Input, MOST_FILES, Source};

impl Attempt<'_> {
    /// Fetches all inputs, one after the other.
    pub(super) async fn fetch(&self, cell: &Cell) -> Result<(), String> {
        for (place, input) in self.checked.inputs.iter().enumerate() {
            let fetched = self.fetch_one(cell, place, input).await;
            fetched.map_err(|error| format!("inputs[{place}]: {error}"))?;
        }
        Ok(())
    }

    async fn fetch_one(&self, cell: &Cell, place: usize, input: &Input) -> Result<(), String> {
        match &input.source {
            Source::Content(content) => {
                let content = futures_util::stream::iter([Ok::<_, String>(content.as_bytes().to_vec())]);
                write(cell, &input.path, content, self.limits.file_size).await
            }
            Source::File(_) => {
                let url = self.fetched.get(&place.to_string()).ok_or("its address is not known any more")?;
                self.fetch_signed(cell, &input.path, url).await
            }
            Source::Signed(url) => self.fetch_signed(cell, &input.path, url.as_str()).await,
            Source::Object(location) if input.kind == FileKind::File => {
                self.fetch_object(cell, &input.path, location).await
            }
            Source::Object(folder) => self.fetch_folder(cell, &input.path, folder).await,
        }
    }

    async fn fetch_signed(&self, cell: &Cell, path: &InsidePath, url: &str) -> Result<(), String> {
        // An error of the client names the URL, which is a secret.
        let told = |error: reqwest::Error| error.without_url().to_string();
        let answer = self.executor.client.get(url).send().await.map_err(told)?;
        let status = answer.status();
        if !status.is_success() {
            return Err(format!(
                "its address answers {}; an address that was signed when the task was made lasts for an hour \
                 at most",
                status.as_u16()
            ));
        }
        let bytes = answer.bytes_stream().map(|piece| piece.map_err(told));
        write(cell, path, bytes, self.limits.file_size).await
    }

    async fn fetch_object(&self, cell: &Cell, path: &InsidePath, location: &Location) -> Result<(), String> {
        let bytes = self.executor.inside.read(location, None).await;
        let bytes = bytes.map_err(|error| format!("{}: {error}", location.url()))?;
        let bytes = bytes.map(|piece| piece.map_err(|error| error.to_string()));
        write(cell, path, bytes, self.limits.file_size).await
    }

    async fn fetch_folder(&self, cell: &Cell, path: &InsidePath, folder: &Location) -> Result<(), String> {
        let prefix = format!("{}/", folder.key());
        let (mut next, mut count): (Option<String>, usize) = (None, 0);
        loop {
            let listed = self.executor.inside.list(folder.place(), &prefix, next.as_deref()).await;
            let listed = listed.map_err(|error| error.to_string())?;
            for object in &listed.objects {
                count += 1;
                if count > MOST_FILES {
                    return Err(format!("it has more than {MOST_FILES} files"));
                }
                let rest = object.key.strip_prefix(&prefix).unwrap_or_default();
                let inside = InsidePath::parse(&format!("{}/{rest}", path.as_str()));
                let inside = inside.map_err(|error| format!("{}: {error}", object.key))?;
                let location = Location::within(folder.place().clone(), &object.key);
                let location = location.map_err(|error| error.to_string())?;
                self.fetch_object(cell, &inside, &location).await?;
            }
            next = listed.next;
            if next.is_none() {
                return if count > 0 { Ok(()) } else { Err(format!("{} is empty", folder.url())) };
            }
        }
    }
}

async fn write<B: AsRef<[u8]>>(
    cell: &Cell,
    path: &InsidePath,
    bytes: impl Stream<Item = Result<B, String>>,
    most: u64,
) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {error}", path.as_str());
    let mut file = tokio::fs::File::from_std(cell.create(path).map_err(told)?);
    let mut bytes = std::pin::pin!(bytes);
    let mut size = 0;
    while let Some(piece) = bytes.next().await {
        let piece = piece?;
        size += piece.as_ref().len() as u64;
        if size > most {
            return Err(format!("it is larger than {most} bytes; ask for more by resources.disk_gb"));
        }
        file.write_all(piece.as_ref()).await.map_err(told)?;
    }
    file.flush().await.map_err(told)
}
