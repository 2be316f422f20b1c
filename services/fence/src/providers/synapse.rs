//! Synapse, the platform of Sage Bionetworks: OpenID Connect, with claims that must be asked for one by one,
//! and with teams.

use chrono::TimeDelta;
use serde_json::{Map, Value, json};

use super::{
    groups::{Counted, GroupClaim, LONGEST_MEMBERSHIP},
    transport::WELL_KNOWN,
};
use crate::config::SynapseSettings;

/// Its name in `OPENID_CONNECT`.
pub(crate) const SYNAPSE: &str = "synapse";
/// What the original writes behind the number that Synapse names a user by.
pub(super) const SUFFIX: &str = " (Synapse ID)";
pub(super) const DISPLAY_NAME: [&str; 2] = ["given_name", "family_name"];

/// The claim that names those of the asked teams that a user belongs to.
const TEAMS: &str = "team";
const NEEDED: [&str; 5] = ["userid", "email", "email_verified", "given_name", "family_name"];
const WANTED: [&str; 3] = ["validated_given_name", "validated_family_name", "validated_email"];

/// Where it describes itself.
pub(super) fn discovery_url(settings: &SynapseSettings) -> String {
    match settings.synapse_discovery_url.as_deref().filter(|url| !url.is_empty()) {
        Some(url) => url.to_owned(),
        None => format!("{}{WELL_KNOWN}", settings.synapse_uri.trim_end_matches('/')),
    }
}

/// The argument `claims` of a login.
pub(super) fn asked(settings: &SynapseSettings) -> String {
    let essential = NEEDED.map(|claim| (claim.to_owned(), json!({ "essential": true })));
    let others = WANTED.map(|claim| (claim.to_owned(), json!({ "essential": false })));
    let mut claims: Map<String, Value> = essential.into_iter().chain(others).collect();
    if !settings.dream_challenge_team.is_empty() {
        claims.insert(TEAMS.to_owned(), json!({ "values": [settings.dream_challenge_team] }));
    }
    json!({ "id_token": claims }).to_string()
}

/// What the members of a team join, where a team and a group are configured.
pub(super) fn groups(settings: &SynapseSettings) -> Result<Option<GroupClaim>, &'static str> {
    let (team, group) = (&settings.dream_challenge_team, &settings.dream_challenge_group);
    if team.is_empty() || group.is_empty() {
        return Ok(None);
    }
    if !(1..=LONGEST_MEMBERSHIP).contains(&settings.synapse_authz_ttl) {
        return Err("SYNAPSE_AUTHZ_TTL is no number of seconds up to ten years");
    }
    Ok(Some(GroupClaim {
        name: TEAMS.to_owned(),
        counts: Counted::Only { theirs: team.clone(), ours: group.clone() },
        life: TimeDelta::seconds(settings.synapse_authz_ttl),
    }))
}
