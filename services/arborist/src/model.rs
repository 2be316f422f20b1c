//! What arborist keeps: resources, roles, policies, users, groups and clients, as they are answered and as
//! they are to be made.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use crate::path::ResourcePath;

pub(crate) use authz::Action;

/// Everybody's policies are those of this group.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// The group of every request that names a user.
pub(crate) const LOGGED_IN: &str = "logged-in";

/// Returns whether the group is one of the two that exist always and have no members of their own.
pub(crate) fn is_built_in(group: &str) -> bool {
    group == ANONYMOUS || group == LOGGED_IN
}

/// Under which label grants are made, and to which label revocations are limited; none means that grants get
/// no label and revocations no limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Label(pub(crate) Option<String>);

/// The name of a policy that is granted or revoked.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct PolicyName(pub(crate) String);

/// A user in a group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Membership {
    #[serde(rename = "name")]
    pub(crate) group: String,
    pub(crate) user: String,
}

/// Somebody who holds policies, by name or identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holder<'a> {
    User(&'a str),
    Group(&'a str),
    Client(&'a str),
}

/// Which of the things that a holder holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held<'a> {
    All,
    /// The one of this name.
    One(&'a str),
}

/// What a PUT did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PutOutcome {
    Created,
    Updated,
}

/// A resource as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Resource {
    /// The last part of the path.
    pub(crate) name: String,
    pub(crate) path: String,
    /// An opaque identifier of eight characters.
    pub(crate) tag: String,
    pub(crate) description: String,
    /// Paths of the direct children.
    pub(crate) subresources: Vec<String>,
}

/// One node of a tree of resources to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewResource {
    pub(crate) path: ResourcePath,
    /// None leaves the stored description alone.
    pub(crate) description: Option<String>,
    pub(crate) children: Vec<NewResource>,
}

impl NewResource {
    /// Returns the tree as a list, parents first.
    pub(crate) fn flatten(&self) -> Vec<&Self> {
        let mut nodes = vec![self];
        let mut at = 0;
        while let Some(node) = nodes.get(at) {
            nodes.extend(&node.children);
            at += 1;
        }
        nodes
    }
}

/// What becomes of resources above a new one that do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MissingParents {
    Create,
    Refuse,
}

/// What becomes of the direct children of a resource that a new tree does not list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnlistedChildren {
    Delete,
    Keep,
}

/// A policy: every one of its roles on every one of its resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Policy {
    /// The name; in a body for PUT it may be empty.
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) resource_paths: Vec<String>,
    pub(crate) role_ids: Vec<String>,
}

/// A policy with its roles written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ExpandedPolicy {
    pub(crate) id: String,
    pub(crate) description: String,
    pub(crate) resource_paths: Vec<String>,
    pub(crate) roles: Vec<Role>,
}

/// A set of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Role {
    pub(crate) id: String,
    /// The original never gives it back.
    pub(crate) description: String,
    pub(crate) permissions: Vec<Permission>,
}

/// One (service, method) pair of a role; `*` stands for any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Permission {
    /// The name, unique in its role.
    pub(crate) id: String,
    /// The original never gives it back.
    pub(crate) description: String,
    pub(crate) action: Action,
    /// Stored and given back, never looked at.
    pub(crate) constraints: Map<String, Value>,
}

/// A user as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct User {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// `null` when a request did not name any.
    pub(crate) groups: Option<Vec<String>>,
    /// `null` when a request did not name any.
    pub(crate) policies: Option<Vec<GrantedPolicy>>,
}

/// A user to be made. What is said of groups and policies is answered and not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct NewUser {
    pub(crate) name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) policies: Option<Vec<UnmadeGrant>>,
}

/// A policy in a request that does not grant it; its time is any text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct UnmadeGrant {
    pub(crate) policy: String,
    pub(crate) expires_at: Option<String>,
}

/// A policy of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GrantedPolicy {
    pub(crate) policy: String,
    /// When the grant stops counting; `null` means never.
    #[serde(serialize_with = "write_time")]
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// A change of a user's own values; none leaves a value alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserChange {
    pub(crate) name: Option<String>,
    /// An empty address removes the stored one.
    pub(crate) email: Option<String>,
}

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    pub(crate) name: String,
    /// `null` when a request did not name any.
    pub(crate) users: Option<Vec<String>>,
    /// Policies of all members; `null` when a request did not name any.
    pub(crate) policies: Option<Vec<String>>,
}

/// A membership to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewMember {
    pub(crate) username: String,
    /// When the membership stops counting; none means never.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

/// An OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Client {
    /// The identifier that fence gave it.
    #[serde(rename = "clientID")]
    pub(crate) client_id: String,
    /// `null` when a request did not name any.
    pub(crate) policies: Option<Vec<String>>,
}

/// Writes RFC 3339 in UTC as PostgreSQL does: the offset in numbers, no zeros at the end of a fraction.
#[expect(clippy::ref_option, reason = "serde demands this signature")]
fn write_time<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(time) = time else { return serializer.serialize_none() };
    let text = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    let trimmed = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    // Seconds that end in 0 lose nothing: the fraction is always written, so only its zeros were trimmed.
    serializer.serialize_str(&format!("{trimmed}+00:00"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn times_keep_their_seconds_and_lose_empty_fractions() {
        let write = |text: &str| {
            let time = DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc);
            json!(GrantedPolicy { policy: "p".into(), expires_at: Some(time) })["expires_at"].clone()
        };
        assert_eq!(write("2040-01-01T00:00:00Z"), "2040-01-01T00:00:00+00:00");
        assert_eq!(write("2040-01-01T02:00:10.250+02:00"), "2040-01-01T00:00:10.25+00:00");
    }
}
