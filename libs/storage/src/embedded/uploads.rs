//! Multipart uploads: a folder each, with what the upload is for and its parts.
//!
//! ```text
//! .uploads/ID/upload.json          bucket, key, attributes; later, what the upload became
//! .uploads/ID/part-00001-MD5       the bytes of a part
//! ```
//!
//! An upload is ended in this order: the parts are joined in a draft, the draft becomes the object, the
//! upload is marked as ended, the parts are deleted. Whatever happens in between, either the upload can be
//! ended again, or the object is there.

use std::{
    collections::HashMap,
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use s3s::{
    S3Result,
    crypto::{Checksum as _, Md5},
    s3_error,
};
use serde::{Deserialize, Serialize};
use tokio::sync::OwnedMutexGuard;
use uuid::Uuid;

use super::{
    draft::{Draft, private_folder},
    files::sync_folder,
    parts::{self, Part, Wanted},
    record::Attributes,
    room::failed,
};

/// Folder of the uploads, beside the buckets.
const UPLOADS: &str = ".uploads";
const ABOUT: &str = "upload.json";
/// An upload that nothing was added to for so long is given up.
const LONGEST_PAUSE: Duration = Duration::from_secs(7 * 24 * 3600);
/// For so long a client may ask once more for the end of an upload that it has ended.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);

/// What an upload is for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Upload {
    pub(super) bucket: String,
    pub(super) key: String,
    pub(super) attributes: Attributes,
    /// The object that it became, once it was ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ended: Option<Ended>,
}

/// What became of an upload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ended {
    pub(super) e_tag: String,
    pub(super) parts: Vec<Wanted>,
}

/// The uploads of a store. Its functions read and write, and hold up their thread.
#[derive(Debug)]
pub(super) struct Uploads {
    root: PathBuf,
    turns: Mutex<HashMap<Uuid, Arc<tokio::sync::Mutex<()>>>>,
}

impl Uploads {
    /// Makes their folder, and deletes parts that an earlier version kept elsewhere.
    pub(super) fn open(root: &Path) -> io::Result<Self> {
        private_folder(&root.join(UPLOADS))?;
        forget_earlier(root)?;
        Ok(Self { root: root.to_owned(), turns: Mutex::default() })
    }

    fn folder(&self, id: Uuid) -> PathBuf {
        self.root.join(UPLOADS).join(id.simple().to_string())
    }

    /// Begins an upload and returns its id.
    pub(super) fn begin(&self, upload: &Upload) -> io::Result<Uuid> {
        let id = Uuid::new_v4();
        let folder = self.folder(id);
        private_folder(&folder)?;
        self.write(id, upload)?;
        sync_folder(&self.root.join(UPLOADS))?;
        Ok(id)
    }

    /// The upload with this id, if it is one of this object. An id is random, so that nobody knows one that
    /// he was not told, and holds for its object only: whoever may begin uploads of his own must not end one
    /// under the key of somebody else's object.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(super) fn find(&self, id: &str, bucket: &str, key: &str) -> S3Result<(Uuid, Upload)> {
        let unknown = || s3_error!(NoSuchUpload);
        let id = Uuid::try_parse(id).map_err(|_| unknown())?;
        let upload = match fs::read(self.folder(id).join(ABOUT)) {
            Ok(content) => serde_json::from_slice::<Upload>(&content).map_err(|_| unknown())?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(unknown()),
            Err(error) => return Err(failed(error)),
        };
        if upload.bucket == bucket && upload.key == key { Ok((id, upload)) } else { Err(unknown()) }
    }

    /// As [`Self::find`], for an upload that has not been ended.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(super) fn find_open(&self, id: &str, bucket: &str, key: &str) -> S3Result<(Uuid, Upload)> {
        match self.find(id, bucket, key)? {
            (_, Upload { ended: Some(_), .. }) => Err(s3_error!(NoSuchUpload)),
            open => Ok(open),
        }
    }

    /// Whoever has the turn of an upload is the only one who ends it or takes it away.
    pub(super) async fn turn(&self, id: Uuid) -> OwnedMutexGuard<()> {
        let turn = {
            let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
            turns.retain(|_, turn| Arc::strong_count(turn) > 1);
            turns.entry(id).or_default().clone()
        };
        turn.lock_owned().await
    }

    /// Adds a part, in the place of an earlier one with its number.
    ///
    /// # Errors
    /// 404 when the upload has been ended meanwhile.
    pub(super) fn add(&self, id: Uuid, number: i32, e_tag: &str, draft: Draft) -> S3Result<()> {
        let folder = self.folder(id);
        let place = folder.join(parts::file_name(number, e_tag));
        match draft.move_to(&place) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(s3_error!(NoSuchUpload)),
            Err(error) => return Err(failed(error)),
        }
        sync_folder(&folder).map_err(failed)?;
        let earlier = self.parts(id)?.into_iter().filter(|part| part.number == number && part.path != place);
        let added = fs::metadata(&place).and_then(|part| part.modified()).map_err(failed)?;
        // One that came in later, at the same time as this one, stays.
        for part in earlier.filter(|part| part.modified < added) {
            remove(&part.path).map_err(failed)?;
        }
        Ok(())
    }

    /// The parts that are there, by number.
    ///
    /// # Errors
    /// 500 when the folder cannot be read.
    pub(super) fn parts(&self, id: Uuid) -> S3Result<Vec<Part>> {
        let mut parts = Vec::new();
        for entry in fs::read_dir(self.folder(id)).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some((number, e_tag)) = entry.file_name().to_str().and_then(parts::read_file_name) else {
                continue;
            };
            // One that is being replaced at this moment is not there any more.
            let Ok(metadata) = entry.metadata() else { continue };
            let modified = metadata.modified().map_err(failed)?;
            parts.push(Part { number, e_tag, size: metadata.len(), modified, path: entry.path() });
        }
        parts.sort_by_key(|part| (part.number, part.modified));
        Ok(parts)
    }

    /// Joins parts, in a draft. Returns the entity tag of the whole: that of the parts' tags, and their
    /// number, as in Amazon S3.
    ///
    /// # Errors
    /// 400 when a part has been replaced meanwhile.
    pub(super) fn join(
        &self,
        parts: &[Part],
        mut each: impl FnMut(&File) -> io::Result<()>,
    ) -> S3Result<(Draft, String)> {
        let (draft, mut whole) = Draft::create(&self.root).map_err(failed)?;
        let mut tags = Md5::new();
        for part in parts {
            let mut file = match File::open(&part.path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(s3_error!(InvalidPart)),
                Err(error) => return Err(failed(error)),
            };
            each(&file).map_err(failed)?;
            let size = io::copy(&mut file, &mut whole).map_err(failed)?;
            if size != part.size {
                return Err(s3_error!(InternalError, "a part is damaged"));
            }
            tags.update(&hex::decode(&part.e_tag).unwrap_or_default());
        }
        whole.sync_all().map_err(failed)?;
        Ok((draft, format!("{}-{}", hex::encode(tags.finalize().as_ref()), parts.len())))
    }

    /// Marks an upload as ended, and deletes its parts.
    pub(super) fn end(&self, id: Uuid, upload: Upload, ended: Ended) -> io::Result<()> {
        self.write(id, &Upload { ended: Some(ended), ..upload })?;
        self.remove_parts(&self.folder(id))
    }

    /// Deletes an upload with all of its parts.
    pub(super) fn abort(&self, id: Uuid) -> io::Result<()> {
        // Without this file there is no upload, whatever becomes of the rest.
        remove(&self.folder(id).join(ABOUT))?;
        fs::remove_dir_all(self.folder(id))
    }

    /// Deletes uploads that nobody has added to for long, what is left of those that were ended, and the
    /// parts that a killed process left behind.
    pub(super) fn forget_old(&self, now: SystemTime) -> io::Result<()> {
        for entry in fs::read_dir(self.root.join(UPLOADS))? {
            let folder = entry?.path();
            let about = fs::read(folder.join(ABOUT)).ok();
            let upload = about.and_then(|about| serde_json::from_slice::<Upload>(&about).ok());
            let longest = match &upload {
                Some(Upload { ended: None, .. }) => LONGEST_PAUSE,
                _ => REMEMBERED,
            };
            if upload.is_some_and(|upload| upload.ended.is_some()) {
                self.remove_parts(&folder)?;
            }
            if now.duration_since(last_change(&folder)?).is_ok_and(|pause| pause > longest) {
                tracing::info!("parts of an upload that was not ended are deleted");
                fs::remove_dir_all(&folder)?;
            }
        }
        Ok(())
    }

    fn write(&self, id: Uuid, upload: &Upload) -> io::Result<()> {
        let text = serde_json::to_vec(upload)?;
        Draft::with(&self.root, &text)?.move_to(&self.folder(id).join(ABOUT))?;
        sync_folder(&self.folder(id))
    }

    fn remove_parts(&self, folder: &Path) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if entry.file_name() != ABOUT {
                remove(&entry.path())?;
            }
        }
        Ok(())
    }
}

/// Deletes what versions without a folder for uploads left of unfinished ones. Their ids said too little to
/// be believed, so they cannot be ended any more.
fn forget_earlier(root: &Path) -> io::Result<()> {
    for entry in fs::read_dir(root)? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_one = name.starts_with(".upload_id-")
            || name.starts_with(".upload-")
            || (name.starts_with(".bucket-") && name.contains(".upload-"));
        if is_one && entry.file_type()?.is_file() {
            remove(&entry.path())?;
        }
    }
    Ok(())
}

fn last_change(folder: &Path) -> io::Result<SystemTime> {
    let mut last = fs::metadata(folder)?.modified()?;
    for entry in fs::read_dir(folder)? {
        last = last.max(entry?.metadata()?.modified()?);
    }
    Ok(last)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::draft;

    struct Fixture {
        uploads: Uploads,
        id: Uuid,
        root: tempfile::TempDir,
    }

    fn upload() -> Upload {
        Upload { bucket: "b".into(), key: "k".into(), attributes: Attributes::default(), ended: None }
    }

    fn fixture() -> Fixture {
        let root = tempfile::tempdir().unwrap();
        draft::prepare(root.path()).unwrap();
        let uploads = Uploads::open(root.path()).unwrap();
        let id = uploads.begin(&upload()).unwrap();
        Fixture { uploads, id, root }
    }

    impl Fixture {
        fn add(&self, number: i32, e_tag: &str, content: &str) {
            let draft = Draft::with(self.root.path(), content.as_bytes()).unwrap();
            self.uploads.add(self.id, number, e_tag, draft).unwrap();
        }

        fn parts(&self) -> Vec<(i32, String)> {
            let parts = self.uploads.parts(self.id).unwrap();
            parts.into_iter().map(|part| (part.number, part.e_tag)).collect()
        }
    }

    #[test]
    fn an_upload_id_holds_for_one_object_only() {
        let Fixture { uploads, id, root: _root } = fixture();
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
        let fixture = fixture();
        fixture.add(2, "bb", "second");
        fixture.add(1, "aa", "first");
        let first = fixture.uploads.folder(fixture.id).join(parts::file_name(1, "aa"));
        let earlier = SystemTime::now() - Duration::from_secs(1);
        File::open(first).unwrap().set_modified(earlier).unwrap();
        fixture.add(1, "cc", "first again");
        assert_eq!(fixture.parts(), [(1, "cc".into()), (2, "bb".into())]);
    }

    #[test]
    fn joining_leaves_the_parts_and_ending_takes_them() {
        let fixture = fixture();
        fixture.add(1, "aa", "one ");
        fixture.add(3, "bb", "three");
        let parts = fixture.uploads.parts(fixture.id).unwrap();
        let (draft, e_tag) = fixture.uploads.join(&parts, |_| Ok(())).unwrap();
        assert!(e_tag.ends_with("-2"));
        let place = fixture.root.path().join("whole");
        draft.move_to(&place).unwrap();
        assert_eq!(fs::read_to_string(place).unwrap(), "one three");
        assert_eq!(fixture.parts().len(), 2);
        let ended = Ended { e_tag, parts: Vec::new() };
        fixture.uploads.end(fixture.id, upload(), ended.clone()).unwrap();
        assert!(fixture.parts().is_empty());
        let id = fixture.id.to_string();
        assert_eq!(fixture.uploads.find(&id, "b", "k").unwrap().1.ended, Some(ended));
        assert!(fixture.uploads.find_open(&id, "b", "k").is_err());
    }

    #[test]
    fn only_uploads_that_nobody_goes_on_with_are_forgotten() {
        let fixture = fixture();
        fixture.add(1, "aa", "one");
        let (now, day) = (SystemTime::now(), Duration::from_secs(24 * 3600));
        fixture.uploads.forget_old(now + day * 6).unwrap();
        assert_eq!(fixture.parts().len(), 1);
        let ended = fixture.uploads.begin(&upload()).unwrap();
        let what = Ended { e_tag: String::new(), parts: Vec::new() };
        fixture.uploads.end(ended, upload(), what).unwrap();
        fixture.uploads.forget_old(now + day * 2).unwrap();
        assert!(fixture.uploads.find(&ended.to_string(), "b", "k").is_err());
        assert!(fixture.uploads.find(&fixture.id.to_string(), "b", "k").is_ok());
        fixture.uploads.forget_old(now + day * 8).unwrap();
        assert!(fixture.uploads.find(&fixture.id.to_string(), "b", "k").is_err());
    }

    #[test]
    fn parts_that_a_killed_process_left_behind_are_deleted() {
        let fixture = fixture();
        fixture.add(1, "aa", "one");
        // Killed after the upload was marked as ended, before its parts were deleted.
        let ended = Ended { e_tag: String::new(), parts: Vec::new() };
        fixture.uploads.write(fixture.id, &Upload { ended: Some(ended), ..upload() }).unwrap();
        fixture.uploads.forget_old(SystemTime::now()).unwrap();
        assert!(fixture.parts().is_empty());
    }
}
