//! A registered OAuth client, as its row says it.

use serde_json::Value;

use super::{parameters::words, refusal::Refusal};
use crate::store::clients::ClientRow;

/// The scope without which nothing is given out.
pub(crate) const OPENID: &str = "openid";

/// More words are the same ones again, and would make a token longer than a header may be.
const MOST_SCOPES: usize = 32;

/// A way to get tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grant {
    Code,
    Refresh,
    Implicit,
    ClientCredentials,
}

impl Grant {
    /// All that a client can have.
    pub(crate) const ALL: [Self; 4] = [Self::Code, Self::Refresh, Self::Implicit, Self::ClientCredentials];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Code => "authorization_code",
            Self::Refresh => "refresh_token",
            Self::Implicit => "implicit",
            Self::ClientCredentials => "client_credentials",
        }
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.name() == name)
    }
}

/// A registered client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Client {
    pub(crate) id: String,
    pub(crate) name: String,
    /// The bcrypt hash; public clients have none.
    pub(crate) secret: Option<String>,
    pub(crate) redirect_uris: Vec<String>,
    pub(crate) grants: Vec<Grant>,
    pub(crate) scopes: Vec<String>,
    pub(crate) is_auto_approved: bool,
    pub(crate) is_confidential: bool,
    /// Seconds since the epoch; 0 is never.
    pub(crate) expires_at: i64,
}

impl From<ClientRow> for Client {
    fn from(row: ClientRow) -> Self {
        let metadata: Value = row
            .client_metadata
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok())
            .unwrap_or_default();
        let texts = |key: &str| -> Vec<String> {
            match &metadata[key] {
                Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Value::String(text) => words(text),
                _ => Vec::new(),
            }
        };
        Self {
            redirect_uris: texts("redirect_uris").into_iter().filter(|uri| !uri.is_empty()).collect(),
            grants: texts("grant_types").iter().filter_map(|name| Grant::of(name)).collect(),
            scopes: texts("scope"),
            id: row.client_id,
            name: row.name,
            secret: row.client_secret,
            is_auto_approved: row.auto_approve.unwrap_or(false),
            // A client about which nothing is said has a secret, as in the original.
            is_confidential: row.is_confidential.unwrap_or(true),
            expires_at: row.expires_at.into(),
        }
    }
}

impl Client {
    pub(crate) fn has_expired(&self, now: i64) -> bool {
        self.expires_at != 0 && self.expires_at <= now
    }

    pub(crate) fn may(&self, grant: Grant) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether the client may have these scopes; no scope at all is none to refuse.
    ///
    /// # Errors
    /// `invalid_scope` without `openid`, and for scopes that the client was not given.
    pub(crate) fn check_scopes(&self, asked: &[String]) -> Result<(), Refusal> {
        let fits = asked.len() <= MOST_SCOPES
            && asked.iter().any(|scope| scope == OPENID)
            && asked.iter().all(|scope| self.scopes.contains(scope));
        if fits {
            Ok(())
        } else {
            Err(Refusal::invalid_scope("Failed to Authorize due to unsupported scope"))
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn client(metadata: &str) -> Client {
        Client::from(ClientRow {
            client_id: "c".into(),
            client_secret: None,
            client_metadata: Some(metadata.into()),
            name: "n".into(),
            description: None,
            auto_approve: None,
            is_confidential: None,
            client_id_issued_at: 0,
            expires_at: 0,
        })
    }

    #[test]
    fn metadata_of_every_age_is_read() {
        let new = client(
            r#"{"scope": "openid user", "redirect_uris": ["https://a/cb", ""],
                "grant_types": ["authorization_code", "other"], "response_types": "code"}"#,
        );
        assert_eq!(new.scopes, ["openid", "user"]);
        assert_eq!(new.redirect_uris, ["https://a/cb"]);
        assert_eq!(new.grants, [Grant::Code]);
        assert!(new.is_confidential && !new.is_auto_approved);
        let odd = client(r#"{"scope": ["openid"], "redirect_uris": "https://a/cb", "grant_types": null}"#);
        assert_eq!((odd.scopes.len(), odd.redirect_uris.len(), odd.grants.len()), (1, 1, 0));
        assert!(client("broken").redirect_uris.is_empty());
    }

    #[test]
    fn scopes_are_some_of_the_clients_and_openid_among_them() {
        let client = client(r#"{"scope": "openid user"}"#);
        let check = |asked: &str| client.check_scopes(&words(asked)).is_ok();
        assert!(check("openid") && check("user openid openid"));
        assert!(!check("") && !check("user") && !check("openid data"));
        assert!(!check(&"openid ".repeat(MOST_SCOPES + 1)));
    }

    #[test]
    fn a_client_expires_at_its_time_and_never_at_zero() {
        let mut client = client("{}");
        assert!(!client.has_expired(10));
        client.expires_at = 10;
        assert!(client.has_expired(10) && !client.has_expired(9));
    }
}
