//! Uploads in parts, until they are objects.
//!
//! What an upload is for is kept in a folder of uploads. Its parts lie from the beginning where the object's
//! bytes will be: ending an upload copies and moves nothing, and the upload's id is the name of the data.

use std::{
    collections::HashMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use crate::{
    checksums::{Algorithm, Checksums, Composite},
    draft::{Draft, new_folder, private_folder, remove, sync_folder},
    layout::{Layout, Place},
    parts::{self, Part, Wanted},
    record::{Attributes, StoredPart},
    room::failed,
};

/// Folder of the uploads, beside the buckets.
pub(crate) const UPLOADS: &str = ".uploads";
pub(crate) const ABOUT: &str = "upload.json";

/// What an upload is for.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) attributes: Attributes,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<(String, String)>,
    /// The checksum that the object is to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) checksum: Option<(Algorithm, Option<Composite>)>,
    /// The object that it became, once it was ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) e_tag: String,
    pub(crate) parts: Vec<Wanted>,
}

/// The upload with this id, if there is one.
///
/// # Errors
/// When that cannot be known: `InvalidData` for what is damaged.
pub(crate) fn read(root: &Path, id: Uuid) -> io::Result<Option<Upload>> {
    match fs::read(root.join(UPLOADS).join(id.simple().to_string()).join(ABOUT)) {
        Ok(about) => Ok(Some(serde_json::from_slice(&about).map_err(io::Error::from)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The uploads of a store. Its functions read and write, and hold up their thread.
#[derive(Debug)]
pub(crate) struct Uploads {
    layout: Layout,
    turns: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
}

impl Uploads {
    /// Makes their folder.
    pub(crate) fn open(layout: &Layout) -> io::Result<Self> {
        private_folder(&layout.root().join(UPLOADS))?;
        Ok(Self { layout: layout.clone(), turns: Mutex::default() })
    }

    pub(crate) fn folder(&self, id: Uuid) -> PathBuf {
        self.layout.root().join(UPLOADS).join(id.simple().to_string())
    }

    /// The folder of the parts.
    pub(crate) fn data(&self, id: Uuid, upload: &Upload) -> PathBuf {
        self.place(upload).data(id)
    }

    fn place(&self, upload: &Upload) -> Place {
        self.layout.place(&upload.bucket, &upload.key)
    }

    /// Begins an upload and returns its id.
    ///
    /// # Errors
    /// `NotFound` when its bucket was deleted meanwhile: the upload must not bring a part of it back.
    pub(crate) fn begin(&self, upload: &Upload) -> io::Result<Uuid> {
        let id = Uuid::new_v4();
        // Whoever deletes the bucket sees it begun, or not at all.
        let _turn = self.wait_for_turn(id);
        private_folder(&self.folder(id))?;
        self.write(id, upload)?;
        sync_folder(&self.layout.root().join(UPLOADS))?;
        let begun = new_folder(&self.data(id, upload)).and_then(|()| sync_folder(&self.place(upload).folder));
        if let Err(error) = begun {
            remove(&self.folder(id))?;
            return Err(error);
        }
        Ok(id)
    }

    /// The upload with this id, if it is one of this object. An id is random, so that nobody knows one that
    /// he was not told, and holds for its object only: whoever may begin uploads of his own must not end one
    /// under the key of somebody else's object.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) fn find(&self, id: &str, bucket: &str, key: &str) -> S3Result<(Uuid, Upload)> {
        let unknown = || s3_error!(NoSuchUpload);
        let id = Uuid::try_parse(id).map_err(|_| unknown())?;
        let upload = self.read(id).map_err(failed)?.ok_or_else(unknown)?;
        if upload.bucket == bucket && upload.key == key { Ok((id, upload)) } else { Err(unknown()) }
    }

    /// As [`read`].
    ///
    /// # Errors
    /// The same.
    pub(crate) fn read(&self, id: Uuid) -> io::Result<Option<Upload>> {
        read(self.layout.root(), id)
    }

    /// The ids of all uploads.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub(crate) fn ids(&self) -> io::Result<Vec<Uuid>> {
        let mut ids = Vec::new();
        for entry in fs::read_dir(self.layout.root().join(UPLOADS))? {
            ids.extend(entry?.file_name().to_str().and_then(|name| Uuid::try_parse(name).ok()));
        }
        Ok(ids)
    }

    /// Whoever has the turn of an upload is the only one who adds to it, ends it or takes it away.
    pub(crate) async fn turn(&self, id: Uuid) -> OwnedMutexGuard<()> {
        self.turn_of(id).lock_owned().await
    }

    /// As [`Self::turn`], on a thread that may wait.
    pub(crate) fn wait_for_turn(&self, id: Uuid) -> OwnedMutexGuard<()> {
        self.turn_of(id).blocking_lock_owned()
    }

    /// The turn, if nobody has it.
    pub(crate) fn free_turn(&self, id: Uuid) -> Option<OwnedMutexGuard<()>> {
        self.turn_of(id).try_lock_owned().ok()
    }

    fn turn_of(&self, id: Uuid) -> Arc<tokio::sync::Mutex<()>> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        turns.retain(|_, turn| Arc::strong_count(turn) > 1);
        turns.entry(id).or_default().clone()
    }

    /// Adds a part, in the place of an earlier one with its number. Its caller has the turn, and has looked
    /// whether the upload is open since then.
    ///
    /// # Errors
    /// 500, 507.
    pub(crate) fn add(
        &self,
        (id, upload): (Uuid, &Upload),
        number: i32,
        (e_tag, checksums): (&str, &Checksums),
        draft: Draft,
    ) -> S3Result<()> {
        let folder = self.data(id, upload);
        let name = parts::file_name(number, e_tag, checksums);
        draft.move_to(&folder.join(&name)).map_err(failed)?;
        sync_folder(&folder).map_err(failed)?;
        let same_number = format!("part-{number:05}-");
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let other = entry.file_name();
            let is_earlier =
                other.to_str().is_some_and(|other| other.starts_with(&same_number) && other != name);
            if is_earlier {
                remove(&entry.path()).map_err(failed)?;
            }
        }
        Ok(())
    }

    /// The parts that are there, by number.
    ///
    /// # Errors
    /// 500 when the folder cannot be read.
    pub(crate) fn parts(&self, id: Uuid, upload: &Upload) -> S3Result<Vec<Part>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.data(id, upload)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some((number, e_tag, checksums)) = entry.file_name().to_str().and_then(parts::read_file_name)
            else {
                continue;
            };
            // One that is being replaced at this moment is not there any more.
            let Ok(metadata) = entry.metadata() else { continue };
            let modified = metadata.modified().map_err(failed)?;
            parts.push(Part { number, e_tag, size: metadata.len(), modified, checksums, path: entry.path() });
        }
        parts.sort_by_key(|part| (part.number, part.modified));
        Ok(parts)
    }

    /// Marks an upload as ended. From now on its parts are the object's: those that are not are deleted.
    pub(crate) fn end(&self, id: Uuid, upload: &Upload, ended: Ended, kept: &[StoredPart]) -> io::Result<()> {
        self.write(id, &Upload { ended: Some(ended), ..upload.clone() })?;
        let kept: std::collections::HashSet<&str> = kept.iter().map(|part| part.file.as_str()).collect();
        let entries = match fs::read_dir(self.data(id, upload)) {
            // The object was replaced or deleted already.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            if !entry.file_name().to_str().is_some_and(|name| kept.contains(name)) {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Deletes an upload with all of its parts. Its caller has the turn, and knows that they are no object's.
    pub(crate) fn abort(&self, id: Uuid, upload: &Upload) -> io::Result<()> {
        // Without this file there is no upload, whatever becomes of the rest.
        remove(&self.folder(id).join(ABOUT))?;
        sync_folder(&self.folder(id))?;
        remove(&self.folder(id))?;
        remove(&self.data(id, upload))
    }

    /// Deletes what was noted of an upload, and not its parts.
    pub(crate) fn forget(&self, id: Uuid) -> io::Result<()> {
        remove(&self.folder(id))
    }

    fn write(&self, id: Uuid, upload: &Upload) -> io::Result<()> {
        let text = serde_json::to_vec(upload)?;
        Draft::with(self.layout.root(), &text)?.move_to(&self.folder(id).join(ABOUT))?;
        sync_folder(&self.folder(id))
    }
}

#[cfg(test)]
pub(crate) mod stand;

#[cfg(test)]
mod tests {
    use super::{stand::Stand, *};

    fn ended() -> Ended {
        Ended { e_tag: String::new(), parts: Vec::new() }
    }

    #[test]
    fn an_upload_id_holds_for_one_object_only() {
        let Stand { uploads, id, .. } = &Stand::new();
        let text = id.simple().to_string();
        assert!(uploads.find(&text, "b", "k").is_ok());
        for (id, bucket, key) in [
            (text.as_str(), "b", "l"),
            (&text, "c", "k"),
            (&Uuid::new_v4().to_string(), "b", "k"),
            ("../b", "b", "k"),
            ("", "b", "k"),
        ] {
            assert_eq!(uploads.find(id, bucket, key).unwrap_err().code().as_str(), "NoSuchUpload");
        }
    }

    #[test]
    fn a_part_replaces_the_one_with_its_number() {
        let fixture = Stand::new();
        fixture.add(2, "bb", "second");
        fixture.add(1, "aa", "first");
        fixture.add(1, "cc", "first again");
        assert_eq!(fixture.parts(), [(1, "cc".into()), (2, "bb".into())]);
    }

    #[test]
    fn ending_leaves_the_parts_of_the_object_and_no_others() {
        let fixture = Stand::new();
        fixture.add(1, "aa", "one ");
        fixture.add(2, "bb", "not wanted");
        let file = parts::file_name(1, "aa", &Checksums::default());
        let kept = StoredPart { number: 1, size: 4, file, md5: "aa".into(), checksums: Checksums::default() };
        fixture.uploads.end(fixture.id, &fixture.upload, ended(), &[kept]).unwrap();
        assert_eq!(fixture.parts(), [(1, "aa".into())]);
        let id = fixture.id.to_string();
        assert_eq!(fixture.uploads.find(&id, "b", "k").unwrap().1.ended, Some(ended()));
        fixture.uploads.forget(fixture.id).unwrap();
        assert!(fixture.uploads.find(&id, "b", "k").is_err());
        assert_eq!(fixture.parts().len(), 1, "they are the object's");
        // Another object may have taken the place of this one before anything was cleared away.
        remove(&fixture.uploads.data(fixture.id, &fixture.upload)).unwrap();
        private_folder(&fixture.uploads.folder(fixture.id)).unwrap();
        fixture.uploads.end(fixture.id, &fixture.upload, ended(), &[]).unwrap();
    }

    #[test]
    fn an_upload_does_not_bring_back_a_bucket_that_was_deleted() {
        let fixture = Stand::new();
        let elsewhere = Upload { bucket: "gone".into(), ..fixture.upload.clone() };
        let refused = fixture.uploads.begin(&elsewhere).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::NotFound);
        assert!(!fixture.uploads.layout.has_bucket("gone"));
        assert_eq!(fixture.uploads.ids().unwrap(), [fixture.id], "nothing is left of it");
    }
}
