//! Data that is being read stays until it is read, even when its object is replaced or deleted meanwhile.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use uuid::Uuid;

use crate::draft::remove;

/// Who reads what.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readers(Arc<Mutex<HashMap<Uuid, Read>>>);

#[derive(Debug, Default)]
struct Read {
    readers: usize,
    /// Where it is now, when it is to be deleted after the last reader.
    doomed: Option<PathBuf>,
}

impl Readers {
    /// Holds data for as long as the answer lives. To be called while nobody can replace its object.
    pub(crate) fn hold(&self, data: Uuid) -> Hold {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(data).or_default().readers += 1;
        Hold { readers: self.clone(), data }
    }

    /// Deletes data, now or after its last reader; until then it is `aside`, and not in the way of whoever
    /// deletes its bucket. A failure leaves it behind, to be found at a start.
    pub(crate) fn discard(&self, data: Uuid, path: &Path, aside: &Path) {
        if let Some(read) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&data) {
            let is_moved = fs::rename(path, aside).is_ok();
            read.doomed = Some(if is_moved { aside } else { path }.to_owned());
            return;
        }
        delete(path);
    }
}

fn delete(path: &Path) {
    if let Err(error) = remove(path) {
        tracing::warn!(error = %error, "the data of an object that is gone cannot be deleted");
    }
}

/// Keeps data from being deleted.
#[derive(Debug)]
pub(crate) struct Hold {
    readers: Readers,
    data: Uuid,
}

impl Hold {
    /// Where the data is now, once its object is gone.
    pub(crate) fn aside(&self) -> Option<PathBuf> {
        let all = self.readers.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&self.data)?.doomed.clone()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut all = self.readers.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(read) = all.get_mut(&self.data) else { return };
        read.readers -= 1;
        if read.readers > 0 {
            return;
        }
        if let Some(path) = all.remove(&self.data).and_then(|read| read.doomed) {
            // Thousands of parts take a while, and this may be a thread that must not wait.
            std::thread::spawn(move || delete(&path));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn data_goes_with_its_last_reader() {
        let folder = tempfile::tempdir().unwrap();
        let (path, aside) = (folder.path().join("data"), folder.path().join("aside"));
        let (readers, data) = (Readers::default(), Uuid::new_v4());
        fs::write(&path, "x").unwrap();
        let (first, second) = (readers.hold(data), readers.hold(data));
        assert_eq!(first.aside(), None);
        readers.discard(data, &path, &aside);
        assert_eq!(first.aside(), Some(aside.clone()));
        drop(first);
        assert!(!path.exists() && aside.exists());
        drop(second);
        #[expect(clippy::disallowed_methods, reason = "this thread serves nobody")]
        let gone = (0..500).any(|_| {
            std::thread::sleep(std::time::Duration::from_millis(10));
            !aside.exists()
        });
        assert!(gone);
        fs::write(&path, "x").unwrap();
        readers.discard(data, &path, &aside);
        assert!(!path.exists());
    }
}
