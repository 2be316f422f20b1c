//! Groups that providers name.

use chrono::TimeDelta;

use crate::config::Provider;

/// Where a provider names the groups of its users.
#[derive(Debug, Clone)]
pub(crate) struct GroupClaim {
    pub(crate) name: String,
    pub(crate) counts: Counted,
    /// How long a membership lasts that it names.
    pub(crate) life: TimeDelta,
}

/// Which groups of a provider count, and as what.
#[derive(Debug, Clone)]
pub(crate) enum Counted {
    /// Those that begin so, as the groups of arborist that are called like the rest.
    Prefixed(String),
    /// This one, as a group of arborist.
    Only { theirs: String, ours: String },
}

/// A week, unless the configuration says something else.
const MEMBERSHIP: i64 = 604_800;
/// Ten years: who needs longer memberships writes them into a user.yaml.
pub(super) const LONGEST_MEMBERSHIP: i64 = 315_360_000;

/// What `provider` says of groups, if that counts.
///
/// # Errors
/// For memberships of no length.
pub(super) fn groups(provider: &Provider) -> Result<Option<GroupClaim>, &'static str> {
    if !provider.is_authz_groups_sync_enabled.is_on() {
        return Ok(None);
    }
    let life = provider.group_membership_expiration_duration.unwrap_or(MEMBERSHIP);
    if !(1..=LONGEST_MEMBERSHIP).contains(&life) {
        return Err("group_membership_expiration_duration is no number of seconds up to ten years");
    }
    Ok(Some(GroupClaim {
        name: if provider.group_claim_field.is_empty() { "groups" } else { &provider.group_claim_field }
            .to_owned(),
        counts: Counted::Prefixed(provider.authz_groups_sync.group_prefix.clone()),
        life: TimeDelta::seconds(life),
    }))
}
