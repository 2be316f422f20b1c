//! The right to delete a file.

use indexclient::Record;

use crate::{
    error::Error,
    files::rules::{Consent, ask_deletion},
    identity::caller::Bearer,
    permissions::Delete,
    service::Fence,
};

/// Proof that the caller may delete one record and its bytes.
///
/// ```no_run
/// # use fence::{Error, Fence, files::access::MayDelete};
/// async fn forget(fence: &Fence, proof: MayDelete<'_>) -> Result<(), Error> {
///     fence.delete_file(proof).await
/// }
/// ```
///
/// Whoever may read a file may not therefore delete it:
///
/// ```compile_fail,E0308
/// # use fence::{Error, Fence, files::access::MayDownload};
/// async fn forget(fence: &Fence, proof: MayDownload<'_>) -> Result<(), Error> {
///     fence.delete_file(proof).await
/// }
/// ```
#[derive(Debug)]
pub struct MayDelete<'r> {
    consent: Consent<'r, Delete>,
}

impl<'r> MayDelete<'r> {
    /// The record that was asked about.
    pub(crate) fn record(&self) -> &'r Record {
        self.consent.record()
    }
}

/// Asks whether the caller may delete `record`, and so the other records that have its bytes.
///
/// # Errors
/// 403 for "no".
pub(crate) async fn may_delete<'r>(
    fence: &Fence,
    bearer: &Bearer,
    record: &'r Record,
) -> Result<MayDelete<'r>, Error> {
    let consent = ask_deletion(fence, bearer, record).await?;
    for other in fence.others(std::slice::from_ref(record)).await?.records.values() {
        if other.did != record.did {
            ask_deletion(fence, bearer, other).await?;
        }
    }
    Ok(MayDelete { consent })
}
