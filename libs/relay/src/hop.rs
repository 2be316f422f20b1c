//! Headers between two neighbours.

/// Headers between two neighbours (RFC 9110 §7.6.1), which are not passed on.
const HOP_BY_HOP: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// The headers that end at this hop: those between neighbours and those that `Connection` names.
#[derive(Debug)]
pub struct Hop {
    named: Vec<String>,
}

impl Hop {
    /// What the values of the header `Connection` say.
    pub fn of<'v>(connection: impl Iterator<Item = &'v [u8]>) -> Self {
        let named = connection
            .filter_map(|value| str::from_utf8(value).ok())
            .flat_map(|value| value.split(',').map(|name| name.trim().to_ascii_lowercase()))
            .collect();
        Self { named }
    }

    /// Whether the header `name` is not passed on.
    pub fn ends(&self, name: &str) -> bool {
        HOP_BY_HOP.contains(&name) || self.named.iter().any(|named| named == name)
    }

    /// Whether `Connection` names `name`.
    pub(crate) fn names(&self, name: &str) -> bool {
        self.named.iter().any(|named| named == name)
    }
}
