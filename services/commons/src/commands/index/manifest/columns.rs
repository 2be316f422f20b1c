//! What the columns of a manifest mean.

/// What a column says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Guid,
    Size,
    /// A hash of this type.
    Hash(&'static str),
    Urls,
    Acl,
    Authz,
    /// A field of the record of this name, a text.
    Text(&'static str),
    /// A field of this name, a JSON object.
    Object(&'static str),
}

/// The spellings that the gen3 SDK accepts, in lower case, and those of the record API.
const SPELLINGS: [(&[&str], Column); 20] = [
    (&["guid", "did", "object_id"], Column::Guid),
    (&["size", "filesize", "file_size", "s3_file_size", "gs_file_size"], Column::Size),
    (&["md5", "md5_hash", "md5hash", "hash", "md5sum", "file_md5sum"], Column::Hash("md5")),
    (&["sha1"], Column::Hash("sha1")),
    (&["sha256"], Column::Hash("sha256")),
    (&["sha512"], Column::Hash("sha512")),
    (&["crc", "crc32c"], Column::Hash("crc")),
    (&["etag"], Column::Hash("etag")),
    (&["url", "urls", "s3_path", "gs_path", "aws_uri", "gcp_uri"], Column::Urls),
    (&["acl", "acls"], Column::Acl),
    (&["authz"], Column::Authz),
    (&["filename", "file_name"], Column::Text("file_name")),
    (&["form"], Column::Text("form")),
    (&["version"], Column::Text("version")),
    (&["uploader"], Column::Text("uploader")),
    (&["description"], Column::Text("description")),
    (&["baseid"], Column::Text("baseid")),
    (&["content_created_date"], Column::Text("content_created_date")),
    (&["content_updated_date"], Column::Text("content_updated_date")),
    (&["metadata"], Column::Object("metadata")),
];

impl Column {
    /// What a column of this name means, in any letter case; `None` for others, which manifests may have.
    pub(super) fn of(name: &str) -> Option<Self> {
        let name = name.trim().trim_matches('"').to_lowercase();
        if name == "urls_metadata" {
            return Some(Self::Object("urls_metadata"));
        }
        SPELLINGS.iter().find(|(names, _)| names.contains(&name.as_str())).map(|(_, column)| *column)
    }

    /// Several columns of this meaning are put together.
    pub(super) fn adds_up(self) -> bool {
        matches!(self, Self::Urls)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_known_in_every_spelling_of_the_sdk() {
        for (name, column) in [
            ("GUID", Column::Guid),
            ("File_Size", Column::Size),
            ("md5sum", Column::Hash("md5")),
            (" s3_path ", Column::Urls),
            ("\"acls\"", Column::Acl),
            ("fileName", Column::Text("file_name")),
            ("urls_metadata", Column::Object("urls_metadata")),
        ] {
            assert_eq!(Column::of(name), Some(column), "{name}");
        }
        assert_eq!(Column::of("patient"), None);
    }
}
