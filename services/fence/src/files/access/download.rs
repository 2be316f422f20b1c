//! The right to read the bytes of a file.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use authz::Grant;
use futures_util::{StreamExt as _, stream};
use indexclient::Record;

use crate::{
    error::Error,
    files::rules::{Consent, Rules},
    identity::caller::Caller,
    permissions::ReadStorage,
    service::Fence,
};

/// Questions to arborist that are under way at the same time.
const DECISIONS_AT_ONCE: usize = 8;

/// Proof that the caller may read the bytes of one record.
///
/// ```no_run
/// # use fence::{Fence, files::{access::MayDownload, download::{DownloadOptions, Reader}}};
/// type Found = Option<String>;
/// async fn link(fence: &Fence, proof: &MayDownload<'_>, how: &DownloadOptions, who: &Reader) -> Found {
///     fence.download_url(proof, how, who).await.ok()
/// }
/// ```
///
/// The right to upload does not open a download:
///
/// ```compile_fail,E0308
/// # use fence::{Fence, files::{access::MayUpload, download::{DownloadOptions, Reader}}};
/// type Found = Option<String>;
/// async fn link(fence: &Fence, proof: &MayUpload<'_>, how: &DownloadOptions, who: &Reader) -> Found {
///     fence.download_url(proof, how, who).await.ok()
/// }
/// ```
#[derive(Debug)]
pub struct MayDownload<'r> {
    consent: Consent<'r, ReadStorage>,
}

impl<'r> MayDownload<'r> {
    /// The record that was asked about.
    pub(crate) fn record(&self) -> &'r Record {
        self.consent.record()
    }
}

/// Asks whether the caller may read the bytes of `record`.
///
/// That needs the right to the other records that have these bytes as well.
///
/// # Errors
/// 401 for "no", 403 for the token of an OAuth client without a user.
pub(crate) async fn may_download<'r>(
    fence: &Fence,
    caller: &Caller,
    record: &'r Record,
) -> Result<MayDownload<'r>, Error> {
    refuse_client_tokens(fence, caller).await?;
    let rules = Rules::<ReadStorage>::new(fence, caller);
    let consent = rules.ask(record).await?;
    for other in fence.others(std::slice::from_ref(record)).await?.records.values() {
        if other.did != record.did {
            rules.ask(other).await?;
        }
    }
    Ok(MayDownload { consent })
}

/// As [`may_download`] for many records; for each the proof, or the error that it would have had alone.
///
/// Records under the same resource paths are asked about once, so the number of questions to arborist is that
/// of the distinct rules.
///
/// # Errors
/// 403 for the token of an OAuth client without a user.
pub(crate) async fn may_download_each<'r>(
    fence: &Fence,
    caller: &Caller,
    records: &'r [Record],
) -> Result<Vec<Result<MayDownload<'r>, Arc<Error>>>, Error> {
    refuse_client_tokens(fence, caller).await?;
    let rules = Rules::<ReadStorage>::new(fence, caller);
    let others = fence.others(records).await?;
    let all = records.iter().chain(others.records.values());
    let distinct: BTreeSet<&[String]> =
        all.map(|record| record.authz.as_slice()).filter(|paths| !paths.is_empty()).collect();
    let ask = async |paths| (paths, rules.ask_arborist(paths).await.map_err(Arc::new));
    let grants: Grants<'_> =
        stream::iter(distinct.into_iter().map(ask)).buffer_unordered(DECISIONS_AT_ONCE).collect().await;
    let mut of_others: HashMap<&str, Result<Consent<'_, ReadStorage>, Arc<Error>>> = HashMap::new();
    for guid in others.of.iter().flatten() {
        if let Some(other) = others.records.get(guid)
            && !of_others.contains_key(guid.as_str())
        {
            of_others.insert(guid, decide(&rules, &grants, other).await);
        }
    }
    let mut proofs = Vec::with_capacity(records.len());
    for (record, guids) in records.iter().zip(&others.of) {
        let consent = decide(&rules, &grants, record).await;
        let denied = guids.iter().find_map(|guid| of_others.get(guid.as_str())?.as_ref().err());
        proofs.push(match (consent, denied) {
            (Ok(consent), None) => Ok(MayDownload { consent }),
            (Err(error), _) => Err(error),
            (Ok(_), Some(error)) => Err(error.clone()),
        });
    }
    Ok(proofs)
}

/// What arborist says of distinct lists of resource paths.
type Grants<'a> = HashMap<&'a [String], Result<Grant<ReadStorage>, Arc<Error>>>;

async fn decide<'r>(
    rules: &Rules<'_, ReadStorage>,
    grants: &Grants<'_>,
    record: &'r Record,
) -> Result<Consent<'r, ReadStorage>, Arc<Error>> {
    match grants.get(record.authz.as_slice()) {
        Some(Ok(grant)) => Ok(Consent::granted(record, grant)),
        Some(Err(error)) => Err(error.clone()),
        None => rules.ask_without_resources(record).await.map_err(Arc::new),
    }
}

/// Tokens that speak for an OAuth client without a user get no files, unless the operator lets them.
async fn refuse_client_tokens(fence: &Fence, caller: &Caller) -> Result<(), Error> {
    match caller.believed(fence).await {
        Some(bearer)
            if bearer.is_client_alone() && !fence.config.client_credentials_on_download_enabled.is_on() =>
        {
            Err(Error::Forbidden("clients cannot download files without a user".into()))
        }
        _ => Ok(()),
    }
}
