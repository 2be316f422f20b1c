//! The state folder: whether it is there, whose it is, and who else can read it.

use std::{
    fs,
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{Access, access},
    process::geteuid,
};

use super::finding::Finding;
use crate::state::{PRIVATE, SECRETS, VERSION_OF_DATABASES};

const WHAT: &str = "state folder";

/// What there is to say of `folder`.
pub(super) fn findings(folder: &Path) -> Vec<Finding> {
    let shown = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let meta = match fs::metadata(folder) {
        Ok(meta) => meta,
        Err(error) if error.kind() == ErrorKind::NotFound => return vec![to_be_made(&shown)],
        Err(error) => {
            let remedy = "name another folder with --state, or get access to this one";
            return vec![Finding::error(WHAT, format!("{}: {error}", shown.display()), remedy)];
        }
    };
    if !meta.is_dir() {
        let said = format!("{} is not a folder", shown.display());
        return vec![Finding::error(WHAT, said, "name another one with --state")];
    }
    // A folder with the sticky bit, such as that for temporary files, belongs to everybody.
    if meta.uid() != geteuid().as_raw() && meta.mode() & 0o1000 == 0 {
        let said = format!(
            "{} belongs to the account with the number {}, and this one has {}",
            shown.display(),
            meta.uid(),
            geteuid().as_raw()
        );
        let remedy =
            "run the commons as its owner, give the folder away (chown -R), or name another with --state";
        return vec![Finding::error(WHAT, said, remedy)];
    }
    if let Err(error) = access(folder, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK) {
        let said = format!("{} cannot be written: {}", shown.display(), std::io::Error::from(error));
        return vec![Finding::error(WHAT, said, "make it writable, or name another one with --state")];
    }
    let mut findings = vec![in_use(folder, &shown)];
    findings.extend(open_to_others(folder));
    findings
}

/// There is no folder yet: the one that it will be made in has to let us.
fn to_be_made(shown: &Path) -> Finding {
    let above = existing(shown);
    match access(&above, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) => Finding::ok(WHAT, format!("{} will be made", shown.display())),
        Err(error) => Finding::error(
            WHAT,
            format!(
                "{} cannot be made in {}: {}",
                shown.display(),
                above.display(),
                std::io::Error::from(error)
            ),
            "name another one with --state",
        ),
    }
}

fn in_use(folder: &Path, shown: &Path) -> Finding {
    let has_databases = folder.join("postgres").join(VERSION_OF_DATABASES).is_file();
    let secrets = folder.join(SECRETS);
    if has_databases && !secrets.exists() {
        return Finding::error(
            WHAT,
            format!("{} is gone, which has the password of the databases beside it", secrets.display()),
            "put it back from a copy, or move the folder postgres away to start anew",
        );
    }
    let state = if has_databases { "has the databases of a commons" } else { "is there" };
    Finding::ok(WHAT, format!("{} {state}", shown.display()))
}

fn open_to_others(folder: &Path) -> Option<Finding> {
    let is_open = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|meta| meta.mode() & 0o077 != 0 && meta.mode() & 0o1000 == 0)
    };
    let all = PRIVATE.iter().map(|name| folder.join(name));
    let open: Vec<String> = std::iter::once(folder.to_owned())
        .chain(all)
        .filter(is_open)
        .map(|path| path.display().to_string())
        .collect();
    (!open.is_empty()).then(|| {
        Finding::warning(
            WHAT,
            format!("other accounts can read {}", open.join(", ")),
            "the next start closes it; secrets that somebody may have read have to be made anew",
        )
    })
}

/// The innermost folder on the way to `path` that is there.
pub(super) fn existing(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    absolute.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("/")).to_owned()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::super::finding::State;
    use super::*;

    fn states(folder: &Path) -> Vec<State> {
        findings(folder).iter().map(|finding| finding.state).collect()
    }

    #[test]
    fn a_folder_is_ok_while_it_is_ours_alone_and_has_its_secrets() {
        let folder = tempfile::tempdir().unwrap();
        let state = folder.path().join("state");
        assert_eq!(states(&state), [State::Ok]);
        assert!(!state.exists(), "looking makes nothing");
        fs::create_dir(&state).unwrap();
        fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(states(&state), [State::Ok, State::Warning]);
        assert_eq!(fs::metadata(&state).unwrap().mode() & 0o777, 0o755, "looking changes nothing");
        fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
        assert_eq!(states(&state), [State::Ok]);
        fs::create_dir(state.join("postgres")).unwrap();
        fs::write(state.join("postgres/PG_VERSION"), "15\n").unwrap();
        let lost = findings(&state);
        assert_eq!(lost[0].state, State::Error);
        assert!(lost[0].said.contains("secrets.json is gone"), "{}", lost[0].said);
        fs::write(folder.path().join("file"), "").unwrap();
        assert_eq!(states(&folder.path().join("file")), [State::Error]);
        assert_eq!(states(&folder.path().join("file/below")), [State::Error]);
    }
}
