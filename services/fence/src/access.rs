//! Who may read or write the bytes of a file.

use std::collections::{BTreeSet, HashMap};

use actix_web::ResponseError as _;
use authz::AuthzError;
use futures_util::{StreamExt as _, stream};
use indexclient::Record;
use tokio::sync::OnceCell;

use crate::{
    Fence,
    caller::Caller,
    error::FenceError,
    store::users::{self, ProjectAccess},
    uploads::guid_of_key,
};

/// Questions to arborist under way at the same time.
const DECISIONS_AT_ONCE: usize = 8;

/// What is to be done with the bytes of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileAction {
    Download,
    Upload,
}

impl FileAction {
    /// arborist's method of service `fence`, and the privilege in legacy access lists.
    fn method(self) -> &'static str {
        match self {
            Self::Download => "read-storage",
            Self::Upload => "write-storage",
        }
    }
}

/// Proof that the caller may do something with the bytes of this record. Only [`permit`] makes it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Permitted<'a> {
    record: &'a Record,
}

impl<'a> Permitted<'a> {
    /// The record that was asked about.
    pub(crate) fn record(self) -> &'a Record {
        self.record
    }
}

/// Asks whether the caller may do `action` with the file of `record`.
///
/// The record's resource paths decide alone when it has any, all of them; then a public access list (downloads
/// only); then the uploader, alone when the record has one; then the legacy access list. A download also needs the
/// right to the records that the objects were uploaded for ([`owners`]).
///
/// # Errors
/// 401 for "no": fence never says 403 for a file, and clients renew their login on 401 only.
pub(crate) async fn permit<'a>(
    fence: &Fence,
    caller: &Caller,
    record: &'a Record,
    action: FileAction,
) -> Result<Permitted<'a>, FenceError> {
    if action == FileAction::Download {
        refuse_client_tokens(fence, caller).await?;
    }
    let legacy = OnceCell::new();
    decide(fence, caller, record, action, &legacy).await?;
    if action == FileAction::Download {
        for owner in owners(fence, std::slice::from_ref(record)).await?.values() {
            decide(fence, caller, owner, action, &legacy).await?;
        }
    }
    Ok(Permitted { record })
}

async fn decide(
    fence: &Fence,
    caller: &Caller,
    record: &Record,
    action: FileAction,
    legacy: &OnceCell<ProjectAccess>,
) -> Result<(), FenceError> {
    match record.authz.as_slice() {
        [] => without_resources(fence, caller, record, action, legacy).await,
        paths => by_resources(fence, caller, paths, action).await,
    }
}

/// The other records that objects of `records` were uploaded for, by GUID.
///
/// Whoever may make a record anywhere can name any object as its location, so the right to a record is no right to
/// an object that another record's upload has brought: that one's rules hold for it as well.
pub(crate) async fn owners(fence: &Fence, records: &[Record]) -> Result<HashMap<String, Record>, FenceError> {
    let guids: BTreeSet<&str> = records.iter().flat_map(owning_guids).collect();
    if guids.is_empty() {
        return Ok(HashMap::new());
    }
    let guids: Vec<String> = guids.into_iter().map(str::to_owned).collect();
    Ok(fence.index.get_many(&guids).await?.into_iter().map(|record| (record.did.clone(), record)).collect())
}

/// The GUIDs in the keys of a record's objects, but for its own.
fn owning_guids(record: &Record) -> impl Iterator<Item = &str> {
    let guids =
        record.urls.iter().filter_map(|url| guid_of_key(url.strip_prefix("s3://")?.split_once('/')?.1));
    guids.filter(|guid| *guid != record.did)
}

/// As [`permit`] for downloads of many files; for each the proof, or the status that it would have had alone.
///
/// Files under the same resource paths are asked about once, so the number of questions to arborist is that of
/// the distinct rules.
///
/// # Errors
/// 403 for the token of an OAuth client without a user.
pub(crate) async fn permit_downloads<'a>(
    fence: &Fence,
    caller: &Caller,
    records: &'a [Record],
) -> Result<Vec<Result<Permitted<'a>, u16>>, FenceError> {
    refuse_client_tokens(fence, caller).await?;
    let action = FileAction::Download;
    let owners = owners(fence, records).await?;
    let all = || records.iter().chain(owners.values());
    let rules: BTreeSet<&[String]> =
        all().map(|record| record.authz.as_slice()).filter(|paths| !paths.is_empty()).collect();
    let by_rule = async |paths| {
        let decision = by_resources(fence, caller, paths, action).await;
        (paths, decision.map_err(|error| error.status_code().as_u16()))
    };
    let decisions: HashMap<&[String], Result<(), u16>> =
        stream::iter(rules.into_iter().map(by_rule)).buffer_unordered(DECISIONS_AT_ONCE).collect().await;
    let legacy = OnceCell::new();
    let mut alone: HashMap<&str, Result<(), u16>> = HashMap::new();
    for record in all() {
        let outcome = match decisions.get(record.authz.as_slice()) {
            Some(decision) => *decision,
            None => without_resources(fence, caller, record, action, &legacy)
                .await
                .map_err(|error| error.status_code().as_u16()),
        };
        alone.insert(&record.did, outcome);
    }
    let outcome = |record: &'a Record| {
        let needed = std::iter::once(record.did.as_str()).chain(owning_guids(record));
        needed.filter_map(|guid| alone.get(guid)).try_for_each(|outcome| *outcome)?;
        Ok(Permitted { record })
    };
    Ok(records.iter().map(outcome).collect())
}

/// Tokens that speak for an OAuth client without a user get no files.
async fn refuse_client_tokens(fence: &Fence, caller: &Caller) -> Result<(), FenceError> {
    let Some(bearer) = caller.believed(fence).await else { return Ok(()) };
    match bearer.claims.username().is_none() && bearer.claims.client_id().is_some() {
        true => Err(FenceError::Forbidden("clients cannot download files without a user".into())),
        false => Ok(()),
    }
}

async fn by_resources(
    fence: &Fence,
    caller: &Caller,
    paths: &[String],
    action: FileAction,
) -> Result<(), FenceError> {
    let subject = caller.subject()?;
    let questions: Vec<authz::Request> =
        paths.iter().map(|path| authz::Request::new(path, "fence", action.method())).collect();
    match fence.authz.decide(&subject, &questions).await {
        Ok(true) => Ok(()),
        Ok(false) | Err(AuthzError::Denied) => Err(FenceError::Unauthorized(format!(
            "Either you weren't authenticated successfully or you don't have {} permission on authorization \
             resource: {}",
            action.method(),
            paths.join(", ")
        ))),
        Err(error) => Err(error.into()),
    }
}

/// The rules for records that no resource path guards. `legacy` is read when it is first needed.
async fn without_resources(
    fence: &Fence,
    caller: &Caller,
    record: &Record,
    action: FileAction,
    legacy: &OnceCell<ProjectAccess>,
) -> Result<(), FenceError> {
    if record.acl.iter().any(|entry| entry == "*") {
        return match action {
            FileAction::Download => Ok(()),
            FileAction::Upload => {
                Err(FenceError::Unauthorized("Cannot upload on public files while using acl field".into()))
            }
        };
    }
    if caller.is_anonymous() {
        return Err(FenceError::please_login());
    }
    let bearer = caller.bearer(fence, &["data"]).await?;
    let permitted = match (&record.uploader, bearer.user_id()) {
        (Some(uploader), _) => bearer.claims.username() == Some(uploader),
        (None, Some(id)) if !record.acl.is_empty() => {
            let access = legacy.get_or_try_init(|| legacy_access(fence, id)).await?;
            let listed = |project: &String| {
                access.get(project).is_some_and(|privileges| privileges.iter().any(|p| p == action.method()))
            };
            record.acl.iter().any(listed)
        }
        (None, _) => false,
    };
    match permitted {
        true => Ok(()),
        false => Err(FenceError::Unauthorized(format!(
            "You don't have access permission on this file: {}",
            record.did
        ))),
    }
}

async fn legacy_access(fence: &Fence, user: i32) -> Result<ProjectAccess, FenceError> {
    let mut connection = fence.pool.acquire().await?;
    Ok(users::project_access(&mut connection, user).await?)
}
