//! Bundles: named sets of records and other bundles.

use md5::{Digest, Md5};
use python::{dumps, sorted};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    Error, Indexd,
    auth::Claimant,
    dates::Timestamp,
    document::Entry,
    drs,
    guid::Guid,
    input::BundleInput,
    query::Depth,
    store::{bundles, bundles::NewBundle},
};

/// The answer to the creation of a bundle; `contents` is JSON inside a string.
#[derive(Debug, Serialize)]
pub(crate) struct CreatedBundle {
    bundle_id: Guid,
    contents: String,
    name: String,
}

/// `GET /bundle/{id}`, which shows a record as a bundle without members.
#[derive(Debug, Serialize)]
pub(crate) struct BundleView {
    aliases: Value,
    checksums: Value,
    contents: Value,
    created_time: Option<Timestamp>,
    description: Option<String>,
    drs_uri: String,
    id: Guid,
    name: Option<String>,
    size: Option<i64>,
    updated_time: Option<Timestamp>,
    version: Option<String>,
}

impl BundleView {
    /// The dids of the records in it and in its bundles.
    pub(crate) fn members(&self) -> Vec<String> {
        indexclient::members(&self.contents)
    }
}

impl Indexd {
    /// The bundle (or record) of an id.
    pub(crate) async fn bundle_view(&self, id: &Guid, depth: Depth) -> Result<BundleView, Error> {
        Ok(match self.entry(id).await? {
            Entry::Bundle(bundle) => BundleView {
                aliases: drs::text_list(bundle.aliases.as_deref()),
                checksums: drs::bundle_checksums(&bundle),
                contents: drs::members(&bundle, depth),
                created_time: bundle.created_time,
                description: bundle.description,
                drs_uri: self.config.drs_uri(&bundle.id),
                id: bundle.id,
                name: bundle.name,
                size: bundle.size,
                updated_time: bundle.updated_time,
                version: bundle.version,
            },
            Entry::Record(record) => BundleView {
                aliases: json!([]),
                checksums: drs::checksums(&record),
                contents: json!([]),
                created_time: record.created_date,
                description: record.description,
                drs_uri: self.config.drs_uri(&record.did),
                id: record.did,
                name: record.file_name,
                size: record.size,
                updated_time: record.updated_date,
                version: record.version,
            },
        })
    }

    /// Creates a bundle. The permission comes before anything else is looked at, a broken body too.
    pub(crate) async fn create_bundle(
        &self,
        who: &Claimant,
        body: Result<Value, Error>,
    ) -> Result<CreatedBundle, Error> {
        let permit = self.may_create_bundle(who).await?;
        let input = BundleInput::parse(&body?)?;
        let members = self.members(&input.members).await?;
        let (bundle, contents) = self.new_bundle(input, &members)?;
        let mut transaction = self.pool.begin().await?;
        if !bundles::insert_bundle(&mut transaction, &permit, &bundle).await? {
            return Err(Error::Conflict(format!("bundle id \"{}\" already exists", bundle.id)));
        }
        transaction.commit().await?;
        Ok(CreatedBundle { bundle_id: bundle.id, contents, name: bundle.name })
    }

    /// Deletes a bundle; its members stay.
    pub(crate) async fn delete_bundle(&self, who: &Claimant, id: Guid) -> Result<(), Error> {
        let permit = self.may_delete_bundle(who, id).await?;
        if bundles::delete_bundle(&mut *self.pool.acquire().await?, &permit).await? {
            return Ok(());
        }
        Err(Error::NotFound("No bundle found".into()))
    }

    async fn members(&self, ids: &[Guid]) -> Result<Vec<Entry>, Error> {
        self.entries(ids).await?.into_iter().map(|entry| entry.ok_or_else(Error::no_record)).collect()
    }

    fn new_bundle(&self, input: BundleInput, members: &[Entry]) -> Result<(NewBundle, String), Error> {
        let contents: Vec<Value> = members.iter().map(|member| self.member(member)).collect();
        let size = members.iter().try_fold(0_i64, |sum, member| sum.checked_add(size(member)));
        let size = input.size.or(size).ok_or_else(|| Error::bad("the sum of the sizes exceeds 64 bits"))?;
        let checksums = if input.checksums.is_empty() {
            json!([{ "checksum": checksum_of(members)?, "type": "md5" }])
        } else {
            Value::Array(input.checksums)
        };
        let id = input.bundle_id.unwrap_or_else(|| self.config.index.new_guid());
        let contents = Value::Array(contents);
        let bundle = NewBundle {
            name: input.name.filter(|name| !name.is_empty()).unwrap_or_else(|| id.to_string()),
            checksum: dumps(&checksums),
            size,
            bundle_data: dumps(&sorted(&contents)),
            description: input.description.unwrap_or_default(),
            version: input.version.unwrap_or_default(),
            aliases: dumps(&Value::Array(input.aliases)),
            id,
        };
        Ok((bundle, dumps(&contents)))
    }

    fn member(&self, member: &Entry) -> Value {
        let (id, name, contents) = match member {
            Entry::Record(record) => (&record.did, &record.file_name, json!([])),
            Entry::Bundle(bundle) => {
                (&bundle.id, &bundle.name, bundle.bundle_data.as_ref().map_or_else(|| json!([]), sorted))
            }
        };
        json!({ "id": id, "name": name, "drs_uri": self.config.drs_uri(id), "contents": contents })
    }
}

fn size(member: &Entry) -> i64 {
    match member {
        Entry::Record(record) => record.size,
        Entry::Bundle(bundle) => bundle.size,
    }
    .unwrap_or(0)
}

/// The md5 of the members' checksums, sorted and put together. A bundle's checksum is the string that is
/// stored.
fn checksum_of(members: &[Entry]) -> Result<String, Error> {
    let one = |member: &Entry| match member {
        Entry::Record(record) => record.hashes.values().flatten().next().cloned().ok_or_else(|| {
            Error::bad(format!("{} has no hash yet, so that it cannot be part of a bundle", record.did))
        }),
        Entry::Bundle(bundle) => Ok(bundle.checksum.clone().unwrap_or_default()),
    };
    let mut checksums: Vec<String> = members.iter().map(one).collect::<Result<_, _>>()?;
    checksums.sort_unstable();
    Ok(hex::encode(Md5::digest(checksums.concat().as_bytes())))
}
