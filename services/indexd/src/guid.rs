//! GUIDs: how they are made, checked and looked up.

use std::sync::LazyLock;

use regex::Regex;
use uuid::Uuid;

use crate::config::IndexConfig;

static PATTERN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^.*[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$")
        .expect("invariant: the pattern is a constant that compiles")
});

/// Whether a client may give this did or baseid: any text that ends in a UUID.
pub(crate) fn is_valid(guid: &str) -> bool {
    PATTERN.is_match(guid)
}

/// A fresh revision: eight hex digits, to be compared as an opaque text.
pub(crate) fn new_rev() -> String {
    Uuid::new_v4().simple().to_string().chars().take(8).collect()
}

/// A fresh baseid, which never has a prefix.
pub(crate) fn new_baseid() -> String {
    Uuid::new_v4().to_string()
}

impl IndexConfig {
    /// A fresh GUID, with the prefix when the configuration says so.
    pub(crate) fn new_guid(&self) -> String {
        let uuid = Uuid::new_v4();
        match self.prepend_prefix {
            true => format!("{}{uuid}", self.default_prefix),
            false => uuid.to_string(),
        }
    }

    /// The prefix of GUIDs that are handed out before there is a record for them.
    pub(crate) fn minted_prefix(&self) -> &str {
        match self.prepend_prefix && !self.add_prefix_alias {
            true => &self.default_prefix,
            false => "",
        }
    }

    /// The other spelling of `guid`: without the default prefix if it has it, with it otherwise.
    pub(crate) fn toggled(&self, guid: &str) -> Option<String> {
        if self.default_prefix.is_empty() {
            return None;
        }
        Some(match guid.strip_prefix(&self.default_prefix) {
            Some(bare) => bare.to_owned(),
            None => format!("{}{guid}", self.default_prefix),
        })
    }

    /// The spellings under which `guid` is looked up, the best first.
    pub(crate) fn spellings(&self, guid: &str) -> Vec<String> {
        std::iter::once(guid.to_owned()).chain(self.toggled(guid)).collect()
    }

    /// The `drs://` URI of a GUID: compact (`drs://prefix:accession`) with a default prefix, else as it is.
    pub(crate) fn drs_uri(&self, guid: &str) -> String {
        if self.default_prefix.is_empty() {
            return format!("drs://{guid}");
        }
        let prefix = self.default_prefix.replace(['/', ':'], "");
        let accession = guid.replacen(&self.default_prefix, "", 1).replacen('/', "", 1).replacen(':', "", 1);
        format!("drs://{prefix}:{accession}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(prefix: &str) -> IndexConfig {
        IndexConfig { default_prefix: prefix.into(), prepend_prefix: true, add_prefix_alias: false }
    }

    #[test]
    fn a_guid_is_looked_up_with_and_without_its_prefix() {
        assert_eq!(config("dg.T/").spellings("x"), ["x", "dg.T/x"]);
        assert_eq!(config("dg.T/").spellings("dg.T/x"), ["dg.T/x", "x"]);
        assert_eq!(config("").spellings("x"), ["x"]);
    }

    #[test]
    fn a_drs_uri_is_compact_when_there_is_a_prefix() {
        assert_eq!(config("dg.T/").drs_uri("dg.T/x"), "drs://dg.T:x");
        assert_eq!(config("dg.T/").drs_uri("a:b/c:x"), "drs://dg.T:abc:x");
        assert_eq!(config("").drs_uri("a/x"), "drs://a/x");
    }

    #[test]
    fn a_did_ends_in_a_uuid() {
        let uuid = "072c30d2-c70a-5145-aaa6-62ebceaa64f8";
        assert!(is_valid(uuid) && is_valid(&format!("dg.1/{}", uuid.to_uppercase())));
        assert!(
            !is_valid(&uuid[1..]) && !is_valid(&format!("{uuid}/x")) && !is_valid(&format!("{{{uuid}}}"))
        );
    }
}
