//! A request as it is stored and answered.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use sqlx::FromRow;
use uuid::Uuid;

use crate::input::NewRequest;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, FromRow)]
pub(crate) struct StoredRequest {
    /// Its id.
    pub(crate) request_id: Uuid,
    /// The user whose access it is about.
    pub(crate) username: String,
    /// The policy that the user is to get or to lose.
    pub(crate) policy_id: String,
    /// Whether the user is to lose it.
    pub(crate) revoke: bool,
    /// Its status.
    pub(crate) status: String,
    /// When it was made.
    #[serde(serialize_with = "write_time")]
    pub(crate) created_time: DateTime<Utc>,
    /// When it got its status.
    #[serde(serialize_with = "write_time")]
    pub(crate) updated_time: DateTime<Utc>,
    /// What the requester calls the resource.
    pub(crate) resource_id: Option<String>,
    /// The same for people.
    pub(crate) resource_display_name: Option<String>,
}

/// RFC 3339 as Python writes it.
fn write_time<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let format =
        if time.timestamp_subsec_micros() == 0 { SecondsFormat::Secs } else { SecondsFormat::Micros };
    serializer.serialize_str(&time.to_rfc3339_opts(format, false))
}

impl StoredRequest {
    /// A request that is not stored yet.
    pub(crate) fn new(username: String, policy_id: String, new: NewRequest) -> Self {
        let now = Utc::now();
        Self {
            request_id: Uuid::new_v4(),
            username,
            policy_id,
            revoke: new.revoke,
            status: new.status,
            created_time: now,
            updated_time: now,
            resource_id: new.resource_id,
            resource_display_name: new.resource_display_name,
        }
    }

    /// The value of a field that redirects and calls may name, if it says something.
    pub(crate) fn field(&self, name: &str) -> Option<String> {
        let value = match name {
            "request_id" => Some(self.request_id.to_string()),
            "username" => Some(self.username.clone()),
            "policy_id" => Some(self.policy_id.clone()),
            "status" => Some(self.status.clone()),
            "resource_id" => self.resource_id.clone(),
            "resource_display_name" => self.resource_display_name.clone(),
            _ => None,
        };
        value.filter(|value| !value.is_empty())
    }
}
