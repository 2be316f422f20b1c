//! Rights that end by themselves: what a login or a passport says of somebody.

use async_trait::async_trait;
use authz::AuthzError;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::PolicyStore;

/// The most memberships and the most policies of one call.
pub const MOST_TIMED: usize = 10_000;

/// A group or a policy, and until when it is held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timed {
    /// Its name.
    pub name: String,
    /// When it ends.
    pub until: DateTime<Utc>,
}

/// What becomes of what a user holds already under the same label.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Earlier {
    /// It ends, or gets the new end.
    #[default]
    Replaced,
    /// It stays, unless it would end earlier.
    Kept,
}

/// What a user holds under one label from now on. Where nothing is said, nothing changes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimedRights {
    /// What becomes of what is held already.
    #[serde(default)]
    pub earlier: Earlier,
    /// Memberships.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Timed>>,
    /// Policies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<Timed>>,
}

/// What was asked for and does not exist.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// Names of groups.
    pub groups: Vec<String>,
    /// Names of policies.
    pub policies: Vec<String>,
}

/// Whether somebody holds something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holding {
    /// They do.
    Held,
    /// They do not.
    NotHeld,
}

/// Rights that end by themselves.
#[async_trait]
pub trait TimedStore: PolicyStore {
    /// Gives the user `rights` under `label`, in one step; the user is created if need be.
    ///
    /// What the user holds under another label stays, unless it ends earlier. Groups and policies are not
    /// created: the answer says which are missing.
    ///
    /// # Errors
    /// When arborist gives no answer.
    async fn set_timed(
        &self,
        username: &str,
        label: &str,
        rights: &TimedRights,
    ) -> Result<Missing, AuthzError>;

    /// Grants a policy without a label and without an end, or takes it, whatever its label. `false` if there
    /// is no such policy to grant.
    ///
    /// # Errors
    /// When arborist gives no answer.
    async fn set_unlabelled(
        &self,
        username: &str,
        policy: &str,
        holding: Holding,
    ) -> Result<bool, AuthzError>;
}
