//! Users whose passwords fence keeps. The settings are ours; the original has no such users.

use serde::Deserialize;

use super::switch::Switch;

/// `idp` of local accounts.
pub(crate) const LOCAL_IDP: &str = "local";
/// Path of their login; everything that they need is below it, and its forms are protected by their own
/// tokens.
pub(crate) const LOCAL_LOGIN: &str = "/login/local";

/// The shortest passwords that can be configured: shorter ones are guessed in any case.
pub(super) const SHORTEST: std::ops::RangeInclusive<usize> = 8..=64;
/// The longest life of an invitation, in seconds.
pub(crate) const LONGEST_INVITATION: i64 = 30 * 86_400;

/// `LOCAL_ACCOUNTS`: users who log in by a password that fence keeps.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LocalAccounts {
    /// Whether there are such users.
    pub enabled: Switch,
    /// What login pages call this way to log in, where `LOGIN_OPTIONS` has no line for it.
    pub name: String,
    /// Characters of the shortest password.
    pub shortest_password: usize,
    /// Seconds in which an invitation must be followed.
    pub invitation_life: i64,
}

impl Default for LocalAccounts {
    fn default() -> Self {
        Self {
            enabled: Switch::default(),
            name: "User name and password".into(),
            shortest_password: 12,
            invitation_life: 7 * 86_400,
        }
    }
}

impl LocalAccounts {
    /// Why fence cannot start with these settings.
    pub(super) fn problem(&self) -> Option<String> {
        if !SHORTEST.contains(&self.shortest_password) {
            let (least, most) = (SHORTEST.start(), SHORTEST.end());
            return Some(format!("shortest_password is between {least} and {most}"));
        }
        if !(1..=LONGEST_INVITATION).contains(&self.invitation_life) {
            return Some(format!("invitation_life is between 1 and {LONGEST_INVITATION} seconds"));
        }
        self.name.trim().is_empty().then(|| "name says nothing".to_owned())
    }
}
