//! Where things are put before commands run.

use std::collections::HashSet;

use sandbox::InsidePath;

pub(super) fn path(what: &str, path: &str) -> Result<InsidePath, String> {
    InsidePath::parse(path).map_err(|error| format!("the path of {what}, {path:?}, cannot be used: {error}"))
}

pub(super) fn below_top(path: &InsidePath) -> Result<(), String> {
    match path.parent() {
        Some(_) => Ok(()),
        None => Err(format!("{} is not in a folder", path.as_str())),
    }
}

/// Where things are put before the commands run.
#[derive(Default)]
pub(super) struct Places {
    files: HashSet<InsidePath>,
    folders: Vec<InsidePath>,
}

impl Places {
    pub(super) fn add_folder(&mut self, path: InsidePath) {
        self.folders.push(path);
    }

    pub(super) fn add_file(&mut self, path: InsidePath) -> Result<(), String> {
        let text = path.as_str().to_owned();
        if self.files.insert(path) { Ok(()) } else { Err(format!("two inputs have the path {text}")) }
    }

    /// # Errors
    /// When a file is where a folder is to be.
    pub(super) fn check(&self) -> Result<(), String> {
        let needed = self.files.iter().filter_map(InsidePath::parent).chain(self.folders.iter().cloned());
        for folder in needed {
            let above = std::iter::successors(Some(folder), InsidePath::parent);
            if let Some(file) = above.into_iter().find(|path| self.files.contains(path)) {
                return Err(format!("{} is a file and a folder", file.as_str()));
            }
        }
        Ok(())
    }
}
