//! Paths and files of a cell, as its commands see them.

use std::{
    fs::{self, File},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use rustix::fs::{Mode, OFlags, ResolveFlags, mkdirat, openat2};

/// Folders of the machine that are in every cell already.
const TAKEN: [&str; 12] =
    ["bin", "boot", "dev", "etc", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr"];
/// As PATH_MAX of Linux, with room for where the cell itself is.
const LONGEST: usize = 2_048;
/// More subfolders below each other are not looked into.
const DEEPEST: usize = 64;

/// Why a path is none of a cell.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash.
    #[error("it is not absolute")]
    Relative,
    /// It has `.`, `..`, an empty part, or a character that no path has.
    #[error("it has a part that is empty, `.` or `..`, or a control character")]
    Unclear,
    /// It is the root itself.
    #[error("it is the root")]
    Root,
    /// It is in a folder of the machine.
    #[error("/{0} is a folder of the machine")]
    Taken(String),
    /// It is too long.
    #[error("it is longer than {LONGEST} bytes")]
    Long,
}

/// An absolute path below one of the top folders of a cell.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InsidePath(String);

impl InsidePath {
    /// The path in `text`; a slash at its end is dropped.
    ///
    /// # Errors
    /// For one that commands cannot write.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        if text.len() > LONGEST {
            return Err(PathError::Long);
        }
        let rest = text.strip_prefix('/').ok_or(PathError::Relative)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.is_empty() {
            return Err(PathError::Root);
        }
        let is_clear = |part: &str| !matches!(part, "" | "." | "..") && !part.chars().any(char::is_control);
        if !rest.split('/').all(is_clear) {
            return Err(PathError::Unclear);
        }
        let top = rest.split('/').next().unwrap_or_default();
        if TAKEN.contains(&top) || top.starts_with('.') {
            return Err(PathError::Taken(top.to_owned()));
        }
        Ok(Self(format!("/{rest}")))
    }

    /// As commands write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder that it is in; `None` for a top folder.
    pub fn parent(&self) -> Option<Self> {
        let (parent, _) = self.0.rsplit_once('/')?;
        (!parent.is_empty()).then(|| Self(parent.to_owned()))
    }

    /// Whether this is `other` or in it.
    pub fn is_in(&self, other: &Self) -> bool {
        self.0.strip_prefix(&other.0).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    fn relative(&self) -> &str {
        &self.0[1..]
    }
}

/// Opens something of a cell, of which `files` is the root: no link leads out of it (openat2(2),
/// `RESOLVE_IN_ROOT`).
fn open_in(files: &Path, relative: &str, flags: OFlags) -> io::Result<File> {
    let root = File::open(files)?;
    let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
    let mode = if flags.contains(OFlags::CREATE) { Mode::from_raw_mode(0o644) } else { Mode::empty() };
    Ok(File::from(openat2(&root, relative, flags | OFlags::CLOEXEC, mode, resolve)?))
}

pub(crate) fn create_folder(files: &Path, path: &InsidePath) -> io::Result<()> {
    let mut folder = open_in(files, ".", OFlags::DIRECTORY)?;
    let mut reached = String::new();
    for part in path.relative().split('/') {
        match mkdirat(&folder, part, Mode::from_raw_mode(0o755)) {
            Ok(()) | Err(rustix::io::Errno::EXIST) => {}
            Err(error) => return Err(error.into()),
        }
        reached = if reached.is_empty() { part.to_owned() } else { format!("{reached}/{part}") };
        folder = open_in(files, &reached, OFlags::DIRECTORY)?;
    }
    Ok(())
}

pub(crate) fn create(files: &Path, path: &InsidePath) -> io::Result<File> {
    if let Some(parent) = path.parent() {
        create_folder(files, &parent)?;
    }
    // Not through a pipe that a command has put there, which would wait for ever.
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NONBLOCK;
    regular(open_in(files, path.relative(), flags)?)
}

pub(crate) fn open(files: &Path, path: &InsidePath) -> io::Result<File> {
    regular(open_in(files, path.relative(), OFlags::RDONLY | OFlags::NONBLOCK)?)
}

fn regular(file: File) -> io::Result<File> {
    if file.metadata()?.is_file() { Ok(file) } else { Err(io::Error::other("it is not a file")) }
}

pub(crate) fn list(files: &Path, path: &InsidePath, most: usize) -> io::Result<Vec<InsidePath>> {
    let mut found = Vec::new();
    let mut waiting = vec![(path.clone(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        let opened = open_in(files, folder.relative(), OFlags::RDONLY | OFlags::DIRECTORY)?;
        for entry in rustix::fs::Dir::read_from(&opened)? {
            let entry = entry?;
            let name = entry.file_name().to_str();
            let name = name.map_err(|_| io::Error::other("a file's name is not UTF-8"))?;
            let Ok(inside) = InsidePath::parse(&format!("{}/{name}", folder.as_str())) else { continue };
            let stat = rustix::fs::statat(&opened, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW)?;
            match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
                rustix::fs::FileType::Directory if depth < DEEPEST => waiting.push((inside, depth + 1)),
                rustix::fs::FileType::RegularFile => found.push(inside),
                _ => {}
            }
            if found.len() > most || waiting.len() > most {
                return Err(io::Error::other(format!("there are more than {most} files")));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Gives the folders below `folder` back to their owner. Links are not followed.
pub(crate) fn make_removable(folder: &Path) {
    let mut waiting: Vec<PathBuf> = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        // What cannot be done here fails where it is removed.
        let _ = fs::set_permissions(&folder, fs::Permissions::from_mode(0o700));
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
        waiting.extend(folders.map(|entry| entry.path()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_commands_can_write_is_a_path() {
        for text in ["/data", "/data/", "/data/a b/ü", "/vol/A/", "/tmp/x", "/root/.x"] {
            assert!(InsidePath::parse(text).is_ok(), "{text}");
        }
        for (text, why) in [
            ("data", PathError::Relative),
            ("", PathError::Relative),
            ("/", PathError::Root),
            ("//", PathError::Root),
            ("//data", PathError::Unclear),
            ("/data/../etc", PathError::Unclear),
            ("/data/..", PathError::Unclear),
            ("/data//a", PathError::Unclear),
            ("/data/./a", PathError::Unclear),
            ("/data/a\0", PathError::Unclear),
            ("/etc/passwd", PathError::Taken("etc".into())),
            ("/usr", PathError::Taken("usr".into())),
            ("/.old", PathError::Taken(".old".into())),
        ] {
            assert_eq!(InsidePath::parse(text), Err(why), "{text}");
        }
        assert_eq!(InsidePath::parse(&format!("/{}", "a".repeat(LONGEST))), Err(PathError::Long));
    }

    #[test]
    fn a_path_is_in_its_folders_only() {
        let path = |text| InsidePath::parse(text).unwrap();
        assert!(path("/a/b").is_in(&path("/a")) && path("/a").is_in(&path("/a/")));
        assert!(!path("/ab").is_in(&path("/a")) && !path("/a").is_in(&path("/a/b")));
        assert_eq!(path("/a/b").parent(), Some(path("/a")));
        assert_eq!(path("/a").parent(), None);
    }
}
