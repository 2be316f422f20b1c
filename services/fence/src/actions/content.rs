//! The content of files that are small: embeddings, which are read for the caller.

use std::{sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use indexclient::Record;
use indexmap::IndexMap;
use serde_json::Value;
use url::Url;

use crate::{
    error::Error,
    files::{self, access::may_download_each},
    identity::caller::Caller,
    service::Fence,
};

/// Embeddings that are read at the same time.
const AT_ONCE: usize = 8;
/// The longest embedding, and the most bytes of all of them.
const LONGEST: usize = 512 * 1024;
const MOST_BYTES: usize = 64 * 1024 * 1024;
const TIMEOUT: Duration = Duration::from_secs(10);

impl Fence {
    /// The content of each of these files, all of which the caller may read.
    ///
    /// # Errors
    /// 404 for a file that does not exist, 401 for one that the caller may not read, 400 for one whose
    /// content is not read, 413 for too much, 503 when it cannot be read.
    pub(crate) async fn contents(
        &self,
        caller: &Caller,
        guids: &[String],
    ) -> Result<IndexMap<String, Value>, Arc<Error>> {
        let records = self.index.get_many(guids).await.map_err(|error| Arc::new(error.into()))?;
        let found = |guid: &&String| records.iter().any(|record| record.did == **guid);
        if let Some(missing) = guids.iter().find(|guid| !found(guid)) {
            return Err(Arc::new(files::not_found(missing)));
        }
        let proofs = may_download_each(self, caller, &records).await.map_err(Arc::new)?;
        let mut wanted = Vec::with_capacity(records.len());
        for proof in proofs {
            let record = proof?.record();
            wanted.push((record.did.clone(), self.embedding_of(record).map_err(Arc::new)?));
        }
        let read = async |(guid, url): (String, Url)| Ok((guid, self.embedding(caller, url).await?));
        let mut read = stream::iter(wanted.into_iter().map(read)).buffered(AT_ONCE);
        let (mut contents, mut bytes) = (IndexMap::new(), 0);
        while let Some((guid, text)) = read.try_next().await.map_err(|error: Error| Arc::new(error))? {
            bytes += text.len();
            if bytes > MOST_BYTES {
                let text = format!("the content is larger than {MOST_BYTES} bytes");
                return Err(Arc::new(Error::TooLarge(text)));
            }
            let value = serde_json::from_slice(&text)
                .map_err(|_| Arc::new(unreadable("the content of a file is no JSON")))?;
            contents.insert(guid, value);
        }
        Ok(contents)
    }

    /// The address of the record's embedding, if it is among those that may be read.
    fn embedding_of(&self, record: &Record) -> Result<Url, Error> {
        let prefixes = &self.config.allowed_gen3_embeddings_bulk_url_prefixes;
        let is_allowed = |url: &&String| {
            let rests = prefixes.iter().filter(|prefix| !prefix.is_empty());
            let mut rests = rests.filter_map(|prefix| url.strip_prefix(prefix.trim_end_matches('/')));
            rests.any(|rest| self.checked.embeddings.is_match(rest))
        };
        // An address that a parser would change may lead elsewhere.
        let canonical = |url: &String| Url::parse(url).ok().filter(|parsed| parsed.as_str() == url);
        record
            .urls
            .iter()
            .filter(is_allowed)
            .find_map(canonical)
            .ok_or_else(|| Error::BadRequest(format!("the content of {} cannot be read here", record.did)))
    }

    /// Reads an embedding as the caller, of whose token the service there is told.
    async fn embedding(&self, caller: &Caller, url: Url) -> Result<Vec<u8>, Error> {
        let mut request = self.http.get(url).timeout(TIMEOUT).header("accept", "application/json");
        if let Some(token) = caller.token() {
            request = request.bearer_auth(token);
        }
        let answer = request.send().await.map_err(|_| unreadable("the service of embeddings is away"))?;
        match answer.status().as_u16() {
            200 => {}
            401 | 403 => return Err(Error::Unauthorized("the service of embeddings refuses it".into())),
            404 => return Err(Error::NotFound("the service of embeddings does not have it".into())),
            _ => return Err(unreadable("the service of embeddings does not answer as it should")),
        }
        let mut text = Vec::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            text.extend_from_slice(&chunk.map_err(|_| unreadable("an embedding has broken off"))?);
            if text.len() > LONGEST {
                return Err(Error::TooLarge(format!("an embedding is larger than {LONGEST} bytes")));
            }
        }
        Ok(text)
    }
}

/// 503: another service is to blame.
fn unreadable(reason: &'static str) -> Error {
    indexclient::IndexError::Unavailable(reason.into()).into()
}
