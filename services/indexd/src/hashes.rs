//! Hash types of a file and what their values look like.

use std::sync::LazyLock;

use indexmap::IndexMap;
use regex::Regex;
use web::Params;

use crate::Error;

/// The types that the record API knows (indexd 6.3.0), in its order, with the length of their hex digits.
const TYPES: [(&str, usize); 6] =
    [("md5", 32), ("sha1", 40), ("sha256", 64), ("sha512", 128), ("crc", 8), ("etag", 32)];

/// The types that the list of legacy aliases knows.
const LEGACY_TYPES: [&str; 4] = ["md5", "sha1", "sha256", "sha512"];

static ETAG: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[0-9a-f]{32}(-\d+)?$").expect("invariant: the pattern is a constant that compiles")
});

/// Whether `kind` is a known type, and if so whether `value` fits it. `None`: the type is unknown.
pub(crate) fn fits(kind: &str, value: &str) -> Option<bool> {
    let (_, length) = TYPES.iter().find(|(known, _)| *known == kind)?;
    let lower_hex = |c: u8| matches!(c, b'0'..=b'9' | b'a'..=b'f');
    Some(match kind {
        "etag" => ETAG.is_match(value),
        _ => value.len() == *length && value.bytes().all(lower_hex),
    })
}

/// Checks the hashes of a request body: at least one must be of a known type, and those of known types must
/// fit. Others are kept as they are.
pub(crate) fn check(hashes: &IndexMap<String, String>) -> Result<(), Error> {
    let mut known = false;
    for (kind, value) in hashes {
        match fits(kind, value) {
            Some(false) => return Err(misfit(kind, value)),
            Some(true) => known = true,
            None => {}
        }
    }
    if known {
        return Ok(());
    }
    Err(Error::bad("hashes needs at least one of md5, sha1, sha256, sha512, crc, etag"))
}

/// `value` is not what a hash of the type `kind` looks like.
pub(crate) fn misfit(kind: &str, value: &str) -> Error {
    let length = TYPES.iter().find(|(known, _)| *known == kind).map_or(0, |(_, length)| *length);
    let tail = if kind == "etag" { r"(-\\d+)?" } else { "" };
    let shown: String = value.chars().take(200).collect();
    Error::bad(format!("'{shown}' does not match '^[0-9a-f]{{{length}}}{tail}$'\n\nOn instance['{kind}']"))
}

/// Which hash types a query may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// The six types of the record API.
    All,
    /// The four types of the legacy aliases.
    Legacy,
}

/// The query parameters `name`, each `type:value`; a type that is named twice counts with its last value.
pub(crate) fn parse_query(
    params: &Params,
    name: &str,
    accepted: Accepted,
) -> Result<IndexMap<String, String>, Error> {
    let mut hashes = IndexMap::new();
    for parameter in params.all(name) {
        let (kind, value) =
            parameter.split_once(':').ok_or_else(|| Error::bad("hash must have the form type:value"))?;
        hashes.insert(kind.to_owned(), value.to_owned());
    }
    let known = |kind: &str| match accepted {
        Accepted::All => TYPES.iter().any(|(known, _)| *known == kind),
        Accepted::Legacy => LEGACY_TYPES.contains(&kind),
    };
    if hashes.keys().any(|kind| !known(kind)) {
        return Err(Error::bad("invalid hash types specified"));
    }
    if hashes.iter().any(|(kind, value)| fits(kind, value) != Some(true)) {
        return Err(Error::bad("invalid hash values specified"));
    }
    Ok(hashes)
}

/// As [`parse_query`] with all types; `None` when there is no such parameter.
pub(crate) fn filter(params: &Params, name: &str) -> Result<Option<IndexMap<String, String>>, Error> {
    params.has(name).then(|| parse_query(params, name, Accepted::All)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_lower_case_hex_of_the_right_length() {
        let md5 = "d41d8cd98f00b204e9800998ecf8427e";
        assert_eq!(fits("md5", md5), Some(true));
        assert_eq!(fits("md5", &md5.to_uppercase()), Some(false));
        assert_eq!(fits("md5", &format!("{md5}0")), Some(false));
        assert_eq!(fits("etag", &format!("{md5}-12")), Some(true));
        assert_eq!(fits("etag", &format!("{md5}-")), Some(false));
        assert_eq!(fits("crc", "deadbeef"), Some(true));
        assert_eq!(fits("whirlpool", "x"), None);
    }
}
