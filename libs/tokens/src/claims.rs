//! What the tokens of a commons say (fence's claim sets for access, id, refresh and api_key tokens).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The scopes of a token. Written as a JSON array; read from an array or from a space-separated string.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Scopes(pub Vec<String>);

impl<'de> Deserialize<'de> for Scopes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            List(Vec<String>),
            Text(String),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::List(list) => Self(list),
            Either::Text(text) => Self(text.split_whitespace().map(str::to_owned).collect()),
        })
    }
}

/// What a token is for (claim `pur`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// For calls to the services.
    Access,
    /// For telling who the user is (OpenID Connect).
    Id,
    /// For an OAuth client that wants new access tokens.
    Refresh,
    /// For a user's programs that want new access tokens.
    ApiKey,
    /// For the browser session of fence itself.
    Session,
}

/// `context.user` of an access or id token.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UserContext {
    /// The user name; arborist decides by it.
    pub name: String,
    /// Whether the user is an administrator by fence's own table.
    #[serde(default)]
    pub is_admin: Option<bool>,
    /// Everything else (`google`, `email`, `display_name`, ...).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The `context` claim. Session cookies keep their whole state in `rest`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Context {
    /// The user, absent in tokens of the client-credentials grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserContext>,
    /// Everything else.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The claims of a token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claims {
    /// What the token is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pur: Option<Purpose>,
    /// fence's user id as a string; absent in client tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// The issuer: fence's public base URL.
    #[serde(default)]
    pub iss: String,
    /// Audiences.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub aud: Vec<String>,
    /// The OAuth client that the token was made for; empty for API keys and sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub azp: Option<String>,
    /// Issued at, seconds since the epoch.
    #[serde(default)]
    pub iat: i64,
    /// Expires at, seconds since the epoch.
    pub exp: i64,
    /// The token's own identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
    /// Scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scopes>,
    /// Who the token speaks for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Context>,
    /// Everything else (`nonce`, `at_hash`, `auth_time`, ...).
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Claims {
    /// The user's name, if the token has one that is not empty.
    pub fn username(&self) -> Option<&str> {
        let name = self.context.as_ref()?.user.as_ref()?.name.as_str();
        (!name.is_empty()).then_some(name)
    }

    /// The OAuth client, if the token has one that is not empty.
    pub fn client_id(&self) -> Option<&str> {
        self.azp.as_deref().filter(|azp| !azp.is_empty())
    }

    /// The scopes, empty when the claim is absent.
    pub fn scopes(&self) -> &[String] {
        self.scope.as_ref().map(|scopes| scopes.0.as_slice()).unwrap_or_default()
    }
}

fn one_or_many<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Many(Vec<String>),
        One(String),
        None(()),
    }
    Ok(match Either::deserialize(deserializer)? {
        Either::Many(list) => list,
        Either::One(text) => vec![text],
        Either::None(()) => Vec::new(),
    })
}
