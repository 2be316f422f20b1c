//! Where things lie in the folder of a store. Pure, but for the making of buckets.
//!
//! An object lies under the digest of its key, so that every key has a place and none is in the way of
//! another: `a` and `a/b` are strangers to each other. Its record and its bytes lie side by side, in one of
//! 256 folders of its bucket: their names are on the disk when that one folder is. Versions that are not the
//! current one, and delete markers, have records of their own beside it.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use s3s::{S3Result, s3_error};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::{
    draft::{Draft, private_folder, remove, sync_folder},
    version::{Version, Versioning},
};

/// Folder of the buckets. No bucket can have a name that begins with a dot.
const BUCKETS: &str = ".objects";
/// Amazon's limit (bytes of UTF-8).
const LONGEST_KEY: usize = 1024;
/// Ends the name of a record.
const RECORD: &str = ".json";
/// Says whether a bucket keeps versions, in the folder of the bucket. A bucket without it never did.
const VERSIONING: &str = "versioning.json";

/// The folder of a store.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder has been that of a store.
    pub(crate) fn is_made(&self) -> bool {
        self.root.join(BUCKETS).is_dir()
    }

    pub(crate) fn bucket(&self, bucket: &str) -> PathBuf {
        self.root.join(BUCKETS).join(bucket)
    }

    /// What a path below the buckets is called there.
    ///
    /// # Errors
    /// `InvalidData` for any other path.
    pub(crate) fn named(&self, path: &Path) -> io::Result<String> {
        let below = path.strip_prefix(self.root.join(BUCKETS)).ok().and_then(Path::to_str);
        below.map(str::to_owned).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Whether there is this bucket.
    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.bucket(bucket).is_dir()
    }

    /// The buckets that are there, in the order of their names. A file beside them is none.
    pub(crate) fn buckets(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.root.join(BUCKETS))? {
            let entry = entry?;
            if entry.file_type()?.is_dir() {
                names.extend(entry.file_name().into_string().ok());
            }
        }
        names.sort_unstable();
        Ok(names)
    }

    /// Since when there is this bucket.
    ///
    /// # Errors
    /// `NotFound` when there is none.
    pub(crate) fn made(&self, bucket: &str) -> io::Result<SystemTime> {
        fs::metadata(self.bucket(bucket))?.modified()
    }

    /// Makes the folder of buckets, and what is missing of those that are there: whoever made or deleted one
    /// may have been killed half-way.
    pub(crate) fn prepare(&self) -> io::Result<()> {
        private_folder(&self.root.join(BUCKETS))?;
        self.buckets()?.iter().try_for_each(|bucket| self.make_bucket(bucket))
    }

    /// Makes a bucket, or what is missing of it. Nobody deletes it meanwhile.
    pub(crate) fn make_bucket(&self, bucket: &str) -> io::Result<()> {
        let folder = self.bucket(bucket);
        for shard in shards() {
            let shard = folder.join(shard);
            if !shard.is_dir() {
                private_folder(&shard)?;
            }
        }
        private_folder(&folder)?;
        sync_folder(&folder)?;
        sync_folder(&self.root.join(BUCKETS))
    }

    /// Deletes a bucket that has no objects; says whether it had none. Nobody makes it meanwhile.
    pub(crate) fn remove_bucket(&self, bucket: &str) -> io::Result<bool> {
        let folder = self.bucket(bucket);
        for shard in shards() {
            match fs::remove_dir(folder.join(&shard)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => {
                    self.make_bucket(bucket)?;
                    let has_objects = error.kind() == io::ErrorKind::DirectoryNotEmpty;
                    return if has_objects { Ok(false) } else { Err(error) };
                }
                Ok(()) => {}
            }
        }
        remove(&folder.join(VERSIONING))?;
        fs::remove_dir(&folder)?;
        sync_folder(&self.root.join(BUCKETS))?;
        Ok(true)
    }

    /// Whether a bucket keeps versions.
    ///
    /// # Errors
    /// When that cannot be known: whoever guesses loses what was to be kept.
    pub(crate) fn versioning(&self, bucket: &str) -> io::Result<Versioning> {
        match fs::read(self.bucket(bucket).join(VERSIONING)) {
            Ok(text) => Ok(serde_json::from_slice(&text)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Versioning::Never),
            Err(error) => Err(error),
        }
    }

    /// Says whether a bucket keeps versions from now on.
    ///
    /// # Errors
    /// `NotFound` when there is no such bucket.
    pub(crate) fn set_versioning(&self, bucket: &str, versioning: Versioning) -> io::Result<()> {
        let folder = self.bucket(bucket);
        let text = serde_json::to_vec(&versioning)?;
        Draft::with(&self.root, &text)?.move_to(&folder.join(VERSIONING))?;
        sync_folder(&folder)
    }

    /// Where the object with this key is, whether it is there or not.
    pub(crate) fn place(&self, bucket: &str, key: &str) -> Place {
        self.place_of(bucket, digest(key))
    }

    fn place_of(&self, bucket: &str, digest: [u8; 32]) -> Place {
        let name = hex::encode(digest);
        let shard = name.get(..2).unwrap_or_default();
        Place { folder: self.bucket(bucket).join(shard), digest, name }
    }

    /// The folder of everything whose digest begins with this byte.
    pub(crate) fn shard(&self, bucket: &str, first: u8) -> PathBuf {
        self.bucket(bucket).join(hex::encode([first]))
    }
}

fn shards() -> impl Iterator<Item = String> {
    (0..=u8::MAX).map(|first| hex::encode([first]))
}

/// The digest of a key.
pub(crate) fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key.as_bytes()).into()
}

/// Where an object is.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) folder: PathBuf,
    pub(crate) digest: [u8; 32],
    name: String,
}

impl Place {
    /// The file of what is known of the object.
    pub(crate) fn record(&self) -> PathBuf {
        self.folder.join(format!("{}{RECORD}", self.name))
    }

    /// The file of what is known of a version that is not the current one, or of a delete marker.
    pub(crate) fn version(&self, version: Version) -> PathBuf {
        self.folder.join(format!("{}.{}{RECORD}", self.name, version.name()))
    }

    /// The file of its bytes, or the folder of its parts.
    pub(crate) fn data(&self, id: Uuid) -> PathBuf {
        self.folder.join(format!("{}.{}", self.name, id.simple()))
    }
}

/// What a name in a shard is the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Record,
    /// The record of a version that is not the current one, or of a delete marker.
    Version(Version),
    Data(Uuid),
}

/// The digest and the kind of a name in a shard; `None` for what a store does not write.
pub(crate) fn read_name(name: &str) -> Option<([u8; 32], Kind)> {
    let (digest, rest) = name.split_once('.')?;
    let digest = <[u8; 32]>::try_from(hex::decode(digest).ok()?).ok()?;
    let kind = match rest.strip_suffix(RECORD) {
        _ if rest == "json" => Kind::Record,
        Some(version) => Kind::Version(Version::of_name(version)?),
        None => Kind::Data(Uuid::try_parse(rest).ok()?),
    };
    Some((digest, kind))
}

/// Refuses keys that no store takes, and those with segments that file systems and URLs resolve.
///
/// # Errors
/// 400.
pub(crate) fn check_key(key: &str) -> S3Result<()> {
    if key.len() > LONGEST_KEY {
        return Err(s3_error!(KeyTooLongError));
    }
    if key.is_empty() || key.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(s3_error!(InvalidArgument, "this object key is not supported"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_has_a_place_of_its_own_and_names_are_read_back() {
        let layout = Layout::new(Path::new("/store"));
        let id = Uuid::new_v4();
        for key in ["a", "a/b", "a/b/", "/a", "a//b", "\0", &"ä".repeat(512)] {
            check_key(key).unwrap();
            let place = layout.place("b", key);
            let name = |path: PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(read_name(&name(place.record())), Some((digest(key), Kind::Record)));
            assert_eq!(read_name(&name(place.data(id))), Some((digest(key), Kind::Data(id))));
            for version in [Version::Null, Version::Of(id)] {
                let found = read_name(&name(place.version(version)));
                assert_eq!(found, Some((digest(key), Kind::Version(version))));
            }
            assert_eq!(layout.shard("b", digest(key)[0]), place.folder);
        }
        for stranger in ["", "a", "a.json", "README.md", &format!("{}.x", "0".repeat(64))] {
            assert_eq!(read_name(stranger), None, "{stranger}");
        }
    }

    #[test]
    fn keys_that_cannot_be_kept_are_refused() {
        for key in [&"x".repeat(1025), "a/../../etc", "./a", "a/.", ""] {
            assert!(check_key(key).is_err(), "{key}");
        }
    }

    #[test]
    fn only_an_empty_bucket_is_deleted() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        layout.prepare().unwrap();
        layout.make_bucket("bucket").unwrap();
        assert_eq!(layout.buckets().unwrap(), ["bucket"]);
        let record = layout.place("bucket", "k").record();
        fs::write(&record, "x").unwrap();
        assert!(!layout.remove_bucket("bucket").unwrap());
        assert!(layout.shard("bucket", 0).is_dir(), "it is whole again");
        fs::remove_file(record).unwrap();
        assert!(layout.remove_bucket("bucket").unwrap());
        assert!(!layout.has_bucket("bucket"));
    }

    #[test]
    fn a_start_completes_buckets_and_takes_no_file_for_one() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::new(root.path());
        layout.prepare().unwrap();
        fs::create_dir(root.path().join(BUCKETS).join("half")).unwrap();
        fs::write(root.path().join(BUCKETS).join("readme"), "no bucket").unwrap();
        layout.prepare().unwrap();
        assert_eq!(layout.buckets().unwrap(), ["half"]);
        assert!((0..=u8::MAX).all(|first| layout.shard("half", first).is_dir()));
    }
}
