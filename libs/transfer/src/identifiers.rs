//! What names a file: a GUID of the commons, a DRS URI of any host, or a compact identifier.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::Url;

use crate::error::TransferError;

/// Longest identifier.
const LONGEST: usize = 1024;
/// What stands for itself in a path; a GUID may have a slash (`dg.1234/uuid`), which clients send as it is.
const IN_PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');
/// As [`IN_PATH`], for one part of a path or a value of a query.
const IN_PART: &AsciiSet = &IN_PATH.add(b'/').add(b':');
const OBJECTS: &str = "/ga4gh/drs/v1/objects/";

/// What names a file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Identifier {
    /// A GUID of the commons that the user works with.
    Guid(String),
    /// An object of a DRS server (`drs://host/id`).
    At {
        /// Host, with the port if there is one.
        host: String,
        /// The object's id there.
        id: String,
    },
    /// A compact identifier (`drs://prefix:accession`); who has the prefix has to be found out.
    Compact {
        /// The prefix, such as `dg.4503`.
        prefix: String,
        /// What follows it.
        accession: String,
    },
}

impl Identifier {
    /// Reads a GUID, a DRS URI (GA4GH DRS 1.5, "DRS URIs"), or the address of a DRS object.
    ///
    /// # Errors
    /// When it cannot be one.
    pub fn parse(text: &str) -> Result<Self, TransferError> {
        let text = text.trim();
        let bad = |reason: &str| TransferError::Unusable(format!("{text:?} names no file: {reason}"));
        if text.len() > LONGEST {
            return Err(TransferError::Unusable(format!("an identifier has more than {LONGEST} bytes")));
        }
        if text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(bad("it has a space or a control character"));
        }
        let parsed = if let Some(rest) = strip_scheme(text, "drs://") {
            of_drs(rest).ok_or_else(|| bad("a DRS URI is drs://HOST/ID or drs://PREFIX:ACCESSION"))?
        } else if strip_scheme(text, "https://").or(strip_scheme(text, "http://")).is_some() {
            of_address(text).ok_or_else(|| bad("of web addresses only those of DRS objects are read"))?
        } else {
            Self::Guid(text.to_owned())
        };
        match parsed.id() {
            "" => Err(bad("it is empty")),
            // A part that is only dots would be resolved away when the address is made.
            id if id.split('/').any(|part| matches!(part, "." | "..")) => {
                Err(bad("it has a part of dots only"))
            }
            _ => Ok(parsed),
        }
    }

    fn id(&self) -> &str {
        match self {
            Self::Guid(id) | Self::At { id, .. } => id,
            Self::Compact { accession, .. } => accession,
        }
    }
}

impl std::fmt::Display for Identifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Guid(id) => f.write_str(id),
            Self::At { host, id } => write!(f, "drs://{host}/{id}"),
            Self::Compact { prefix, accession } => write!(f, "drs://{prefix}:{accession}"),
        }
    }
}

fn strip_scheme<'t>(text: &'t str, scheme: &str) -> Option<&'t str> {
    let head = text.get(..scheme.len())?;
    head.eq_ignore_ascii_case(scheme).then(|| &text[scheme.len()..])
}

fn of_drs(rest: &str) -> Option<Identifier> {
    let (host, id) = rest.split_once('/').map_or((rest, None), |(host, id)| (host, Some(id)));
    if let Some((prefix, after)) = host.split_once(':')
        && !(id.is_some() && is_port(after))
    {
        let accession = decoded(&rest[prefix.len() + 1..])?;
        return is_prefix(prefix).then(|| Identifier::Compact { prefix: prefix.to_owned(), accession });
    }
    let id = decoded(id?)?;
    // Data GUIDs of Gen3: no top-level domain ends in digits, so this is a prefix and no host.
    if host.strip_prefix("dg.").is_some_and(|rest| !rest.contains('.')) {
        return is_prefix(host).then(|| Identifier::Compact { prefix: host.to_owned(), accession: id });
    }
    is_host(host).then(|| Identifier::At { host: host.to_owned(), id })
}

fn of_address(text: &str) -> Option<Identifier> {
    let url = Url::parse(text).ok()?;
    let (before, id) = url.path().split_once(OBJECTS)?;
    if !before.is_empty() || !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    let host = url.host_str()?;
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    Some(Identifier::At { host, id: decoded(id)? })
}

fn decoded(text: &str) -> Option<String> {
    let text = percent_decode_str(text).decode_utf8().ok()?;
    (!text.contains(|c: char| c.is_control())).then(|| text.into_owned())
}

fn is_port(text: &str) -> bool {
    text.parse::<u16>().is_ok()
}

fn is_prefix(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Whether the text is a host with or without a port, and nothing else: no login, no path.
fn is_host(text: &str) -> bool {
    let of = |url: &Url| url.host_str().map(str::len);
    let url = Url::parse(&format!("https://{text}/")).ok();
    let is_plain = !text.contains(['@', '?', '#', '\\', '%']);
    is_plain && url.is_some_and(|url| of(&url).is_some() && url.path() == "/")
}

/// An id as it stands in a path.
pub(crate) fn in_path(id: &str) -> String {
    utf8_percent_encode(id, IN_PATH).to_string()
}

/// A text as it stands in one part of a path or in a value of a query.
pub(crate) fn in_part(text: &str) -> String {
    utf8_percent_encode(text, IN_PART).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<Identifier> {
        Identifier::parse(text).ok()
    }

    fn at(host: &str, id: &str) -> Option<Identifier> {
        Some(Identifier::At { host: host.to_owned(), id: id.to_owned() })
    }

    fn compact(prefix: &str, accession: &str) -> Option<Identifier> {
        Some(Identifier::Compact { prefix: prefix.to_owned(), accession: accession.to_owned() })
    }

    #[test]
    fn guids_hosts_and_compact_identifiers_are_told_apart() {
        assert_eq!(read("dg.1234/abc"), Some(Identifier::Guid("dg.1234/abc".to_owned())));
        assert_eq!(read("drs://a.example/x/y"), at("a.example", "x/y"));
        assert_eq!(read("DRS://localhost:8080/x%2Fy"), at("localhost:8080", "x/y"));
        assert_eq!(read("https://a.example/ga4gh/drs/v1/objects/dg.1/x"), at("a.example", "dg.1/x"));
        assert_eq!(read("drs://dg.4503:abc"), compact("dg.4503", "abc"));
        assert_eq!(read("drs://dg.4503/abc"), compact("dg.4503", "abc"));
        assert_eq!(read("drs://drs.anv0:v2_1/2"), compact("drs.anv0", "v2_1/2"));
    }

    #[test]
    fn what_names_no_file_is_refused() {
        for bad in [
            "",
            "a b",
            "a\nb",
            "..",
            "dg.1/../x",
            "drs://",
            "drs://host",
            "drs://host/",
            "drs://a@b/x",
            "drs://h/%2e%2e/x",
            "drs://h/a%00",
            "https://a.example/file.txt",
            "drs://:x",
            "drs://h?x/y",
            "https://u:p@a.example/ga4gh/drs/v1/objects/x",
        ] {
            assert!(read(bad).is_none(), "{bad}");
        }
        assert!(read(&"x".repeat(2000)).is_none());
    }

    #[test]
    fn ids_keep_their_slashes_in_paths() {
        assert_eq!(in_path("dg.1234/a b?#%"), "dg.1234/a%20b%3F%23%25");
        assert_eq!(in_part("a/b&c"), "a%2Fb%26c");
    }
}
