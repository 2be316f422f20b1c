//! The folder of a cell, and what is in it.

use std::{
    fs::{self, DirBuilder, File},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::{Path, PathBuf},
};

use crate::inside::{self, InsidePath};

/// A folder for commands.
#[derive(Debug)]
pub struct Cell {
    pub(crate) folder: PathBuf,
}

impl Cell {
    /// An empty cell in `folder`; what was there is removed.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn make(folder: &Path) -> io::Result<Self> {
        let cell = Self::at(folder);
        cell.remove()?;
        DirBuilder::new().recursive(true).mode(0o700).create(cell.files())?;
        fs::create_dir(cell.files().join("tmp"))?;
        Ok(cell)
    }

    /// The cell in `folder`, which may not be there.
    pub fn at(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    fn files(&self) -> PathBuf {
        self.folder.join("files")
    }

    /// Makes a folder that commands can write, and those above it.
    ///
    /// # Errors
    /// When it cannot be made, for instance because a file is in its place.
    pub fn create_folder(&self, path: &InsidePath) -> io::Result<()> {
        inside::create_folder(&self.files(), path)
    }

    /// Makes a file, the folders above it, and opens it for writing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn create(&self, path: &InsidePath) -> io::Result<File> {
        inside::create(&self.files(), path)
    }

    /// Opens what a command has left, for reading. A link leads where it would lead the commands, so nothing
    /// out of the cell is ever opened.
    ///
    /// # Errors
    /// When it is not there.
    pub fn open(&self, path: &InsidePath) -> io::Result<File> {
        inside::open(&self.files(), path)
    }

    /// The files in a folder that a command has left, with those in its subfolders; links among them are
    /// passed over. Nothing is told of more than `most`.
    ///
    /// # Errors
    /// When it cannot be read, or there are more.
    pub fn list(&self, path: &InsidePath, most: usize) -> io::Result<Vec<InsidePath>> {
        inside::list(&self.files(), path, most)
    }

    /// Removes the cell. What is not there is fine.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self) -> io::Result<()> {
        match fs::remove_dir_all(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // A command may have taken the right to its folders away.
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                inside::make_removable(&self.folder);
                fs::remove_dir_all(&self.folder)
            }
            removed => removed,
        }
    }
}
