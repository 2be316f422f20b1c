//! Which record each file node means, decided with what was found.

use dictionary::{Dictionary, NodeType};
use indexclient::{NewRecord, Record, RecordPatch};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::{
    context::{FileContext, text},
    lookup::{FoundRecords, content, files, guid},
    writes::{IndexWrites, Patch},
};
use crate::model::{
    entity::{Action, Entity, NewFile, Node},
    problem::ErrorType,
};

/// Refuses files that do not fit the index, gives the others their GUIDs as far as they are known, and notes
/// what has to be written. Returns the positions of new nodes whose id became that of a record, which another
/// node may have already.
pub(crate) fn decide(
    entities: &mut [Entity],
    found: &FoundRecords,
    context: &FileContext<'_>,
    dictionary: &Dictionary,
    writes: &mut IndexWrites,
) -> Vec<usize> {
    let positions: Vec<(usize, &NodeType)> =
        files(entities, dictionary).map(|(position, _, node_type)| (position, node_type)).collect();
    let mut decision = Decision { found, context, writes, adopted: Vec::new() };
    for (position, node_type) in positions {
        let Some(entity) = entities.get_mut(position) else { continue };
        match entity.node.as_ref().map(|node| node.action) {
            Some(Action::Create) => decision.create(position, entity, node_type),
            _ => decision.update(entity, node_type),
        }
    }
    decision.adopted
}

struct Decision<'a> {
    found: &'a FoundRecords,
    context: &'a FileContext<'a>,
    writes: &'a mut IndexWrites,
    adopted: Vec<usize>,
}

impl Decision<'_> {
    fn create(&mut self, position: usize, entity: &mut Entity, node_type: &NodeType) {
        let guid = guid(entity, node_type);
        let content = content(entity);
        let by_guid = guid.as_ref().and_then(|guid| self.found.by_did.get(guid));
        let by_content = content.as_ref().and_then(|content| self.found.by_content.get(content));
        match (guid, by_guid, by_content) {
            (Some(guid), None, Some(record)) => {
                let message = if node_type.has_object_id() {
                    format!("Provided object_id {guid} does not match any indexed file.")
                } else {
                    format!(
                        "The index has a file with these bytes, but its id is {}, not {guid}.",
                        record.did
                    )
                };
                entity.refuse(ErrorType::InvalidValue, message, &[]);
            }
            (Some(_), Some(record), _) => self.refer(entity, node_type, record),
            (None, _, Some(record)) if node_type.has_object_id() => {
                set_guid(entity, node_type, &record.did);
            }
            // The node's own id is the record's, so a second node of the same bytes has a record of its own.
            (None, _, Some(record)) if self.is_taken(&record.did) => {
                self.register(entity, node_type, None, content);
            }
            (None, _, Some(record)) => {
                set_guid(entity, node_type, &record.did);
                self.writes.adopted.insert(self.writes.secrets.of(&record.did));
                self.adopted.push(position);
            }
            (guid, None, None) => self.register(entity, node_type, guid, content),
            (None, Some(_), None) => {}
        }
    }

    /// The record exists (uploaded before): it has to be complete and to describe the same bytes. A record
    /// that nobody has claimed yet is claimed for this project.
    fn refer(&mut self, entity: &mut Entity, node_type: &NodeType, record: &Record) {
        let did = &record.did;
        let (Some(size), false) = (record.size, record.hashes.is_empty()) else {
            let message = format!(
                "Indexed file of id {did} is not ready for metadata submission yet (no hashes and size)."
            );
            return entity.refuse(ErrorType::InvalidValue, message, &[]);
        };
        let props = entity.node.as_ref().map(|node| node.props.clone()).unwrap_or_default();
        let md5 = text(&props, "md5sum");
        let submitted_size = props.get("file_size").unwrap_or(&Value::Null);
        let same_hash = md5.is_none_or(|md5| record.hashes.get("md5").is_some_and(|stored| stored == md5));
        if !same_hash || submitted_size.as_i64() != Some(size) {
            let hashes = md5.map(|md5| json!({ "md5": md5 })).unwrap_or_else(|| json!({}));
            let message = format!(
                "Provided hash ({}) and size ({}) do not match those of indexed file of id {did}.",
                python::repr(&hashes),
                python::repr(submitted_size)
            );
            return entity.refuse(ErrorType::InvalidValue, message, &[]);
        }
        // Only where nodes name the record by a property: so it is with the original.
        if node_type.has_object_id() && record.acl.is_empty() && record.authz.is_empty() {
            self.claim(entity, node_type, record);
        }
    }

    fn claim(&mut self, entity: &mut Entity, node_type: &NodeType, record: &Record) {
        // The original sends back the whole record as it read it, which stores the availability of each
        // location that indexd otherwise only shows.
        let mut facts = record.urls_metadata.clone();
        for url in &record.urls {
            facts.entry(url.clone()).or_default().entry("available".to_owned()).or_insert(json!("true"));
        }
        let mut patch = RecordPatch {
            authz: Some(self.authz(entity, node_type)),
            urls_metadata: Some(facts),
            ..RecordPatch::default()
        };
        let mut undo = RecordPatch {
            authz: Some(record.authz.clone()),
            urls_metadata: Some(record.urls_metadata.clone()),
            ..RecordPatch::default()
        };
        if let Some(uploader) = &record.uploader {
            if self.context.username != Some(uploader.as_str()) {
                let message = format!("Indexed file of id {} was uploaded by another user.", record.did);
                return entity.refuse(ErrorType::InvalidValue, message, &[]);
            }
            patch.acl = Some(self.context.acl());
            patch.uploader = Some(None);
            undo.acl = Some(record.acl.clone());
            undo.uploader = Some(Some(uploader.clone()));
        }
        self.writes.patch.push(Patch { revision: record.revision(), patch, undo });
    }

    fn register(
        &mut self,
        entity: &mut Entity,
        node_type: &NodeType,
        guid: Option<String>,
        content: Option<(String, i64)>,
    ) {
        if self.context.require_existing {
            let message = "The file is not in the file index; upload it first.";
            return entity.refuse(ErrorType::InvalidValue, message, &[]);
        }
        let Some((md5, size)) = content else {
            let message = "Fail to register the data node in indexd. Detail md5sum and file_size are needed";
            return entity.refuse(ErrorType::InvalidValue, message, &[]);
        };
        let key = self.writes.secrets.of(&(&md5, size));
        if guid.is_none()
            && node_type.has_object_id()
            && let Some(earlier) = self.writes.contents.get(&key).copied()
        {
            self.writes.shared.entry(earlier).or_default();
            entity.file = Some(NewFile::Shared(earlier));
            return;
        }
        let node = entity.node.as_ref();
        let did = if node_type.has_object_id() { guid } else { node.map(|node| node.id.clone()) };
        let submitter_id = node.and_then(|node| text(&node.props, "submitter_id"));
        let alias = submitter_id.map(|id| format!("{}/{id}", self.context.project.project_id()));
        let record = NewRecord {
            did,
            form: "object".to_owned(),
            size,
            hashes: IndexMap::from([("md5".to_owned(), md5)]),
            urls: entity.urls.clone().unwrap_or_default(),
            acl: self.context.acl(),
            authz: self.authz(entity, node_type),
            ..NewRecord::default()
        };
        let number = self.writes.created;
        self.writes.created += 1;
        self.writes.contents.entry(key).or_insert(number);
        entity.file = Some(NewFile::Record { number, record, alias });
    }

    /// Whether a node has this id already.
    fn is_taken(&self, did: &str) -> bool {
        self.found.taken.contains(did) || self.writes.adopted.contains(&self.writes.secrets.of(&did))
    }

    /// The index keeps a record's bytes for ever, so a node may not come to say something else of them.
    fn refuse_other_bytes(&self, entity: &mut Entity, node_type: &NodeType, record: &Record) {
        let Some(Node { old: Some(old), props, .. }) = &entity.node else { return };
        let is_same = |key: &str| old.get(key) == props.get(key);
        if ["md5sum", "file_size", "object_id"].into_iter().all(is_same) {
            return;
        }
        let md5 = text(props, "md5sum");
        let is_md5 = md5.is_none_or(|md5| record.hashes.get("md5").is_none_or(|stored| stored == md5));
        let size = props.get("file_size").and_then(Value::as_i64);
        if is_md5 && size.is_none_or(|size| record.size.is_none_or(|stored| stored == size)) {
            return;
        }
        let message = format!(
            "The size or hash of a file cannot be changed: the index has other ones for the file of id {}. \
             Submit the new bytes as a record of their own.",
            record.did
        );
        let kind = if node_type.has_object_id() { ErrorType::InvalidValue } else { ErrorType::NotUnique };
        entity.refuse(kind, message, &[]);
    }

    /// New locations replace the record's. A record that is lost is made again.
    fn update(&mut self, entity: &mut Entity, node_type: &NodeType) {
        let guid = guid(entity, node_type);
        if let Some(did) = guid.as_ref().filter(|did| self.found.lost.contains(*did))
            && !self.context.require_existing
            && let content @ Some(_) = content(entity)
        {
            return self.register(entity, node_type, Some(did.clone()), content);
        }
        let record = guid.and_then(|guid| self.found.by_did.get(&guid));
        if let Some(record) = record {
            self.refuse_other_bytes(entity, node_type, record);
        }
        let Some(urls) = &entity.urls else { return };
        let Some(record) = record.filter(|record| record.urls != *urls) else { return };
        if !self.context.guards(record) {
            let message =
                format!("Indexed file of id {} belongs to another project: its urls stay.", record.did);
            return entity.refuse(ErrorType::InvalidPermissions, message, &["urls"]);
        }
        self.writes.patch.push(Patch::of_urls(record, urls.clone()));
    }

    fn authz(&self, entity: &Entity, node_type: &NodeType) -> Vec<String> {
        let mut authz = vec![self.context.resource()];
        let codes = entity.node.as_ref().and_then(|node| node.props.get("consent_codes"));
        if node_type.properties.contains_key("consent_codes") {
            let codes = codes.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
            authz.extend(codes.map(|code| format!("/consents/{code}")));
        }
        authz
    }
}

/// Writes a GUID into the node: as `object_id`, or as its id.
pub(crate) fn set_guid(entity: &mut Entity, node_type: &NodeType, did: &str) {
    let Some(node) = &mut entity.node else { return };
    if node_type.has_object_id() {
        node.props.insert("object_id".to_owned(), json!(did));
    } else {
        node.id = did.to_owned();
    }
}
