//! Tokens for tests.

use std::sync::Arc;

use tokens::{Claims, Context, Purpose, Scopes, SigningKeys, UserContext, Verifier};

/// The issuer of test tokens.
const ISSUER: &str = "http://localhost/user";

/// A signing key of the test's own and the tokens it makes.
#[derive(Debug, Clone)]
pub struct TestTokens {
    keys: Arc<SigningKeys>,
}

impl Default for TestTokens {
    fn default() -> Self {
        Self::new()
    }
}

impl TestTokens {
    /// A fresh key.
    ///
    /// # Panics
    /// When no key can be made, which does not happen.
    pub fn new() -> Self {
        Self { keys: Arc::new(SigningKeys::ephemeral("test").expect("a key can be made")) }
    }

    /// The keys, for a service that signs or publishes them.
    pub fn keys(&self) -> Arc<SigningKeys> {
        self.keys.clone()
    }

    /// The issuer of the tokens.
    pub fn issuer(&self) -> &'static str {
        ISSUER
    }

    /// A verifier that accepts them.
    pub fn verifier(&self) -> Arc<Verifier> {
        Arc::new(Verifier::local(&self.keys, vec![ISSUER.to_owned()]))
    }

    /// An access token for `username`, valid for an hour.
    pub fn token(&self, username: &str) -> String {
        self.token_with(username, |_| {})
    }

    /// An access token for `username` with claims changed by `change`.
    ///
    /// # Panics
    /// When signing fails, which does not happen.
    pub fn token_with(&self, username: &str, change: impl FnOnce(&mut Claims)) -> String {
        let now = i64::try_from(
            std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs(),
        )
        .expect("before the year 292277026596");
        let user = UserContext { name: username.to_owned(), is_admin: Some(false), ..UserContext::default() };
        let mut claims = Claims {
            pur: Some(Purpose::Access),
            sub: Some("1".into()),
            iss: ISSUER.into(),
            aud: vec!["gen3".into()],
            azp: Some(String::new()),
            iat: now,
            exp: now + 3600,
            jti: Some(format!("{username}-{now}")),
            scope: Some(Scopes(
                ["openid", "user", "data", "credentials", "fence"].map(String::from).to_vec(),
            )),
            context: Some(Context { user: Some(user), ..Context::default() }),
            rest: serde_json::Map::new(),
        };
        change(&mut claims);
        self.keys.signing().sign(&claims).expect("claims can be signed")
    }
}
