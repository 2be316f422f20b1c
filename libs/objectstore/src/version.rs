//! Versions of an object, and whether a bucket keeps them (Amazon S3). Pure.

use s3s::{S3Result, s3_error};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What the version is called that a bucket has which keeps none.
const NULL: &str = "null";
/// A longer name is that of no version (bytes).
const LONGEST: usize = 1024;

/// Whether a bucket keeps what is replaced and deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Versioning {
    /// It never did.
    #[default]
    Never,
    /// Each write and each deletion adds a version.
    Enabled,
    /// What there is stays, and writes and deletions replace the version `null`.
    Suspended,
}

/// Which version of a key is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Version {
    /// The one that was written while its bucket kept no versions.
    Null,
    /// The one with this name, which is that of its data.
    Of(Uuid),
}

impl Version {
    /// As it is in the names of files.
    pub(crate) fn name(self) -> String {
        self.id().simple().to_string()
    }

    /// What [`Self::name`] wrote.
    pub(crate) fn of_name(name: &str) -> Option<Self> {
        Some(Self::of_id(Uuid::try_parse(name).ok()?))
    }

    /// As it is in the index. No data has the id of zeros.
    pub(crate) fn id(self) -> Uuid {
        match self {
            Self::Null => Uuid::nil(),
            Self::Of(id) => id,
        }
    }

    /// What [`Self::id`] gave.
    pub(crate) fn of_id(id: Uuid) -> Self {
        if id.is_nil() { Self::Null } else { Self::Of(id) }
    }

    /// As clients know it.
    pub(crate) fn shown(self) -> String {
        match self {
            Self::Null => NULL.to_owned(),
            Self::Of(id) => id.simple().to_string(),
        }
    }
}

/// How a version is shown to whoever wrote it: the version `null` is not (Amazon S3).
pub(crate) fn written(version: Option<Version>) -> Option<String> {
    version.filter(|version| *version != Version::Null).map(Version::shown)
}

/// What a request says of the version that it means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Meant {
    /// The current one.
    Current,
    /// This one.
    This(Version),
    /// One that this store did not make.
    Unknown,
}

impl Meant {
    /// # Errors
    /// 400 for what cannot be the name of a version.
    pub(crate) fn read(text: Option<&str>) -> S3Result<Self> {
        let Some(text) = text else { return Ok(Self::Current) };
        if text == NULL {
            return Ok(Self::This(Version::Null));
        }
        let could_be = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
        if text.is_empty() || text.len() > LONGEST || !text.bytes().all(could_be) {
            return Err(s3_error!(InvalidArgument, "Invalid version id specified"));
        }
        let version = Uuid::try_parse(text).ok().filter(|id| id.simple().to_string() == text && !id.is_nil());
        Ok(version.map_or(Self::Unknown, |id| Self::This(Version::Of(id))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_back_and_what_can_be_none_is_refused() {
        let of = Version::Of(Uuid::new_v4());
        for version in [Version::Null, of] {
            assert_eq!(Version::of_name(&version.name()), Some(version));
            assert_eq!(Meant::read(Some(&version.shown())).unwrap(), Meant::This(version));
        }
        assert_eq!(Meant::read(None).unwrap(), Meant::Current);
        let dashed = of.id().to_string();
        for unknown in ["01G65Z755AFWAKHE12NY0CQ9FH", "3HL4kqtJvjVBH40Nrjfkd.x", &dashed, &"0".repeat(32)] {
            assert_eq!(Meant::read(Some(unknown)).unwrap(), Meant::Unknown, "{unknown}");
        }
        for wrong in ["", "a_b", "../x", "ä", "a b", &"a".repeat(1025)] {
            assert_eq!(Meant::read(Some(wrong)).unwrap_err().code().as_str(), "InvalidArgument", "{wrong}");
        }
    }
}
