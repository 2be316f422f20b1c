//! Where uploads go, and who may make them.

use authz::{AuthzError, Subject};
use indexclient::{Caller as IndexCaller, Record};
use storage::Location;
use uuid::Uuid;

use crate::{
    Fence,
    access::{FileAction, permit},
    caller::{Bearer, Caller},
    error::FenceError,
    permissions::{UploadBelow, UploadUnassigned},
};

/// Whoever may `file_upload` here may upload files that belong to nobody's project yet.
const DATA_FILE: &str = "/data_file";
/// The longest object key is 1024 bytes (Amazon S3); a GUID and a slash come before the file name.
const LONGEST_FILE_NAME: usize = 900;

/// The bucket of an upload: the one asked for, if it is allowed, or the default.
///
/// # Errors
/// 403 for a bucket that uploads may not use, 404 where no bucket for uploads is configured.
pub(crate) fn bucket<'a>(fence: &'a Fence, asked: Option<&'a str>) -> Result<&'a str, FenceError> {
    let config = &fence.config;
    let allowed = |name: &str| {
        name == config.data_upload_bucket
            || config.allowed_data_upload_buckets.iter().any(|bucket| bucket == name)
    };
    match asked.filter(|name| !name.is_empty()) {
        Some(name) if allowed(name) => Ok(name),
        Some(name) => Err(FenceError::Forbidden(format!("Uploading to bucket '{name}' is not allowed"))),
        None if config.data_upload_bucket.is_empty() => {
            Err(FenceError::NotFound("this commons has no bucket for uploads".into()))
        }
        None => Ok(&config.data_upload_bucket),
    }
}

/// Refuses names that no object can have, before anything is made for them.
///
/// # Errors
/// 400.
pub(crate) fn check_file_name(file_name: &str) -> Result<(), FenceError> {
    if file_name.len() > LONGEST_FILE_NAME || file_name.contains('\0') {
        return Err(FenceError::BadRequest(format!("a file name has at most {LONGEST_FILE_NAME} bytes")));
    }
    Location::new("any", format!("guid/{file_name}"))?;
    Ok(())
}

/// Where the bytes of a record go.
///
/// # Errors
/// 400 for a name that no object can have, and for a GUID that begins with another one (`<uuid>/<uuid>`): the key
/// says later whose bytes these are, and would name that other record.
pub(crate) fn location(bucket: &str, guid: &str, file_name: &str) -> Result<Location, FenceError> {
    let key = format!("{guid}/{file_name}");
    if guid_of_key(&key).is_some_and(|named| named != guid) {
        return Err(FenceError::BadRequest(format!("no file can be uploaded for the id {guid}")));
    }
    Ok(Location::new(bucket, key)?)
}

/// Whether the caller may upload: anywhere below `authz`, or, without it, files of no project yet.
///
/// # Errors
/// 403.
pub(crate) async fn may_upload(fence: &Fence, bearer: &Bearer, authz: &[String]) -> Result<(), FenceError> {
    let subject = Subject::Token(bearer.token.clone());
    let asked = match authz {
        [] => {
            let resources = vec![DATA_FILE.to_owned()];
            fence.authz.require::<UploadUnassigned>(&subject, resources).await.map(drop)
        }
        paths => fence.authz.require::<UploadBelow>(&subject, paths.to_vec()).await.map(drop),
    };
    match asked {
        Ok(()) => Ok(()),
        Err(AuthzError::Denied) => Err(FenceError::Forbidden(
            "You do not have access to upload data. You either need general file uploader permissions or create \
             and write-storage permissions on the authz resources you specified (if you specified any)."
                .into(),
        )),
        Err(error) => Err(error.into()),
    }
}

/// The GUID of an upload: a record that exists and that the caller may write, or a new blank one.
///
/// # Errors
/// 404 for a GUID that does not exist, 401 for one that is not the caller's.
pub(crate) async fn guid(
    fence: &Fence,
    caller: &Caller,
    bearer: &Bearer,
    asked: Option<&str>,
    file_name: &str,
    authz: &[String],
) -> Result<String, FenceError> {
    if let Some(guid) = asked.filter(|guid| !guid.is_empty()) {
        let record = crate::downloads::record(fence, guid).await?;
        permit(fence, caller, &record, FileAction::Upload).await?;
        // Not the name that was given: an alias can look like the GUID of another record.
        return Ok(record.did);
    }
    let made = match authz {
        [] => {
            let uploader = Some(bearer.username()?);
            fence.index.create_blank(&IndexCaller::Service, uploader, file_name, None).await?
        }
        paths => {
            let caller = IndexCaller::Bearer(bearer.token.clone());
            fence.index.create_blank(&caller, None, file_name, Some(paths)).await?
        }
    };
    Ok(made.did)
}

/// Refuses to touch the object of a record that the caller may not write. Keys of no record are nobody's.
///
/// # Errors
/// 401.
pub(crate) async fn may_write_key(fence: &Fence, caller: &Caller, key: &str) -> Result<(), FenceError> {
    let guid = guid_of_key(key).or_else(|| key.rsplit_once('/').map(|(guid, _)| guid));
    let Some(guid) = guid else { return Ok(()) };
    let record: Option<Record> = fence.index.get(guid).await?;
    match record {
        Some(record) => permit(fence, caller, &record, FileAction::Upload).await.map(drop),
        None => Ok(()),
    }
}

/// The GUID in an object key: everything up to and including the first segment that is a UUID.
pub(crate) fn guid_of_key(key: &str) -> Option<&str> {
    let mut start = 0;
    for segment in key.split('/') {
        let end = start + segment.len();
        if segment.len() == 36 && Uuid::try_parse(segment).is_ok() && end < key.len() {
            return key.get(..end);
        }
        start = end + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_guid_of_a_key_ends_with_its_first_uuid() {
        let uuid = "0714aee0-0c5e-45c0-845d-8c073174242c";
        assert_eq!(guid_of_key(&format!("{uuid}/a/{uuid}")), Some(uuid));
        assert_eq!(guid_of_key(&format!("dg.1234/{uuid}/f.txt")), Some(&*format!("dg.1234/{uuid}")));
        assert_eq!(guid_of_key("mine/f"), None);
        assert_eq!(guid_of_key(uuid), None, "a key without a file name is no upload");
    }

    #[test]
    fn the_key_of_an_upload_names_its_record_and_no_other() {
        let (one, other) = ("0714aee0-0c5e-45c0-845d-8c073174242c", "5e9a9aae-36ff-4bff-9e1b-1c7c834fc354");
        for guid in [one, &format!("dg.1234/{one}"), "named-otherwise"] {
            assert!(location("b", guid, "f").is_ok(), "{guid}");
        }
        assert!(location("b", one, &format!("{other}/f")).is_ok());
        assert!(location("b", &format!("{one}/{other}"), "f").is_err());
        assert!(location("b", "named-otherwise", &format!("{other}/f")).is_err());
    }

    #[test]
    fn file_names_that_no_object_can_have_are_refused() {
        assert!(check_file_name("a b/ü+.txt").is_ok());
        for name in ["../x", "a/../b", ".", &"x".repeat(901), "a\0"] {
            assert!(check_file_name(name).is_err(), "{name}");
        }
    }
}
