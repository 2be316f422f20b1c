//! Taking a store along as it is, record by record, and making one of what was taken along.
//!
//! It works beside a store that runs. Data is written once and under a name that is never used again, so
//! that a name and a size are enough to know that it has been taken along before. What is replaced or deleted
//! while it is read is looked at again.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use crate::{
    check_name,
    checksums::Checksums,
    draft::private_folder,
    integrity::Hashed,
    layout::{Kind, Layout, read_name},
    record::Record,
    unreadable::is_of_the_disk,
    version::Versioning,
    walk::{self, Visit},
};

/// A bucket, and whether it keeps versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bucket {
    /// Its name.
    pub name: String,
    /// What the store says of its versions, if it says something.
    pub versioning: Option<String>,
}

/// A version of an object, or a delete marker.
#[derive(Debug)]
pub struct Item {
    /// What all versions of an object have in common; items come in its order.
    pub object: String,
    /// The path of its record.
    pub path: String,
    /// Its record, as it is written.
    pub record: String,
    /// The files of its bytes.
    pub files: Vec<Data>,
    /// Bytes.
    pub size: u64,
    key: String,
    bucket: String,
}

/// A file with bytes of an object.
#[derive(Debug)]
pub struct Data {
    /// Its path in the store.
    pub path: String,
    /// Bytes.
    pub size: u64,
    place: PathBuf,
    md5: Option<String>,
    checksums: Checksums,
}

/// What became of an item.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was taken along.
    Whole,
    /// Its bytes were not what they should be.
    Torn,
}

/// An object that is damaged and was not taken along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damaged {
    /// Its bucket.
    pub bucket: String,
    /// Its key, if that can be read.
    pub key: Option<String>,
}

/// The buckets of the store in `folder`.
///
/// # Errors
/// When the store cannot be read.
pub fn buckets(folder: &Path) -> io::Result<Vec<Bucket>> {
    let layout = Layout::new(folder);
    let bucket = |name: String| {
        let versioning = match layout.versioning(&name)? {
            Versioning::Never => None,
            some => Some(serde_json::to_string(&some)?),
        };
        Ok(Bucket { name, versioning })
    };
    layout.buckets()?.into_iter().map(bucket).collect()
}

/// Gives every item of the store in `folder` to `take`, and tells `damaged` of those that are not as they
/// were.
///
/// # Errors
/// When the store cannot be read, and what `take` fails with.
pub fn each<E: From<io::Error>>(
    folder: &Path,
    mut take: impl FnMut(&Item) -> Result<Taken, E>,
    mut damaged: impl FnMut(Damaged),
) -> Result<(), E> {
    let layout = Layout::new(folder);
    let mut failed = None;
    let walked = walk::each(&layout, None, |visit| {
        let (position, path) = match visit {
            Visit::Record(position, path) => (position, path),
            Visit::Unreadable(bucket, _) => {
                damaged(Damaged { bucket: bucket.to_owned(), key: None });
                return Ok(());
            }
        };
        loop {
            let (text, record) = match read(path) {
                Ok(Some(read)) => read,
                Ok(None) => return Ok(()),
                Err(error) if is_of_the_disk(&error) => {
                    damaged(Damaged { bucket: position.bucket, key: None });
                    return Ok(());
                }
                Err(error) => return Err(error),
            };
            let item = item(&layout, &position.bucket, path, text, &record)?;
            match take(&item) {
                Ok(Taken::Whole) => return Ok(()),
                Ok(Taken::Torn) => {
                    // Replaced or deleted while it was read?
                    if Record::read(path).is_ok_and(|now| now.as_ref() == Some(&record)) {
                        damaged(Damaged { bucket: item.bucket, key: Some(item.key) });
                        return Ok(());
                    }
                }
                Err(error) => {
                    failed = Some(error);
                    return Err(io::Error::other("see above"));
                }
            }
        }
    });
    match failed {
        Some(error) => Err(error),
        None => Ok(walked?),
    }
}

/// A record, and what is written of it; `None` when there is none any more.
fn read(path: &Path) -> io::Result<Option<(String, Record)>> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => text?,
    };
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "the record of an object is damaged");
    let record = Record::decode(&text).ok_or_else(damaged)?;
    Ok(Some((String::from_utf8(text).map_err(|_| damaged())?, record)))
}

fn item(layout: &Layout, bucket: &str, path: &Path, text: String, record: &Record) -> io::Result<Item> {
    let place = layout.place(bucket, &record.key);
    let data = place.data(record.data);
    let file = |place: PathBuf, size, md5: Option<&String>, checksums: &Checksums| {
        let path = layout.named(&place)?;
        Ok::<_, io::Error>(Data { path, size, place, md5: md5.cloned(), checksums: checksums.clone() })
    };
    let files = match &record.parts {
        _ if record.is_marker => Vec::new(),
        Some(parts) => {
            let part = |part: &crate::record::StoredPart| {
                file(data.join(&part.file), part.size, Some(&part.md5), &part.checksums)
            };
            parts.iter().map(part).collect::<io::Result<_>>()?
        }
        None => {
            // A composite checksum is not one of the bytes.
            let is_of_bytes = record.checksums.kind.is_none();
            let checksums = if is_of_bytes { record.checksums.clone() } else { Checksums::default() };
            vec![file(data, record.size, record.md5.as_ref(), &checksums)?]
        }
    };
    let object = format!("{bucket}/{}", hex::encode(place.digest));
    let (path, size) = (layout.named(path)?, record.size);
    let (key, bucket) = (record.key.clone(), bucket.to_owned());
    Ok(Item { object, path, record: text, files, size, key, bucket })
}

impl Data {
    /// Opens it; `None` when it is not there any more, or the disk does not give it.
    ///
    /// # Errors
    /// When it must not be read.
    pub fn open(&self) -> io::Result<Option<Reading>> {
        match File::open(&self.place) {
            Ok(file) => {
                let hashed = Hashed::with(&self.checksums);
                let (md5, checksums) = (self.md5.clone(), self.checksums.clone());
                Ok(Some(Reading { file, hashed, left: Some(self.size), md5, checksums }))
            }
            Err(error) if is_of_the_disk(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// The bytes of a file of an object.
pub struct Reading {
    file: File,
    hashed: Hashed,
    /// Bytes that must follow; `None` when there were too many, or one cannot be read.
    left: Option<u64>,
    md5: Option<String>,
    checksums: Checksums,
}

impl Reading {
    /// The next bytes; 0 at the end.
    pub fn read(&mut self, buffer: &mut [u8]) -> usize {
        loop {
            match self.file.read(buffer) {
                Ok(read) => {
                    self.hashed.update(buffer.get(..read).unwrap_or_default());
                    self.left = self.left.and_then(|left| left.checked_sub(read as u64));
                    return read;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // What a disk cannot read any more.
                Err(_) => {
                    self.left = None;
                    return 0;
                }
            }
        }
    }

    /// Whether these were the bytes that the object has.
    pub fn is_whole(self) -> bool {
        self.left == Some(0) && self.hashed.agrees_with(self.md5.as_deref(), &self.checksums)
    }
}

/// A store that is being made. Nobody serves it meanwhile.
#[derive(Debug)]
pub struct Making {
    layout: Layout,
}

impl Making {
    /// A store in `folder`, which has none, with these buckets.
    ///
    /// # Errors
    /// When it cannot be made, or a bucket has an impossible name.
    pub fn begin(folder: &Path, buckets: &[Bucket]) -> io::Result<Self> {
        let layout = Layout::new(folder);
        crate::draft::prepare(folder)?;
        layout.prepare()?;
        for bucket in buckets {
            check_name(&bucket.name)?;
            layout.make_bucket(&bucket.name)?;
            if let Some(versioning) = &bucket.versioning {
                layout.set_versioning(&bucket.name, serde_json::from_str(versioning)?)?;
            }
        }
        Ok(Self { layout })
    }

    /// Makes a file of the bytes of an object, for its owner only.
    ///
    /// # Errors
    /// When the path cannot be one of a store, or the file cannot be made.
    pub fn file(&self, path: &str) -> io::Result<File> {
        let parts: Vec<&str> = path.split('/').collect();
        let place = self.place(path, &parts, |kind| matches!(kind, Kind::Data(_)))?;
        if let (Some(folder), 4) = (place.parent(), parts.len()) {
            private_folder(folder)?;
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)
    }

    /// Writes the record of an object, all of whose files are there.
    ///
    /// # Errors
    /// When it is none, or cannot be written.
    pub fn record(&self, path: &str, record: &str) -> io::Result<()> {
        let parts: Vec<&str> = path.split('/').collect();
        let is_record = |kind| matches!(kind, Kind::Record | Kind::Version(_));
        let place = self.place(path, parts.get(..3).unwrap_or_default(), is_record)?;
        if Record::decode(record.as_bytes()).is_none() || parts.len() != 3 {
            return Err(impossible(path));
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(place)?;
        file.write_all(record.as_bytes())
    }

    /// Where a path is, if it can be one that a store writes.
    fn place(&self, path: &str, parts: &[&str], fits: impl Fn(Kind) -> bool) -> io::Result<PathBuf> {
        let (bucket, shard, name, part) = match parts {
            [bucket, shard, name] => (bucket, shard, name, None),
            [bucket, shard, name, part] => (bucket, shard, name, Some(part)),
            _ => return Err(impossible(path)),
        };
        let is_name = |(digest, kind): ([u8; 32], Kind)| fits(kind) && hex::encode([digest[0]]) == **shard;
        let is_part = |part: &&str| {
            let fits = |letter: char| letter.is_ascii_alphanumeric() || ".-_".contains(letter);
            !part.is_empty() && part.chars().all(fits) && !part.starts_with('.')
        };
        if !self.layout.has_bucket(bucket) || check_name(bucket).is_err() {
            return Err(impossible(path));
        }
        if !read_name(name).is_some_and(is_name) || part.is_some_and(|part| !is_part(part)) {
            return Err(impossible(path));
        }
        let place = self.layout.bucket(bucket).join(shard).join(name);
        Ok(part.map_or(place.clone(), |part| place.join(part)))
    }
}

fn impossible(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{path:?} is no path of an object"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_store_writes_is_made() {
        let folder = tempfile::tempdir().unwrap();
        let bucket = Bucket { name: "data".into(), versioning: None };
        let making = Making::begin(folder.path(), &[bucket]).unwrap();
        let (name, id) = ("ab".repeat(32), uuid::Uuid::new_v4().simple());
        making.file(&format!("data/ab/{name}.{id}")).unwrap();
        let other = uuid::Uuid::new_v4().simple();
        making.file(&format!("data/ab/{name}.{other}/1-abc")).unwrap();
        for path in [
            format!("data/cd/{name}.{id}"),
            format!("other/ab/{name}.{id}"),
            format!("data/ab/{name}.json"),
            format!("data/ab/{name}.{other}/.."),
            format!("data/ab/{name}.{other}/a/b"),
            "data/ab/../../../x".into(),
            format!("../data/ab/{name}.{id}"),
            String::new(),
        ] {
            assert_eq!(making.file(&path).unwrap_err().kind(), io::ErrorKind::InvalidData, "{path}");
        }
        let record = making.record(&format!("data/ab/{name}.json"), "no record").unwrap_err();
        assert_eq!(record.kind(), io::ErrorKind::InvalidData);
        assert!(Making::begin(folder.path(), &[Bucket { name: "..".into(), versioning: None }]).is_err());
    }
}
