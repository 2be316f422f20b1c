//! Bodies that create and change records.

use indexmap::IndexMap;
use serde_json::{Map, Value};

use super::{
    fields::{Fields, required, shown},
    value::{FlatMetadata, flatten},
};
use crate::{Error, dates::Timestamp, guid::Guid, hashes};

/// No record has more urls: each of them is looked up and stored by itself.
const MAX_URLS: usize = 1000;

/// The forms a record can have.
const FORMS: [&str; 3] = ["object", "container", "multipart"];

/// What a request says of a new record: the body of `POST /index` and `POST /index/{guid}`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RecordInput {
    pub(crate) did: Option<Guid>,
    pub(crate) baseid: Option<Guid>,
    /// `None` for a blank record only.
    pub(crate) form: Option<String>,
    /// `None` for a blank record only.
    pub(crate) size: Option<i64>,
    pub(crate) file_name: Option<String>,
    pub(crate) version: Option<String>,
    pub(crate) uploader: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) urls: Vec<String>,
    pub(crate) urls_metadata: IndexMap<String, FlatMetadata>,
    pub(crate) acl: Vec<String>,
    pub(crate) authz: Vec<String>,
    pub(crate) hashes: IndexMap<String, String>,
    pub(crate) metadata: FlatMetadata,
    pub(crate) content_created: Option<Timestamp>,
    pub(crate) content_updated: Option<Timestamp>,
}

impl RecordInput {
    /// Checks everything that needs no database, but not the rules of [`Self::check_dates`], which come after
    /// the authorisation.
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(
            body,
            &[
                "did",
                "baseid",
                "form",
                "size",
                "file_name",
                "version",
                "uploader",
                "description",
                "urls",
                "urls_metadata",
                "acl",
                "authz",
                "hashes",
                "metadata",
                "content_created_date",
                "content_updated_date",
            ],
        )?;
        fields.require(&["size", "hashes", "urls", "form"])?;
        let input = Self {
            did: guid_of(&fields, "did")?,
            baseid: guid_of(&fields, "baseid")?,
            form: Some(required("form", fields.text("form")?)?),
            size: Some(required("size", fields.size("size")?)?),
            file_name: fields.text("file_name")?,
            version: fields.text("version")?,
            uploader: fields.text("uploader")?,
            description: fields.text("description")?,
            urls: required("urls", fields.texts("urls")?)?,
            urls_metadata: fields.object("urls_metadata")?.map(url_metadata).transpose()?.unwrap_or_default(),
            acl: without_repeats(fields.texts("acl")?.unwrap_or_default()),
            authz: without_repeats(fields.texts("authz")?.unwrap_or_default()),
            hashes: required("hashes", fields.text_map("hashes")?)?,
            metadata: fields
                .object("metadata")?
                .map(|map| flatten("metadata", map))
                .transpose()?
                .unwrap_or_default(),
            content_created: date_of("content_created_date", fields.text("content_created_date")?)?,
            content_updated: date_of("content_updated_date", fields.text("content_updated_date")?)?,
        };
        input.check()?;
        Ok(input)
    }

    /// The record that another service of the commons gives us, checked as a body is.
    pub(crate) fn from_client(record: &indexclient::NewRecord) -> Result<Self, Error> {
        let input = Self {
            did: record.did.clone().map(Guid::from),
            baseid: record.baseid.clone().map(Guid::from),
            form: Some(record.form.clone()),
            size: Some(record.size),
            hashes: record.hashes.clone(),
            urls: record.urls.clone(),
            acl: without_repeats(record.acl.clone()),
            authz: without_repeats(record.authz.clone()),
            file_name: record.file_name.clone(),
            uploader: record.uploader.clone(),
            ..Self::default()
        };
        if record.size < 0 {
            return Err(Error::bad(format!("{} is less than the minimum of 0", record.size)));
        }
        if let Some(did) = input.did.as_ref().filter(|did| !did.is_valid()) {
            return Err(Error::bad(format!("'{did}' is no did: it does not end in a UUID")));
        }
        if let Some(baseid) = input.baseid.as_ref().filter(|baseid| !baseid.is_valid()) {
            return Err(Error::bad(format!("'{baseid}' is no baseid: it does not end in a UUID")));
        }
        input.check()?;
        Ok(input)
    }

    fn check(&self) -> Result<(), Error> {
        if let Some(form) = self.form.as_deref().filter(|form| !FORMS.contains(form)) {
            let forms = python::repr_list(FORMS);
            return Err(Error::bad(format!("{} is not one of {forms}", shown(&form.into()))));
        }
        hashes::check(&self.hashes)?;
        check_given_urls(&self.urls)?;
        check_url_metadata(&self.urls_metadata, &self.urls)
    }

    /// Checks the content dates of a new record.
    pub(crate) fn check_dates(&self) -> Result<(), Error> {
        match (self.content_created, self.content_updated) {
            (None, Some(_)) => {
                Err(Error::bad("Cannot set content_updated_date without content_created_date"))
            }
            (Some(created), Some(updated)) if updated < created => {
                Err(Error::bad("content_updated_date cannot come before content_created_date"))
            }
            _ => Ok(()),
        }
    }

    /// When the content is said to have been updated: not before it was created, which is what a missing date
    /// means.
    pub(crate) fn content_updated(&self) -> Option<Timestamp> {
        self.content_created.map(|created| self.content_updated.unwrap_or(created))
    }
}

/// The body of `PUT /index/{guid}`: `None` leaves a field alone.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct RecordUpdate {
    pub(crate) file_name: Option<Option<String>>,
    pub(crate) version: Option<Option<String>>,
    pub(crate) uploader: Option<Option<String>>,
    pub(crate) description: Option<Option<String>>,
    pub(crate) urls: Option<Vec<String>>,
    pub(crate) urls_metadata: Option<IndexMap<String, FlatMetadata>>,
    pub(crate) acl: Option<Vec<String>>,
    pub(crate) authz: Option<Vec<String>>,
    pub(crate) metadata: Option<FlatMetadata>,
    pub(crate) content_created: Option<Timestamp>,
    pub(crate) content_updated: Option<Timestamp>,
}

impl RecordUpdate {
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(
            body,
            &[
                "file_name",
                "version",
                "uploader",
                "description",
                "urls",
                "urls_metadata",
                "acl",
                "authz",
                "metadata",
                "content_created_date",
                "content_updated_date",
            ],
        )?;
        let date = |name: &str| date_of(name, fields.nullable_text(name)?.flatten());
        let update = Self {
            file_name: fields.nullable_text("file_name")?,
            version: fields.nullable_text("version")?,
            uploader: fields.nullable_text("uploader")?,
            description: fields.nullable_text("description")?,
            urls: fields.texts("urls")?,
            urls_metadata: fields.object("urls_metadata")?.map(url_metadata).transpose()?,
            acl: fields.texts("acl")?.map(without_repeats),
            authz: fields.texts("authz")?.map(without_repeats),
            metadata: fields.object("metadata")?.map(|map| flatten("metadata", map)).transpose()?,
            content_created: date("content_created_date")?,
            content_updated: date("content_updated_date")?,
        };
        check_given_urls(update.urls.as_deref().unwrap_or_default())?;
        if let (Some(created), Some(updated)) = (update.content_created, update.content_updated)
            && updated < created
        {
            return Err(Error::bad("content_updated_date cannot come before content_created_date"));
        }
        Ok(update)
    }

    /// The change that another service of the commons asks for.
    pub(crate) fn from_client(patch: &indexclient::RecordPatch) -> Result<Self, Error> {
        let facts =
            |facts: &IndexMap<String, Value>| flatten("urls_metadata", &facts.clone().into_iter().collect());
        let update = Self {
            file_name: patch.file_name.clone(),
            uploader: patch.uploader.clone(),
            urls: patch.urls.clone(),
            urls_metadata: patch
                .urls_metadata
                .as_ref()
                .map(|all| {
                    all.iter().map(|(url, map)| Ok((url.clone(), facts(map)?))).collect::<Result<_, Error>>()
                })
                .transpose()?,
            acl: patch.acl.clone().map(without_repeats),
            authz: patch.authz.clone().map(without_repeats),
            ..Self::default()
        };
        check_given_urls(update.urls.as_deref().unwrap_or_default())?;
        Ok(update)
    }
}

/// The body of `PUT /index/{guid}/versions`; an empty list changes nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct VersionsUpdate {
    pub(crate) acl: Option<Vec<String>>,
    pub(crate) authz: Option<Vec<String>>,
}

impl VersionsUpdate {
    pub(crate) fn parse(body: &Value) -> Result<Self, Error> {
        let fields = Fields::strict(body, &["acl", "authz"])?;
        let list =
            |name| fields.texts(name).map(|list| list.map(without_repeats).filter(|list| !list.is_empty()));
        Ok(Self { acl: list("acl")?, authz: list("authz")? })
    }
}

/// Refuses metadata of a url that is not among `urls`.
pub(crate) fn check_url_metadata(
    metadata: &IndexMap<String, FlatMetadata>,
    urls: &[String],
) -> Result<(), Error> {
    match metadata.keys().find(|url| !urls.contains(url)) {
        Some(url) => Err(Error::bad(format!("url {url} in urls_metadata does not exist"))),
        None => Ok(()),
    }
}

/// As [`check_urls`], and refuses urls that nobody should give: control characters would break the lines and
/// headers that have them.
fn check_given_urls(urls: &[String]) -> Result<(), Error> {
    check_urls(urls)?;
    match urls.iter().find(|url| url.contains(char::is_control)) {
        Some(url) => Err(Error::bad(format!("url {} has a control character", url.escape_debug()))),
        None => Ok(()),
    }
}

/// Refuses a list that has too many urls, or one of them twice.
pub(super) fn check_urls(urls: &[String]) -> Result<(), Error> {
    if urls.len() > MAX_URLS {
        return Err(Error::bad(format!("a record has at most {MAX_URLS} urls, not {}", urls.len())));
    }
    let mut sorted: Vec<&String> = urls.iter().collect();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::bad(format!("url {} is given twice", pair[0]))),
        None => Ok(()),
    }
}

/// The entries sorted, each of them once.
pub(super) fn without_repeats(mut list: Vec<String>) -> Vec<String> {
    list.sort_unstable();
    list.dedup();
    list
}

fn guid_of(fields: &Fields<'_>, name: &str) -> Result<Option<Guid>, Error> {
    match fields.text(name)?.map(Guid::from) {
        Some(guid) if !guid.is_valid() => {
            Err(Error::bad(format!("'{guid}' is no {name}: it does not end in a UUID")))
        }
        valid => Ok(valid),
    }
}

fn date_of(name: &str, text: Option<String>) -> Result<Option<Timestamp>, Error> {
    let parse = |text: String| {
        Timestamp::parse(&text).ok_or_else(|| Error::bad(format!("{name} '{text}' is no ISO 8601 date")))
    };
    text.map(parse).transpose()
}

fn url_metadata(map: &Map<String, Value>) -> Result<IndexMap<String, FlatMetadata>, Error> {
    let entry = |(url, facts): (&String, &Value)| {
        let facts = facts
            .as_object()
            .ok_or_else(|| Error::bad(format!("urls_metadata of {url} is not of type 'object'")))?;
        Ok((url.clone(), flatten("urls_metadata", facts)?))
    };
    map.iter().map(entry).collect()
}
