//! Changing the keys of a commons: a new pair signs, old ones are believed until they are retired.

use std::{
    fs,
    path::{Path, PathBuf},
};

use chrono::{DateTime, SecondsFormat, Utc};

use crate::{KeyError, SigningKey, SigningKeys, key_folder::PRIVATE_HALF};

/// What the identifier of every key begins with.
const PREFIX: &str = "fence_key_";

/// Makes a new pair, which signs from now on, and returns its identifier. It is complete before anybody can
/// see it.
///
/// # Errors
/// When it cannot be written.
pub fn rotate(folder: &Path, now: DateTime<Utc>) -> Result<String, KeyError> {
    let name = now.to_rfc3339_opts(SecondsFormat::Secs, true);
    let making = beside(folder, "new");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| KeyError::File { path, source }
    };
    SigningKeys::generate(&making, &name)?;
    let made = folder.join(&name);
    let moved = fs::rename(making.join(&name), &made).map_err(failed(&made));
    // What is left of the workplace is empty, or half a pair that nobody uses.
    let _ = fs::remove_dir_all(&making);
    moved.map(|()| format!("{PREFIX}{name}"))
}

/// Takes a pair away, by its identifier or the name of its folder: what it has signed is refused from now on.
/// It is kept beside the folder, in `<folder>.retired`, which is returned.
///
/// # Errors
/// When there is no such pair, or it signs now.
pub fn retire(folder: &Path, key: &str) -> Result<PathBuf, KeyError> {
    let keys = SigningKeys::load(folder)?;
    let kid = if key.starts_with(PREFIX) { key.to_owned() } else { format!("{PREFIX}{key}") };
    let all = keys.all();
    let position = all.iter().position(|known| known.kid == kid);
    match position {
        None => return Err(KeyError::Unknown(key.to_owned())),
        Some(0) => return Err(KeyError::Signs(kid)),
        Some(_) => {}
    }
    let name = kid.trim_start_matches(PREFIX);
    let retired = beside(folder, "retired");
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| KeyError::File { path, source }
    };
    fs::create_dir_all(&retired).map_err(failed(&retired))?;
    only_for_owner(&retired).map_err(failed(&retired))?;
    let place = retired.join(name);
    fs::rename(folder.join(name), &place).map_err(failed(&place))?;
    Ok(place)
}

/// When the private half of a key was written, for showing.
pub fn written(folder: &Path, key: &SigningKey) -> Option<DateTime<Utc>> {
    let name = key.kid.strip_prefix(PREFIX)?;
    let meta = fs::metadata(folder.join(name).join(PRIVATE_HALF)).ok()?;
    meta.modified().ok().map(DateTime::<Utc>::from)
}

fn beside(folder: &Path, what: &str) -> PathBuf {
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{what}"));
    folder.with_file_name(name)
}

fn only_for_owner(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_key_signs_and_only_others_can_be_retired() {
        let folder = tempfile::tempdir().unwrap();
        let keys = folder.path().join("keys");
        SigningKeys::generate(&keys, "2026-01-01").unwrap();
        let new = rotate(&keys, Utc::now()).unwrap();
        let loaded = SigningKeys::load(&keys).unwrap();
        assert_eq!(loaded.signing().kid, new);
        assert_eq!(loaded.all().len(), 2);
        assert!(written(&keys, &loaded.signing()).is_some());
        assert!(matches!(retire(&keys, &new), Err(KeyError::Signs(_))));
        for unknown in ["2026-01-02", "../keys", "", "fence_key_"] {
            assert!(matches!(retire(&keys, unknown), Err(KeyError::Unknown(_))), "{unknown}");
        }
        let kept = retire(&keys, "2026-01-01").unwrap();
        assert!(kept.join(PRIVATE_HALF).is_file());
        assert_eq!(SigningKeys::load(&keys).unwrap().all().len(), 1);
        assert!(!folder.path().join("keys.new").exists());
    }

    #[test]
    fn two_rotations_within_a_second_are_not_one_key() {
        let folder = tempfile::tempdir().unwrap();
        let (keys, now) = (folder.path().join("keys"), Utc::now());
        fs::create_dir(&keys).unwrap();
        rotate(&keys, now).unwrap();
        assert!(rotate(&keys, now).is_err());
        assert_eq!(SigningKeys::load(&keys).unwrap().all().len(), 1);
    }
}
