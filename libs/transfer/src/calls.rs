//! The routes of a commons that a transfer needs; all of them are those of the original services.

use std::collections::BTreeMap;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use url::Url;

use crate::{
    checksums::Checksums,
    commons::Commons,
    error::TransferError,
    identifiers::{in_part, in_path},
};

/// A record of the file index.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Record {
    pub(crate) did: String,
    pub(crate) file_name: Option<String>,
    pub(crate) size: Option<u64>,
    #[serde(default)]
    hashes: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) urls: Option<Vec<String>>,
}

impl Record {
    pub(crate) fn checksums(&self) -> Checksums {
        Checksums::of(self.hashes.clone().unwrap_or_default())
    }

    /// The record's name for the file, else the last part of where it is.
    pub(crate) fn name(&self) -> Option<String> {
        let of_url = || {
            let url = self.urls.as_ref()?.first()?;
            Some(url.rsplit('/').next()?.to_owned())
        };
        self.file_name.clone().or_else(of_url).filter(|name| !name.is_empty())
    }
}

/// A DRS object or bundle.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DrsObject {
    pub(crate) name: Option<String>,
    pub(crate) size: Option<u64>,
    #[serde(default)]
    checksums: Option<Vec<DrsChecksum>>,
    #[serde(default)]
    pub(crate) access_methods: Option<Vec<AccessMethod>>,
    #[serde(default)]
    pub(crate) contents: Option<Vec<DrsContent>>,
}

#[derive(Debug, Clone, Deserialize)]
struct DrsChecksum {
    #[serde(rename = "type")]
    kind: Option<String>,
    checksum: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct AccessMethod {
    #[serde(rename = "type")]
    pub(crate) kind: Option<String>,
    pub(crate) access_id: Option<String>,
    pub(crate) access_url: Option<AccessUrl>,
}

/// What has to be asked for the bytes.
#[derive(Clone, Deserialize)]
pub(crate) struct AccessUrl {
    pub(crate) url: String,
    #[serde(default)]
    headers: Option<Value>,
}

impl std::fmt::Debug for AccessUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessUrl")
    }
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct DrsContent {
    pub(crate) id: Option<String>,
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) drs_uri: Option<Value>,
    #[serde(default)]
    pub(crate) contents: Option<Vec<DrsContent>>,
}

impl DrsObject {
    pub(crate) fn checksums(&self) -> Checksums {
        let all = self.checksums.iter().flatten();
        Checksums::of(all.filter_map(|one| Some((one.kind.clone()?, one.checksum.clone()?))))
    }
}

/// A signed URL, and headers that go with it.
#[derive(Clone)]
pub(crate) struct Signed {
    pub(crate) url: Url,
    pub(crate) headers: HeaderMap,
}

impl Signed {
    pub(crate) fn of(what: &str, access: &AccessUrl) -> Result<Self, TransferError> {
        let unexpected =
            |reason: &str| TransferError::Unexpected { what: what.to_owned(), reason: reason.to_owned() };
        let url = Url::parse(&access.url).map_err(|_| unexpected("it has no URL"))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(unexpected(&format!("a URL with {}: cannot be downloaded", url.scheme())));
        }
        let mut headers = HeaderMap::new();
        // DRS says `["Authorization: Basic Z2E0Z2g6ZHJz"]`.
        for header in access.headers.iter().filter_map(Value::as_array).flatten() {
            let parts = header.as_str().and_then(|text| text.split_once(':'));
            let parsed = parts.and_then(|(name, value)| {
                let mut value = HeaderValue::from_str(value.trim()).ok()?;
                value.set_sensitive(true);
                Some((HeaderName::from_bytes(name.trim().as_bytes()).ok()?, value))
            });
            let (name, value) = parsed.ok_or_else(|| unexpected("it has a header that is none"))?;
            headers.append(name, value);
        }
        Ok(Self { url, headers })
    }

    /// Whether it is a request of Azure's, which needs a header of its own to make an object.
    pub(crate) fn is_azure(&self) -> bool {
        self.url.query_pairs().any(|(name, _)| name == "sig")
            && self.url.query_pairs().any(|(name, _)| name == "sv")
    }
}

/// Which upload of several parts is meant.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Parted<'a> {
    pub(crate) key: &'a str,
    #[serde(rename = "uploadId")]
    pub(crate) upload_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bucket: Option<&'a str>,
}

/// What an upload says of its file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) file_name: &'a str,
    pub(crate) bucket: Option<&'a str>,
    pub(crate) authz: &'a [String],
}

#[derive(Deserialize)]
struct Address {
    url: String,
}

impl Commons {
    pub(crate) async fn record(&self, guid: &str) -> Result<Record, TransferError> {
        let what = format!("looking for the record of {guid}");
        self.get(&what, &format!("/index/index/{}", in_path(guid))).await
    }

    /// Records of many GUIDs; those that there are, in any order.
    pub(crate) async fn records(&self, guids: &[&str]) -> Result<Vec<Record>, TransferError> {
        self.post("looking for records", "/index/bulk/documents", &guids).await
    }

    pub(crate) async fn download_url(
        &self,
        guid: &str,
        protocol: Option<&str>,
    ) -> Result<Signed, TransferError> {
        let what = format!("asking for the bytes of {guid}");
        let query = protocol.map(|protocol| format!("?protocol={}", in_part(protocol))).unwrap_or_default();
        let said: AccessUrl =
            self.get(&what, &format!("/user/data/download/{}{query}", in_path(guid))).await?;
        Signed::of(&what, &said)
    }

    pub(crate) async fn drs_object(&self, id: &str) -> Result<DrsObject, TransferError> {
        let what = format!("looking for {id} at {}", self.address().authority());
        self.get(&what, &format!("/ga4gh/drs/v1/objects/{}", in_path(id))).await
    }

    pub(crate) async fn drs_access(&self, id: &str, access_id: &str) -> Result<Signed, TransferError> {
        let what = format!("asking {} for the bytes of {id}", self.address().authority());
        let path = format!("/ga4gh/drs/v1/objects/{}/access/{}", in_path(id), in_part(access_id));
        let said: AccessUrl = self.get(&what, &path).await?;
        Signed::of(&what, &said)
    }

    /// A new record, and where its bytes go.
    pub(crate) async fn new_upload(&self, about: About<'_>) -> Result<(String, Signed), TransferError> {
        #[derive(Deserialize)]
        struct Ticket {
            guid: String,
            url: String,
        }
        let what = format!("asking for an upload of {}", about.file_name);
        let mut body = named(about);
        if !about.authz.is_empty() {
            body.insert("authz".to_owned(), json!(about.authz));
        }
        let ticket: Ticket = self.post(&what, "/user/data/upload", &body).await?;
        Ok((ticket.guid, signed(&what, ticket.url)?))
    }

    /// A new record with metadata, by the metadata service.
    pub(crate) async fn new_object(&self, body: &Value) -> Result<(String, Signed), TransferError> {
        #[derive(Deserialize)]
        struct Ticket {
            guid: String,
            upload_url: String,
        }
        let what = "asking for an upload with metadata";
        let ticket: Ticket = match self.post(what, "/mds/objects/upload", body).await {
            // Earlier services have it one level higher.
            Err(TransferError::NotFound { .. } | TransferError::Refused { status: 405, .. }) => {
                self.post(what, "/mds/objects", body).await?
            }
            answer => answer?,
        };
        Ok((ticket.guid, signed(what, ticket.upload_url)?))
    }

    /// Where the bytes of a record go that is there.
    pub(crate) async fn upload_url(&self, guid: &str, about: About<'_>) -> Result<Signed, TransferError> {
        let what = format!("asking for an upload into {guid}");
        let mut query = format!("?file_name={}", in_part(about.file_name));
        if let Some(bucket) = about.bucket {
            query.push_str(&format!("&bucket={}", in_part(bucket)));
        }
        let said: Address = self.get(&what, &format!("/user/data/upload/{}{query}", in_path(guid))).await?;
        signed(&what, said.url)
    }

    /// Begins an upload of several parts; its record is made unless there is one.
    pub(crate) async fn begin_parts(
        &self,
        guid: Option<&str>,
        about: About<'_>,
    ) -> Result<(String, String), TransferError> {
        #[derive(Deserialize)]
        struct Begun {
            guid: String,
            #[serde(rename = "uploadId")]
            upload_id: String,
        }
        let what = format!("beginning an upload of {}", about.file_name);
        let mut body = named(about);
        if let Some(guid) = guid {
            body.insert("guid".to_owned(), json!(guid));
        }
        let begun: Begun = self.post(&what, "/user/data/multipart/init", &body).await?;
        Ok((begun.guid, begun.upload_id))
    }

    /// Where one part goes.
    pub(crate) async fn part_url(&self, parted: &Parted<'_>, number: u32) -> Result<Signed, TransferError> {
        #[derive(Serialize)]
        struct Part<'a> {
            #[serde(flatten)]
            parted: &'a Parted<'a>,
            #[serde(rename = "partNumber")]
            number: u32,
        }
        #[derive(Deserialize)]
        struct Answer {
            presigned_url: String,
        }
        let what = format!("asking for the upload of part {number} of {}", parted.key);
        let body = Part { parted, number };
        let answer: Answer = self.post(&what, "/user/data/multipart/upload", &body).await?;
        signed(&what, answer.presigned_url)
    }

    /// Makes one object of the parts. It is asked once: what a second refusal means depends on the first
    /// answer.
    pub(crate) async fn complete_parts(
        &self,
        parted: &Parted<'_>,
        parts: &[(u32, String)],
    ) -> Result<(), TransferError> {
        #[derive(Serialize)]
        struct Whole<'a> {
            #[serde(flatten)]
            parted: &'a Parted<'a>,
            parts: Vec<Value>,
        }
        let parts = parts.iter().map(|(number, tag)| json!({"PartNumber": number, "ETag": tag})).collect();
        let what = format!("completing the upload of {}", parted.key);
        let _: Value =
            self.post_once(&what, "/user/data/multipart/complete", &Whole { parted, parts }).await?;
        Ok(())
    }
}

fn named(about: About<'_>) -> Map<String, Value> {
    let mut body = Map::from_iter([("file_name".to_owned(), json!(about.file_name))]);
    if let Some(bucket) = about.bucket {
        body.insert("bucket".to_owned(), json!(bucket));
    }
    body
}

fn signed(what: &str, url: String) -> Result<Signed, TransferError> {
    Signed::of(what, &AccessUrl { url, headers: None })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_of_an_access_url_go_with_it_and_other_protocols_do_not() {
        let access = |value: Value| Signed::of("x", &serde_json::from_value(value).unwrap());
        let signed = access(json!({"url": "https://a/b", "headers": ["X-Key: v: w"]})).unwrap();
        assert_eq!(signed.headers["x-key"], "v: w");
        assert!(access(json!({"url": "s3://b/k"})).is_err());
        assert!(access(json!({"url": "file:///etc/passwd"})).is_err());
        assert!(access(json!({"url": "https://a", "headers": ["nonsense"]})).is_err());
    }
}
