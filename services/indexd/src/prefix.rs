//! The prefix of GUIDs: how new ones get it, and how both spellings are understood.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use uuid::Uuid;

use crate::{
    config::{Config, IndexConfig},
    guid::Guid,
};

/// What is escaped in the id of a `drs://` URI: everything but the unreserved characters of RFC 3986 §2.3.
const ID: AsciiSet = NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

impl Config {
    /// The `drs://` URI of a GUID: compact (`drs://prefix:accession`) with a default prefix, else with the
    /// host of the commons, by which a client finds the object.
    pub(crate) fn drs_uri(&self, guid: &Guid) -> String {
        self.index.compact_uri(guid).unwrap_or_else(|| self.host_uri(guid))
    }

    /// The `drs://` URI of a GUID with the host of the commons.
    pub(crate) fn host_uri(&self, guid: &Guid) -> String {
        format!("drs://{}/{}", self.hostname, utf8_percent_encode(guid.as_str(), &ID))
    }
}

impl IndexConfig {
    /// A fresh GUID, with the prefix when the configuration says so.
    pub(crate) fn new_guid(&self) -> Guid {
        let prefix = if self.prepend_prefix { self.default_prefix.as_str() } else { "" };
        Guid::from(format!("{prefix}{}", Uuid::new_v4()))
    }

    /// The prefix of GUIDs that are handed out before there is a record for them.
    pub(crate) fn minted_prefix(&self) -> &str {
        if self.prepend_prefix && !self.add_prefix_alias { &self.default_prefix } else { "" }
    }

    /// The alias that a new record `did` gets: its spelling with the prefix.
    pub(crate) fn prefix_alias(&self, did: &Guid) -> Option<String> {
        (self.add_prefix_alias && !self.default_prefix.is_empty())
            .then(|| format!("{}{did}", self.default_prefix))
    }

    /// The other spelling of `guid`: without the default prefix if it has it, with it otherwise.
    pub(crate) fn toggled(&self, guid: &Guid) -> Option<Guid> {
        if self.default_prefix.is_empty() {
            return None;
        }
        Some(Guid::from(match guid.as_str().strip_prefix(&self.default_prefix) {
            Some(bare) => bare.to_owned(),
            None => format!("{}{guid}", self.default_prefix),
        }))
    }

    /// The spellings under which `guid` is looked up, the best first.
    pub(crate) fn spellings(&self, guid: &Guid) -> Vec<Guid> {
        std::iter::once(guid.clone()).chain(self.toggled(guid)).collect()
    }

    /// The compact `drs://` URI of a GUID, if there is a default prefix.
    fn compact_uri(&self, guid: &Guid) -> Option<String> {
        if self.default_prefix.is_empty() {
            return None;
        }
        let prefix = self.default_prefix.replace(['/', ':'], "");
        let bare = guid.as_str().replacen(&self.default_prefix, "", 1);
        let accession = bare.replacen('/', "", 1).replacen(':', "", 1);
        Some(format!("drs://{prefix}:{accession}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(prefix: &str) -> IndexConfig {
        IndexConfig { default_prefix: prefix.into(), prepend_prefix: true, add_prefix_alias: false }
    }

    fn guid(text: &str) -> Guid {
        Guid::from(text.to_owned())
    }

    #[test]
    fn a_guid_is_looked_up_with_and_without_its_prefix() {
        assert_eq!(config("dg.T/").spellings(&guid("x")), [guid("x"), guid("dg.T/x")]);
        assert_eq!(config("dg.T/").spellings(&guid("dg.T/x")), [guid("dg.T/x"), guid("x")]);
        assert_eq!(config("").spellings(&guid("x")), [guid("x")]);
    }

    #[test]
    fn a_drs_uri_is_compact_when_there_is_a_prefix_and_names_the_host_otherwise() {
        let uri = |prefix: &str, id: &str| {
            let hostname = "data.example.org:8443".to_owned();
            Config { hostname, index: config(prefix), ..Config::default() }.drs_uri(&guid(id))
        };
        assert_eq!(uri("dg.T/", "dg.T/x"), "drs://dg.T:x");
        assert_eq!(uri("dg.T/", "a:b/c:x"), "drs://dg.T:abc:x");
        assert_eq!(uri("", "x-1"), "drs://data.example.org:8443/x-1");
        assert_eq!(uri("", "dg.A/x"), "drs://data.example.org:8443/dg.A%2Fx");
    }
}
