//! Why somebody may or may not do something, in values. Pure; `store::explain` finds them.

use authz::Action;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// How somebody comes by a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Via {
    /// The user was granted it.
    User,
    /// A group of the user has it.
    Group(String),
    /// Everybody has it, or everybody who is logged in: the built-in group.
    Everybody(String),
    /// The OAuth client was granted it.
    Client(String),
}

/// A policy that somebody holds and that covers a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Grant {
    /// The policy.
    pub policy: String,
    /// How it is come by.
    pub via: Via,
    /// Who granted it: `user-sync` for a user.yaml.
    pub label: Option<String>,
    /// When it stops counting; none means never.
    pub expires_at: Option<DateTime<Utc>>,
    /// The resource of the policy: the one in question, or one above it.
    pub resource: String,
    /// The role of the policy.
    pub role: String,
    /// What the role permits.
    pub permits: Action,
}

/// A policy that would do, and that somebody does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Remedy {
    /// The policy.
    pub policy: String,
    /// The resource that it covers.
    pub resource: String,
    /// The groups that have it; to become a member is another way.
    pub groups: Vec<String>,
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Asked {
    /// The resource.
    pub resource: String,
    /// The service; none for every one.
    pub service: Option<String>,
    /// The method; none for every one.
    pub method: Option<String>,
}

/// Why somebody may or may not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// The user; none for somebody who is not logged in.
    pub user: Option<String>,
    /// The OAuth client through which the user acts.
    pub client: Option<String>,
    /// What was asked.
    #[serde(flatten)]
    pub asked: Asked,
    /// Whether the user was deactivated, and so has what everybody has.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deactivated: bool,
    /// Whether it is permitted.
    pub allowed: bool,
    /// What permits it; of a user through a client both need something.
    pub because: Vec<Grant>,
    /// What would have permitted it, and has expired.
    pub expired: Vec<Grant>,
    /// What else the user may do to the resource.
    pub otherwise: Vec<Action>,
    /// Where the user may do this.
    pub elsewhere: Vec<String>,
    /// Policies that would permit it, the narrowest first. For administrators alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedies: Option<Vec<Remedy>>,
    /// Users who may approve a request for it. For administrators alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Vec<String>>,
}

/// Somebody who may do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Allowed {
    /// The user, or the client, or the built-in group.
    pub who: String,
    /// By which policies.
    pub policies: Vec<String>,
    /// When the last of these grants stops counting; none means never.
    pub expires_at: Option<DateTime<Utc>>,
}

/// Who may do something.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Circle {
    /// The built-in groups: `anonymous` is everybody, `logged-in` everybody who is logged in.
    pub everybody: Vec<Allowed>,
    /// Users.
    pub users: Vec<Allowed>,
    /// OAuth clients; these count together with the user who comes through them.
    pub clients: Vec<Allowed>,
    /// Whether there are more than are listed.
    pub more: bool,
}

/// A line of the log of grants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Event {
    /// When.
    pub at: DateTime<Utc>,
    /// `user`, `member`, `group`, `client`, `policy role`, `policy resource` or `role`.
    pub kind: String,
    /// Who or what holds.
    pub holder: String,
    /// What is held.
    pub held: String,
    /// `granted`, `revoked`, `changed` or `renamed`.
    pub what: String,
    /// Until when it counts.
    pub expires_at: Option<DateTime<Utc>>,
    /// Who granted it.
    pub label: Option<String>,
}

/// What changed for somebody.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct History {
    /// The user.
    pub user: String,
    /// From when on.
    pub since: DateTime<Utc>,
    /// The last changes, the latest first.
    pub events: Vec<Event>,
    /// Whether there are more than are listed.
    pub more: bool,
}

impl Event {
    /// Says it in words: "granted reader to the group team".
    pub fn in_words(&self) -> String {
        let Self { kind, holder, held, what, .. } = self;
        let direction = if what == "revoked" { "from" } else { "to" };
        match (kind.as_str(), what.as_str()) {
            ("user", "renamed") => format!("{holder} is called {held}"),
            ("user", "changed") => format!("time or label of {held} of {holder} changed"),
            ("member", "granted") => format!("{holder} joined the group {held}"),
            ("member", "revoked") => format!("{holder} left the group {held}"),
            ("member", _) => format!("time or label of {holder} in the group {held} changed"),
            ("group" | "client", _) => format!("{what} {held} {direction} the {kind} {holder}"),
            ("policy role", _) => format!("{what} the role {held} {direction} the policy {holder}"),
            ("policy resource", _) => format!("{what} {held} {direction} the policy {holder}"),
            ("role", _) => format!("{what} \"{held}\" {direction} the role {holder}"),
            _ => format!("{what} {held} {direction} {holder}"),
        }
    }
}

/// Takes out what a transaction took away and gave again: a policy that is overwritten with what it had.
pub(crate) fn without_echoes(events: Vec<Event>) -> Vec<Event> {
    let same = |one: &Event, other: &Event| {
        (one.at, &one.kind, &one.holder, &one.held) == (other.at, &other.kind, &other.holder, &other.held)
            && (one.expires_at, &one.label) == (other.expires_at, &other.label)
    };
    let undone = |event: &Event| {
        let opposite = match event.what.as_str() {
            "granted" => "revoked",
            "revoked" => "granted",
            _ => return false,
        };
        events.iter().any(|other| other.what == opposite && same(event, other))
    };
    let kept: Vec<bool> = events.iter().map(|event| !undone(event)).collect();
    events.into_iter().zip(kept).filter(|(_, kept)| *kept).map(|(event, _)| event).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(second: i64, what: &str, held: &str) -> Event {
        Event {
            at: DateTime::from_timestamp(second, 0).unwrap(),
            kind: "policy role".into(),
            holder: "p".into(),
            held: held.into(),
            what: what.into(),
            expires_at: None,
            label: None,
        }
    }

    #[test]
    fn what_one_transaction_takes_and_gives_again_is_no_change() {
        let events = vec![
            event(1, "revoked", "a"),
            event(1, "granted", "a"),
            event(1, "revoked", "b"),
            event(2, "granted", "b"),
        ];
        let left = without_echoes(events);
        assert_eq!(left, [event(1, "revoked", "b"), event(2, "granted", "b")]);
        assert_eq!(left[0].in_words(), "revoked the role b from the policy p");
    }
}
