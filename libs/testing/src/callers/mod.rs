//! Every kind of caller of a commons, and the table of what each endpoint answers them.
//!
//! The refused ones are all one and the same user, who has every right: only what is wrong with the token
//! can be why they are refused.

mod table;

use serde_json::{Map, Value};
use tokens::{Claims, Context, Purpose, Scopes, SigningKeys, UserContext};

pub use table::{Access, Line, Section, faults};

/// What fence's access tokens name as their audience.
const AUDIENCE: &str = "gen3";
/// Seconds that an access token lives.
const LIFE: i64 = 3600;
/// Seconds that an API key lives: longer than the access tokens that are made with it.
const LIFE_OF_KEYS: i64 = 30 * 24 * 3600;
/// A kind of task that tokens are made for.
const TASK: &str = "WORKFLOW";

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// There is no token.
    Nobody,
    /// A user who is logged in and has no right.
    Stranger,
    /// A user who has all rights elsewhere, and others here than the one that is asked for.
    Other,
    /// A user who has every right.
    Permitted,
    /// That user's token after its time.
    Expired,
    /// A token of that user that another key has signed, under the name of ours.
    Forged,
    /// A token of that user for another audience.
    WrongAudience,
    /// A token of that user that tells who they are (OpenID Connect), and opens nothing.
    WrongPurpose,
    /// A token of that user that was revoked. Only tokens of a task, API keys and refresh tokens can be.
    Denylisted,
    /// A user who has every right and was deactivated after the token was made.
    Deactivated,
    /// An OAuth client without a user, which has every right.
    ClientAlone,
}

impl Caller {
    /// All of them, in the order of the table.
    pub const ALL: [Self; 11] = [
        Self::Nobody,
        Self::Stranger,
        Self::Other,
        Self::Permitted,
        Self::Expired,
        Self::Forged,
        Self::WrongAudience,
        Self::WrongPurpose,
        Self::Denylisted,
        Self::Deactivated,
        Self::ClientAlone,
    ];

    /// The heading of the column.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Stranger => "none",
            Self::Other => "other",
            Self::Permitted => "right",
            Self::Expired => "expired",
            Self::Forged => "forged",
            Self::WrongAudience => "audience",
            Self::WrongPurpose => "purpose",
            Self::Denylisted => "denied",
            Self::Deactivated => "inactive",
            Self::ClientAlone => "client",
        }
    }

    /// Whether the token is one that no service may believe.
    pub fn is_refused(self) -> bool {
        match self {
            Self::Expired
            | Self::Forged
            | Self::WrongAudience
            | Self::WrongPurpose
            | Self::Denylisted
            | Self::Deactivated => true,
            Self::Nobody | Self::Stranger | Self::Other | Self::Permitted | Self::ClientAlone => false,
        }
    }

    /// The caller's place in [`Caller::ALL`].
    pub fn index(self) -> usize {
        self as usize
    }
}

/// A user of fence.
#[derive(Debug, Clone)]
pub struct Person {
    /// fence's number of the user.
    pub id: String,
    /// The name.
    pub name: String,
}

/// Who they are.
#[derive(Debug, Clone)]
pub struct People {
    /// [`Caller::Permitted`], and who has lost the refused tokens.
    pub permitted: Person,
    /// [`Caller::Stranger`].
    pub stranger: Person,
    /// [`Caller::Other`].
    pub other: Person,
    /// [`Caller::Deactivated`].
    pub deactivated: Person,
    /// The identifier of [`Caller::ClientAlone`].
    pub client: String,
}

/// Makes tokens of a commons.
pub struct Mint<'a> {
    /// The commons' own keys.
    pub keys: &'a SigningKeys,
    /// Who issues the tokens: fence's public address.
    pub issuer: &'a str,
    /// Whose they are.
    pub people: &'a People,
}

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Use {
    /// A call to a service.
    Call,
    /// Getting access tokens: an API key.
    Key,
}

impl Mint<'_> {
    /// The token that `caller` shows; none of nobody.
    ///
    /// [`Caller::Denylisted`] has one that can be revoked; that is left to whoever wants it.
    ///
    /// # Panics
    /// When signing fails, which does not happen.
    pub fn token(&self, caller: Caller, purpose: Use) -> Option<String> {
        let mut claims = self.claims(caller, purpose)?;
        match caller {
            Caller::Expired => (claims.iat, claims.exp) = (claims.iat - 2 * LIFE, claims.iat - LIFE),
            Caller::WrongAudience => claims.aud = vec!["elsewhere".into()],
            Caller::WrongPurpose => claims.pur = Some(Purpose::Id),
            Caller::Denylisted if purpose == Use::Call => {
                claims.aud = vec![TASK.into()];
                let context = claims.context.get_or_insert_default();
                context.rest.insert("task_token_type".into(), TASK.into());
            }
            _ => {}
        }
        let own = self.keys.signing();
        if caller != Caller::Forged {
            return Some(own.sign(&claims).expect("claims can be signed"));
        }
        let name = own.kid.strip_prefix("fence_key_").expect("keys have this prefix");
        let forger = SigningKeys::ephemeral(name).expect("a key can be made");
        Some(forger.signing().sign(&claims).expect("claims can be signed"))
    }

    fn claims(&self, caller: Caller, purpose: Use) -> Option<Claims> {
        let people = self.people;
        let (person, client) = match caller {
            Caller::Nobody => return None,
            Caller::Stranger => (Some(&people.stranger), ""),
            Caller::Other => (Some(&people.other), ""),
            Caller::Deactivated => (Some(&people.deactivated), ""),
            Caller::ClientAlone => (None, people.client.as_str()),
            _ => (Some(&people.permitted), ""),
        };
        let user = person.map(|person| UserContext {
            name: person.name.clone(),
            is_admin: Some(false),
            rest: Map::new(),
        });
        let now = now();
        let scopes = ["openid", "user", "data", "credentials", "fence"].map(String::from).to_vec();
        let number = 2 * caller.index() + usize::from(purpose == Use::Key);
        Some(Claims {
            pur: Some(if purpose == Use::Key { Purpose::ApiKey } else { Purpose::Access }),
            sub: person.map(|person| person.id.clone()),
            iss: self.issuer.to_owned(),
            aud: vec![AUDIENCE.into()],
            azp: Some(client.to_owned()),
            iat: now,
            exp: now + if purpose == Use::Key { LIFE_OF_KEYS } else { LIFE },
            jti: Some(format!("00000000-0000-4000-8000-{number:012}")),
            scope: Some(Scopes(scopes)),
            context: Some(Context { user, rest: Map::new() }),
            rest: Map::<String, Value>::new(),
        })
    }
}

fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the year 292277026596")
}

#[cfg(test)]
mod tests {
    use tokens::{Expect, TokenError, Verifier};

    use super::*;

    fn people() -> People {
        let person = |name: &str| Person { id: name.len().to_string(), name: name.to_owned() };
        People {
            permitted: person("right"),
            stranger: person("none"),
            other: person("other one"),
            deactivated: person("deactivated"),
            client: "robot".into(),
        }
    }

    #[tokio::test]
    async fn each_token_is_refused_for_what_its_caller_is_named_for_and_for_nothing_else() {
        let keys = SigningKeys::ephemeral("k").unwrap();
        let people = people();
        let mint = Mint { keys: &keys, issuer: "http://a/user", people: &people };
        let verifier = Verifier::local(&keys, vec!["http://a/user".into()]);
        let check = async |caller| {
            let token = mint.token(caller, Use::Call).unwrap();
            let claims = verifier.verify(&token, Expect::of_access(&["openid"])).await?;
            Ok((claims.username().map(str::to_owned), claims.client_id().map(str::to_owned)))
        };
        assert_eq!(mint.token(Caller::Nobody, Use::Call), None);
        for (caller, name) in
            [(Caller::Permitted, "right"), (Caller::Stranger, "none"), (Caller::Deactivated, "deactivated")]
        {
            assert_eq!(check(caller).await, Ok((Some(name.to_owned()), None)));
        }
        assert_eq!(check(Caller::ClientAlone).await, Ok((None, Some("robot".to_owned()))));
        for (caller, error) in [
            (Caller::Expired, TokenError::Expired),
            (Caller::Forged, TokenError::Signature),
            (Caller::WrongAudience, TokenError::Audience),
            (Caller::WrongPurpose, TokenError::Purpose),
            (Caller::Denylisted, TokenError::Audience),
        ] {
            assert_eq!(check(caller).await, Err(error), "{caller:?}");
        }
    }

    #[test]
    fn the_callers_are_in_the_order_of_their_numbers() {
        for (index, caller) in Caller::ALL.into_iter().enumerate() {
            assert_eq!(caller.index(), index, "{caller:?}");
        }
    }
}
