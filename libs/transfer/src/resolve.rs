//! Finds out what names mean: size, checksums, file name, and who gives the bytes.

use std::{collections::HashMap, sync::Arc};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;

use crate::{
    calls::{AccessMethod, DrsContent, DrsObject, Record, Signed},
    checksums::Checksums,
    commons::Commons,
    credentials::Credentials,
    error::TransferError,
    hosts::Hosts,
    identifiers::Identifier,
    manifest::Entry,
    retry::Retries,
};

/// GUIDs of one bulk request.
const AT_ONCE: usize = 100;
/// Deepest bundle in a bundle.
const DEEPEST: usize = 16;
/// Most members of one bundle, at all depths together.
const MAX_MEMBERS: usize = 1_000_000;
/// Members of a bundle that are looked up at the same time.
const MEMBERS_AT_ONCE: usize = 8;
/// Largest size that a file can have.
const LARGEST: u64 = i64::MAX as u64;

/// A file that can be downloaded.
#[derive(Debug, Clone)]
pub struct Object {
    /// As the user named it.
    pub(crate) id: String,
    /// Folders of the bundles that it is in.
    pub(crate) folder: String,
    pub(crate) guid: String,
    pub(crate) name: Option<String>,
    pub(crate) size: Option<u64>,
    pub(crate) checksums: Checksums,
    pub(crate) commons: Arc<Commons>,
    pub(crate) way: Way,
}

/// How the bytes are asked for.
#[derive(Debug, Clone)]
pub(crate) enum Way {
    /// fence's download route.
    Download,
    /// DRS access.
    Access(String),
    /// An address that everybody may read.
    Open(Signed),
}

impl std::fmt::Debug for Signed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signed")
    }
}

impl Object {
    /// A URL of the bytes that is valid now.
    pub(crate) async fn signed(&self, protocol: Option<&str>) -> Result<Signed, TransferError> {
        match &self.way {
            Way::Download => self.commons.download_url(&self.guid, protocol).await,
            Way::Access(access_id) => self.commons.drs_access(&self.guid, access_id).await,
            Way::Open(signed) => Ok(signed.clone()),
        }
    }
}

/// What became of an entry.
pub type Resolved = Result<Vec<Object>, (String, TransferError)>;

/// Finds out what names mean.
pub struct Resolver {
    home: Option<Arc<Commons>>,
    hosts: Hosts,
}

impl Resolver {
    /// Names are looked up at the commons `home`; other hosts are told who the user is with `keys` of theirs
    /// or, where the user has linked them, by the workspace token service of `home`.
    #[must_use]
    pub fn new(
        home: Option<Arc<Commons>>,
        keys: Vec<Credentials>,
        prefixes: Option<String>,
        retries: Retries,
    ) -> Self {
        Self { hosts: Hosts::new(home.clone(), keys, prefixes, retries), home }
    }

    /// Finds out what the entries mean, in their order. `told` is called for each that is done.
    pub async fn all(
        &self,
        entries: Vec<Entry>,
        parallel: usize,
        told: impl Fn(u64) + Sync,
    ) -> Vec<Resolved> {
        let chunks: Vec<Vec<Entry>> = chunked(entries);
        let found = stream::iter(chunks.into_iter().map(|chunk| self.chunk(chunk, &told)));
        found.buffered(parallel.max(1)).flat_map(stream::iter).collect().await
    }

    async fn chunk(&self, entries: Vec<Entry>, told: &(impl Fn(u64) + Sync)) -> Vec<Resolved> {
        let mut known = self.bulk(&entries).await;
        let mut resolved = Vec::with_capacity(entries.len());
        for entry in entries {
            let record = match &entry.identifier {
                Identifier::Guid(guid) => known.remove(guid),
                _ => None,
            };
            let id = entry.identifier.to_string();
            let one = self.one(entry, record).await.map_err(|error| (id, error));
            told(1);
            resolved.push(one);
        }
        resolved
    }

    /// Records of those that need one, if the commons has the bulk route.
    async fn bulk(&self, entries: &[Entry]) -> HashMap<String, Record> {
        let guids: Vec<&str> = entries
            .iter()
            .filter_map(|entry| match &entry.identifier {
                Identifier::Guid(guid) => Some(guid.as_str()),
                _ => None,
            })
            .collect();
        match &self.home {
            Some(home) if guids.len() > 1 => {
                let records = home.records(&guids).await.unwrap_or_default();
                records.into_iter().map(|record| (record.did.clone(), record)).collect()
            }
            _ => HashMap::new(),
        }
    }

    async fn one(&self, entry: Entry, known: Option<Record>) -> Result<Vec<Object>, TransferError> {
        let id = entry.identifier.to_string();
        match &entry.identifier.clone() {
            Identifier::Guid(guid) => {
                let home = self.home.clone().ok_or_else(|| no_commons(guid))?;
                let record = match known {
                    Some(record) => Ok(record),
                    None => home.record(guid).await,
                };
                match record {
                    Ok(record) => Ok(vec![of_record(id, guid, record, entry, home)?]),
                    // Not a record of its index: a bundle, or what only its DRS knows.
                    Err(error @ TransferError::NotFound { .. }) => match home.drs_object(guid).await {
                        Ok(object) => self.of_drs(id, guid, object, &entry, home.clone()).await,
                        Err(_) => Err(error),
                    },
                    // A bundle has no size as a record has it.
                    Err(TransferError::Unexpected { .. }) => {
                        let object = home.drs_object(guid).await?;
                        self.of_drs(id, guid, object, &entry, home.clone()).await
                    }
                    Err(error) => Err(error),
                }
            }
            Identifier::At { host, id: object_id } => {
                let commons = self.hosts.at(host).await?;
                let object = commons.drs_object(object_id).await?;
                self.of_drs(id, object_id, object, &entry, commons).await
            }
            Identifier::Compact { prefix, accession } => {
                let whole = format!("{prefix}/{accession}");
                let (commons, object) = self.hosts.of_prefix(prefix, accession, &whole).await?;
                self.of_drs(id, &whole, object, &entry, commons).await
            }
        }
    }

    /// The files of a DRS object, which may be a bundle.
    async fn of_drs(
        &self,
        id: String,
        guid: &str,
        object: DrsObject,
        entry: &Entry,
        commons: Arc<Commons>,
    ) -> Result<Vec<Object>, TransferError> {
        let (mut found, mut seen) = (Vec::new(), 0);
        let first = Met { guid: guid.to_owned(), object, commons };
        let mut open = vec![(first, String::new(), 0)];
        while let Some((Met { guid, object, commons }, folder, depth)) = open.pop() {
            let contents = object.contents.clone().unwrap_or_default();
            if contents.is_empty() {
                let entry = (depth == 0).then_some(entry);
                found.push(of_object(&id, &guid, object, entry, folder, commons)?);
                continue;
            }
            let name = object.name.as_deref().unwrap_or(&guid).replace('/', "_");
            let folder = if folder.is_empty() { name } else { format!("{folder}/{name}") };
            let members = members(&id, contents)?;
            seen += members.len();
            // Before they are asked for: a bundle can name more than anybody could wait for.
            if depth == DEEPEST || seen > MAX_MEMBERS {
                return Err(TransferError::Unusable(format!("the bundle {id} is too deep or too large")));
            }
            let met = stream::iter(members).map(|member| self.member(&commons, member));
            let met: Vec<Met> = met.buffered(MEMBERS_AT_ONCE).try_collect().await?;
            open.extend(met.into_iter().map(|one| (one, folder.clone(), depth + 1)));
        }
        Ok(found)
    }

    /// A member of a bundle that is at `commons`.
    async fn member(&self, commons: &Arc<Commons>, member: Member) -> Result<Met, TransferError> {
        let (guid, commons) = match member {
            Member::Here(id) => (id, commons.clone()),
            Member::Elsewhere(Identifier::At { host, id }) => (id, self.hosts.at(&host).await?),
            Member::Elsewhere(Identifier::Compact { prefix, accession }) => {
                let guid = format!("{prefix}/{accession}");
                let (commons, object) = self.hosts.of_prefix(&prefix, &accession, &guid).await?;
                return Ok(Met { guid, object, commons });
            }
            Member::Elsewhere(Identifier::Guid(guid)) => (guid, commons.clone()),
        };
        let object = commons.drs_object(&guid).await?;
        Ok(Met { guid, object, commons })
    }
}

/// A DRS object, and the commons that has it.
struct Met {
    guid: String,
    object: DrsObject,
    commons: Arc<Commons>,
}

/// What a bundle names.
#[derive(Debug, PartialEq, Eq)]
enum Member {
    /// By an id, which is one of the server that has the bundle.
    Here(String),
    /// By a URI alone.
    Elsewhere(Identifier),
}

fn chunked(entries: Vec<Entry>) -> Vec<Vec<Entry>> {
    let mut chunks: Vec<Vec<Entry>> = Vec::with_capacity(entries.len().div_ceil(AT_ONCE));
    for entry in entries {
        match chunks.last_mut() {
            Some(chunk) if chunk.len() < AT_ONCE => chunk.push(entry),
            _ => chunks.push(vec![entry]),
        }
    }
    chunks
}

fn no_commons(guid: &str) -> TransferError {
    let told = "name the commons by --credentials FILE, --profile NAME or --endpoint URL";
    TransferError::Unusable(format!("{guid} does not say which commons has it: {told}"))
}

fn of_record(
    id: String,
    guid: &str,
    record: Record,
    entry: Entry,
    commons: Arc<Commons>,
) -> Result<Object, TransferError> {
    let size = agreed(&entry, possible(&id, record.size)?)?;
    let mut checksums = record.checksums();
    if checksums.is_empty() {
        checksums = entry.checksums;
    }
    let name = entry.name.or_else(|| record.name());
    // A record may be asked for by the id of its family; the bytes are those of the record.
    let guid = if record.did.is_empty() { guid.to_owned() } else { record.did };
    Ok(Object { id, folder: String::new(), guid, name, size, checksums, commons, way: Way::Download })
}

/// The size, if a file can have it.
fn possible(id: &str, size: Option<u64>) -> Result<Option<u64>, TransferError> {
    match size {
        Some(size) if size > LARGEST => Err(TransferError::Unexpected {
            what: format!("looking for {id}"),
            reason: format!("its size is {size}, and no file can have more than {LARGEST} bytes"),
        }),
        size => Ok(size),
    }
}

/// The size, on which manifest and record have to agree: else the manifest means other bytes.
fn agreed(entry: &Entry, size: Option<u64>) -> Result<Option<u64>, TransferError> {
    match (entry.size, size) {
        // Manifests have 0 for "not known".
        (Some(said), Some(size)) if said != size && said != 0 => Err(TransferError::Unusable(format!(
            "the manifest says {said} bytes and the record {size}: they mean different files"
        ))),
        (Some(said), None) if said > LARGEST => {
            Err(TransferError::Unusable(format!("the manifest says {said} bytes, which no file can have")))
        }
        (said, size) => Ok(size.or(said.filter(|said| *said != 0))),
    }
}

fn of_object(
    id: &str,
    guid: &str,
    object: DrsObject,
    entry: Option<&Entry>,
    folder: String,
    commons: Arc<Commons>,
) -> Result<Object, TransferError> {
    let size = possible(id, object.size)?;
    let size = entry.map_or(Ok(size), |entry| agreed(entry, size))?;
    let way = way(guid, object.access_methods.as_deref().unwrap_or_default())?;
    let mut checksums = object.checksums();
    if let Some(entry) = entry
        && checksums.is_empty()
    {
        checksums = entry.checksums.clone();
    }
    let name = entry.and_then(|entry| entry.name.clone()).or(object.name).filter(|name| !name.is_empty());
    Ok(Object { id: id.to_owned(), folder, guid: guid.to_owned(), name, size, checksums, commons, way })
}

/// The first method that leads to bytes over HTTP.
fn way(guid: &str, methods: &[AccessMethod]) -> Result<Way, TransferError> {
    let what = format!("asking for the bytes of {guid}");
    let with_id = methods.iter().find_map(|method| method.access_id.clone().filter(|id| !id.is_empty()));
    if let Some(access_id) = with_id {
        return Ok(Way::Access(access_id));
    }
    let over_http = |method: &&AccessMethod| matches!(method.kind.as_deref(), Some("http" | "https"));
    let open = methods.iter().find(over_http).and_then(|method| method.access_url.as_ref());
    match open {
        Some(access) => Ok(Way::Open(Signed::of(&what, access)?)),
        None => Err(TransferError::NotFound { what, told: "it has no way to its bytes yet".to_owned() }),
    }
}

/// What a bundle has, at any depth of what it says.
fn members(id: &str, contents: Vec<DrsContent>) -> Result<Vec<Member>, TransferError> {
    let mut all = Vec::new();
    for content in contents {
        let of_uri = || {
            let uri = match content.drs_uri.as_ref()? {
                Value::Array(all) => all.first()?.as_str()?,
                uri => uri.as_str()?,
            };
            let uri = Identifier::parse(uri).ok();
            uri.filter(|uri| !matches!(uri, Identifier::Guid(_))).map(Member::Elsewhere)
        };
        let inner = content.contents.clone().unwrap_or_default();
        match content.id.clone().map(Member::Here).or_else(of_uri) {
            Some(member) => all.push(member),
            None if !inner.is_empty() => all.extend(members(id, inner)?),
            None => {
                let name = content.name.as_deref().unwrap_or("a member");
                return Err(TransferError::Unusable(format!("{name} of the bundle {id} has no id")));
            }
        }
    }
    Ok(all)
}
