//! SQL. Every function takes a connection; the caller begins and commits.

pub(crate) mod client;
pub(crate) mod decision;
pub(crate) mod group;
pub(crate) mod policy;
pub(crate) mod resource;
pub(crate) mod role;
pub(crate) mod user;

/// Everybody's policies are those of this group.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// The group of every request that names a user.
pub(crate) const LOGGED_IN: &str = "logged-in";

/// Whether the group is one of the two that exist always and have no members of their own.
pub(crate) fn is_built_in(group: &str) -> bool {
    group == ANONYMOUS || group == LOGGED_IN
}
