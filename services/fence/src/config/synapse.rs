//! Settings of logins through Synapse, the platform of Sage Bionetworks.

use serde::Deserialize;

/// What is configured of Synapse beside its entry in `OPENID_CONNECT`.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE", default)]
pub struct SynapseSettings {
    /// Where it is; it describes itself below.
    pub synapse_uri: String,
    /// Where it describes itself, if that is elsewhere.
    pub synapse_discovery_url: Option<String>,
    /// Where its keys are, if that is not where it says.
    pub synapse_jwks_uri: Option<String>,
    /// How long a membership lasts that it gives, in seconds.
    pub synapse_authz_ttl: i64,
    /// The team there whose members join a group here.
    pub dream_challenge_team: String,
    /// That group of arborist.
    pub dream_challenge_group: String,
}

impl Default for SynapseSettings {
    fn default() -> Self {
        Self {
            synapse_uri: "https://repo-prod.prod.sagebase.org/auth/v1".into(),
            synapse_discovery_url: None,
            synapse_jwks_uri: None,
            synapse_authz_ttl: 86_400,
            dream_challenge_team: String::new(),
            dream_challenge_group: String::new(),
        }
    }
}
