//! The uploads in parts that were begun, in their order.

use std::{collections::BTreeMap, fs, io, time::SystemTime};

use s3s::S3Result;

use crate::{
    checksums::{Algorithm, Composite},
    room::failed,
    uploads::{ABOUT, Uploads},
};

/// An upload in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) key: String,
    pub(crate) id: String,
    pub(crate) begun: SystemTime,
    pub(crate) checksum: Option<(Algorithm, Option<Composite>)>,
}

impl Uploads {
    /// Uploads of a bucket that can be ended still: those whose key begins with `prefix` and that come after
    /// the key and the id in `after`, at most `most` of them, and whether there are more.
    ///
    /// # Errors
    /// 500 when the folder cannot be read.
    pub(crate) fn list(
        &self,
        bucket: &str,
        prefix: &str,
        after: (&str, &str),
        most: usize,
    ) -> S3Result<(Vec<Listed>, bool)> {
        let mut first: BTreeMap<(String, String), Listed> = BTreeMap::new();
        for id in self.ids().map_err(failed)? {
            let upload = match self.read(id) {
                Ok(Some(upload)) => upload,
                Ok(None) => continue,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
                Err(error) => return Err(failed(error)),
            };
            let about = self.folder(id).join(ABOUT);
            let is_wanted =
                upload.bucket == bucket && upload.ended.is_none() && upload.key.starts_with(prefix);
            let id = id.simple().to_string();
            // Without an id, all uploads of the key are before.
            let is_after = upload.key.as_str() > after.0
                || upload.key == after.0 && !after.1.is_empty() && id.as_str() > after.1;
            if !is_wanted || !is_after {
                continue;
            }
            let begun =
                fs::metadata(about).and_then(|about| about.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
            let listed = Listed { key: upload.key.clone(), id: id.clone(), begun, checksum: upload.checksum };
            first.insert((upload.key, id), listed);
            if first.len() > most + 1 {
                first.pop_last();
            }
        }
        let is_truncated = first.len() > most;
        Ok((first.into_values().take(most).collect(), is_truncated))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::uploads::{Upload, stand::Stand};

    #[test]
    fn uploads_are_listed_by_key_page_by_page() {
        let Stand { uploads, id, upload, .. } = &Stand::new();
        let other = Upload { key: "a/b".into(), ..upload.clone() };
        let first = uploads.begin(&other).unwrap();
        let second = uploads.begin(upload).unwrap();
        let mut both = [id.simple().to_string(), second.simple().to_string()];
        both.sort();
        let ids = |found: &(Vec<Listed>, bool)| -> Vec<String> {
            found.0.iter().map(|upload| upload.id.clone()).collect()
        };
        let all = uploads.list("b", "", ("", ""), 10).unwrap();
        assert_eq!(ids(&all), [first.simple().to_string(), both[0].clone(), both[1].clone()]);
        let page = uploads.list("b", "", ("a/b", ""), 1).unwrap();
        assert_eq!((ids(&page), page.1), (vec![both[0].clone()], true));
        let rest = uploads.list("b", "", ("k", &both[0]), 1).unwrap();
        assert_eq!((ids(&rest), rest.1), (vec![both[1].clone()], false));
        assert_eq!(ids(&uploads.list("b", "a/", ("", ""), 10).unwrap()), [first.simple().to_string()]);
        assert!(uploads.list("other", "", ("", ""), 10).unwrap().0.is_empty());
    }
}
