//! What a provider says of whose data somebody may read. It is passed on as it came: who believes it checks
//! its signatures.

use serde_json::{Map, Value};

/// Passport and visas of somebody.
#[derive(Clone, Default)]
pub(crate) struct Vouchers {
    /// Who says it.
    pub(crate) issuer: String,
    /// Whom it is about, as the issuer knows them.
    pub(crate) subject: String,
    /// A passport, which has visas in it.
    pub(crate) passport: Option<String>,
    /// Visas beside it.
    pub(crate) visas: Vec<String>,
    /// By which the provider says it again later.
    pub(crate) refresh_token: Option<String>,
}

// Written by hand so that no token can reach a log.
impl std::fmt::Debug for Vouchers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vouchers").field("issuer", &self.issuer).finish_non_exhaustive()
    }
}

impl Vouchers {
    /// What these claims say; nothing without an issuer and a subject.
    pub(super) fn read(claims: &Map<String, Value>, refresh_token: Option<&str>) -> Option<Self> {
        let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        let visas = claims.get("ga4gh_passport_v1").and_then(Value::as_array);
        let visas = visas.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        Some(Self {
            issuer: text("iss")?,
            subject: text("sub")?,
            passport: text("passport_jwt_v11"),
            visas: visas.collect(),
            refresh_token: refresh_token.map(str::to_owned),
        })
    }
}
