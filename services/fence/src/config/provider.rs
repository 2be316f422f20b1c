//! One entry of `OPENID_CONNECT`, in the words of `fence-config.yaml`.

use indexmap::IndexMap;
use serde::Deserialize;

use super::switch::Switch;

/// An identity provider: another issuer, through which users log in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Provider {
    /// Its name for people.
    pub name: String,
    /// The identifier under which it knows us.
    pub client_id: String,
    /// What proves that we are this client.
    pub client_secret: ClientSecret,
    /// Where it sends the browser back to. Default: `/login/<idp>/login` below our own address.
    pub redirect_url: String,
    /// Where it describes itself (OpenID Connect Discovery).
    pub discovery_url: String,
    /// What it would say there, for one that does not, or says it wrongly.
    pub discovery: Endpoints,
    /// Claim `iss` of its tokens, where that is not what `discovery_url` says. Ours.
    pub issuer: String,
    /// What we ask for, separated by spaces.
    pub scope: String,
    /// The claim that becomes the user's name.
    pub user_id_field: String,
    /// The claim with the address for mail.
    pub email_field: String,
    /// The same, as registration calls it.
    pub email_claim_field: String,
    /// The claim by which the provider knows the user.
    pub id_from_idp_field: String,
    /// Whether an address counts though the provider does not say that it has verified it.
    pub assume_emails_verified: Switch,
    /// Arguments of our login URL that are passed on, and under which names.
    pub authorization_url_param_map: IndexMap<String, String>,
    /// Whether the provider is a mock: it logs in the user that the cookie `dev_login` names.
    pub mock: Switch,
    /// The user that it logs in without that cookie.
    pub mock_default_user: Option<String>,
    /// Whether who comes from there is registered by what the provider says of them.
    pub enable_idp_users_registration: Switch,
    /// The claims that registration takes.
    pub firstname_claim_field: String,
    /// As above.
    pub lastname_claim_field: String,
    /// As above.
    pub organization_claim_field: String,
    /// Which claim says that somebody has shown a second factor.
    pub multifactor_auth_claim_info: SecondFactorClaim,
    /// Whether who comes from there joins the groups that the provider names.
    pub is_authz_groups_sync_enabled: Switch,
    /// The claim that names them.
    pub group_claim_field: String,
    /// How long such a membership lasts, in seconds.
    pub group_membership_expiration_duration: Option<i64>,
    /// How long it can be asked for them again where its refresh tokens do not say it, in seconds.
    pub default_refresh_token_exp: Option<i64>,
    /// Which of them count.
    pub authz_groups_sync: GroupsSync,
    /// Public address of another fence, for the provider `fence`.
    pub api_base_url: String,
    /// Where that one asks its users.
    pub authorize_url: String,
    /// Where that one gives tokens.
    pub access_token_url: String,
    /// How that one is spoken to.
    pub client_kwargs: ClientArguments,
    /// Where the identity providers of Shibboleth are listed that can be reached through that one.
    pub shibboleth_discovery_url: String,
    /// Where the identity providers behind this one are listed.
    pub idp_discovery: IdpDiscovery,
}

/// What a provider says of itself in its discovery document, as far as we use it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Endpoints {
    /// Claim `iss` of its tokens.
    pub issuer: String,
    /// Where users are asked.
    pub authorization_endpoint: String,
    /// Where codes become tokens.
    pub token_endpoint: String,
    /// Where its keys are.
    pub jwks_uri: String,
    /// Where more is said of a user.
    pub userinfo_endpoint: String,
    /// Where a session there ends.
    pub end_session_endpoint: String,
    /// How clients prove who they are; only by Basic when nothing is said.
    pub token_endpoint_auth_methods_supported: Vec<String>,
    /// How its ID tokens are signed.
    pub id_token_signing_alg_values_supported: Vec<String>,
    /// How codes can be bound to whoever asked for them (RFC 7636).
    pub code_challenge_methods_supported: Vec<String>,
}

/// `multifactor_auth_claim_info`: a claim that says how somebody has proven who they are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SecondFactorClaim {
    /// `acr` or `amr`.
    pub claim: String,
    /// What it says of those who have shown a second factor.
    pub values: Vec<String>,
}

/// `authz_groups_sync`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct GroupsSync {
    /// How groups begin that count. arborist knows them without it.
    pub group_prefix: String,
}

/// `idp_discovery`: a list of identity providers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IdpDiscovery {
    /// Where it is.
    pub url: String,
    /// Its form: `xml-mdq-v1.0` (the metadata of a federation, such as InCommon's) or `shibboleth` (a
    /// discovery feed).
    pub format: String,
}

/// `client_kwargs` of the provider `fence`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ClientArguments {
    /// What we ask for.
    pub scope: String,
    /// Where it sends the browser back to.
    pub redirect_uri: String,
}

/// A secret that we share with a provider.
#[derive(Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct ClientSecret(String);

impl ClientSecret {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for ClientSecret {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

// Written by hand so that the secret can never reach a log.
impl std::fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientSecret(..)")
    }
}
