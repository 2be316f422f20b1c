//! The things that arborist keeps, as they are asked for and as they are answered.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::{
    Error,
    json::{self, Fields},
    path::ResourcePath,
};

pub(crate) use authz::Action;

/// A resource as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Resource {
    /// Last part of the path.
    pub(crate) name: String,
    /// Full path.
    pub(crate) path: String,
    /// Opaque identifier, eight characters.
    pub(crate) tag: String,
    /// Free text.
    pub(crate) description: String,
    /// Paths of the direct children.
    pub(crate) subresources: Vec<String>,
}

/// One node of a tree of resources to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewResource {
    /// Where.
    pub(crate) path: ResourcePath,
    /// Free text; none leaves the stored one alone.
    pub(crate) description: Option<String>,
    /// What hangs below.
    pub(crate) children: Vec<NewResource>,
}

impl NewResource {
    /// Reads a body for the resource `parent` of the URL (empty for the root). A path in the body wins over
    /// the URL's; slashes that are doubled are merged.
    pub(crate) fn read(body: &[u8], parent: &str) -> Result<Self, Error> {
        let value = json::parse("could not parse resource", body)?;
        Self::from_value(&value, parent)
    }

    fn from_value(value: &Value, parent: &str) -> Result<Self, Error> {
        let known = ["name", "path", "tag", "description", "subresources"];
        let fields = Fields::strict("resource", value, &[], &known)?;
        fields.name("tag")?;
        let name = fields.name("name")?.unwrap_or_default();
        let path = match fields.name("path")?.filter(|path| !path.is_empty()) {
            Some(path) => path,
            None if name.is_empty() => {
                return Err(Error::BadRequest(
                    "a resource needs a `name` or a `path` that is not empty".into(),
                ));
            }
            None => format!("{parent}/{name}"),
        };
        let path = web::collapse_slashes(&path);
        let parsed = ResourcePath::parse(&path)
            .map_err(|error| Error::BadRequest(format!("cannot use the resource path `{path}`: {error}")))?;
        let children = fields.list("subresources")?.unwrap_or_default();
        let children =
            children.iter().map(|child| Self::from_value(child, &path)).collect::<Result<_, _>>()?;
        Ok(Self { path: parsed, description: fields.description("description")?, children })
    }
}

/// A policy: every one of its roles on every one of its resources.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Policy {
    /// Name; in a body for PUT it may be empty.
    pub(crate) id: String,
    /// Free text.
    pub(crate) description: String,
    /// Paths of its resources.
    pub(crate) resource_paths: Vec<String>,
    /// Its roles.
    pub(crate) role_ids: Vec<String>,
}

/// A policy with its roles written out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ExpandedPolicy {
    /// Name.
    pub(crate) id: String,
    /// Free text.
    pub(crate) description: String,
    /// Paths of its resources.
    pub(crate) resource_paths: Vec<String>,
    /// Its roles.
    pub(crate) roles: Vec<Role>,
}

impl Policy {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        Self::from_value(&json::parse("could not parse policy", body)?)
    }

    pub(crate) fn read_many(body: &[u8]) -> Result<Vec<Self>, Error> {
        let value = json::parse("could not parse policies", body)?;
        json::items("policies", &value)?.iter().map(Self::from_value).collect()
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields =
            Fields::strict("policy", value, &["resource_paths", "role_ids"], &["id", "description"])?;
        Ok(Self {
            id: fields.name("id")?.unwrap_or_default(),
            description: fields.description("description")?.unwrap_or_default(),
            resource_paths: fields.names("resource_paths")?.unwrap_or_default(),
            role_ids: fields.names("role_ids")?.unwrap_or_default(),
        })
    }
}

/// A set of permissions.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Role {
    /// Name.
    pub(crate) id: String,
    /// Free text; the original never gives it back.
    pub(crate) description: String,
    /// What the role permits.
    pub(crate) permissions: Vec<Permission>,
}

/// One (service, method) pair of a role; `*` stands for any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Permission {
    /// Name, unique in its role.
    pub(crate) id: String,
    /// Free text; the original never gives it back.
    pub(crate) description: String,
    /// What is permitted.
    pub(crate) action: Action,
    /// Stored and given back, never looked at.
    pub(crate) constraints: Map<String, Value>,
}

impl Role {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse role", body)?;
        let fields = Fields::strict("role", &value, &["id", "permissions"], &["description"])?;
        let permissions = fields.list("permissions")?.unwrap_or_default();
        let permissions: Vec<Permission> =
            permissions.iter().map(Permission::from_value).collect::<Result<_, _>>()?;
        if permissions.is_empty() {
            return Err(Error::BadRequest("role has no permissions".into()));
        }
        let id = fields.name("id")?.unwrap_or_default();
        refuse_empty("role", "id", &id)?;
        Ok(Self { id, description: fields.description("description")?.unwrap_or_default(), permissions })
    }
}

impl Permission {
    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::strict("permission", value, &["id", "action"], &["description", "constraints"])?;
        Ok(Self {
            id: fields.name("id")?.unwrap_or_default(),
            description: fields.description("description")?.unwrap_or_default(),
            action: read_action(&fields)?,
            constraints: fields.texts("constraints")?,
        })
    }
}

/// Reads `action`, which tolerates unknown keys; an absent service or method is the empty text.
pub(crate) fn read_action(fields: &Fields<'_>) -> Result<Action, Error> {
    let Some(value) = fields.get("action") else {
        return Ok(Action { service: String::new(), method: String::new() });
    };
    let action = Fields::loose("action", value)?;
    Ok(Action {
        service: action.name("service")?.unwrap_or_default(),
        method: action.name("method")?.unwrap_or_default(),
    })
}

/// A user as answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct User {
    /// User name.
    pub(crate) name: String,
    /// E-mail address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// Groups; `null` when a request did not name any.
    pub(crate) groups: Option<Vec<String>>,
    /// Policies; `null` when a request did not name any.
    pub(crate) policies: Option<Vec<GrantedPolicy>>,
}

/// A policy of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct GrantedPolicy {
    /// The policy's name.
    pub(crate) policy: String,
    /// When it stops counting; `null` for never.
    #[serde(serialize_with = "write_time")]
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl GrantedPolicy {
    /// Reads one grant. Unknown keys do not matter here.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse policy name", body)?;
        Self::from_value(&value)
    }

    /// Reads many. A wrong type anywhere is an error at once; times that are none leave out their grants, and the
    /// error of the first of them is given beside the others.
    pub(crate) fn read_many(body: &[u8]) -> Result<(Vec<Self>, Option<Error>), Error> {
        let value = json::parse("could not parse policies", body)?;
        let items = json::items("policies", &value)?;
        for item in items {
            let fields = Fields::loose("policy grant", item)?;
            fields.name("policy")?;
            fields.name("expires_at")?;
        }
        let (mut grants, mut first_error) = (Vec::new(), None);
        for item in items {
            match Self::from_value(item) {
                Ok(grant) => grants.push(grant),
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        Ok((grants, first_error))
    }

    fn from_value(value: &Value) -> Result<Self, Error> {
        let fields = Fields::loose("policy grant", value)?;
        Ok(Self {
            policy: fields.name("policy")?.unwrap_or_default(),
            expires_at: fields.expiry("expires_at")?,
        })
    }
}

impl User {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse user", body)?;
        let fields = Fields::strict("user", &value, &["name"], &["email", "groups", "policies"])?;
        let policies = fields.list("policies")?;
        let policies =
            policies.map(|items| items.iter().map(GrantedPolicy::from_value).collect()).transpose()?;
        let name = fields.name("name")?.unwrap_or_default();
        refuse_empty("user", "name", &name)?;
        let email = fields.name("email")?.filter(|email| !email.is_empty());
        Ok(Self { name, email, groups: fields.names("groups")?, policies })
    }
}

/// A change of a user's own values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct UserChange {
    /// New name.
    pub(crate) name: Option<String>,
    /// New e-mail address; empty for none.
    pub(crate) email: Option<String>,
}

impl UserChange {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse user", body)?;
        let fields = Fields::strict("user", &value, &[], &["name", "email"])?;
        let change = Self { name: fields.name("name")?, email: fields.name("email")? };
        if change.name.is_none() && change.email.is_none() {
            return Err(Error::BadRequest("must provide at least one of `name` and `email`".into()));
        }
        if let Some(name) = &change.name {
            refuse_empty("user", "name", name)?;
        }
        Ok(change)
    }
}

/// A group of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Group {
    /// Name.
    pub(crate) name: String,
    /// Members; `null` when a request did not name any.
    pub(crate) users: Option<Vec<String>>,
    /// Policies of all members; `null` when a request did not name any.
    pub(crate) policies: Option<Vec<String>>,
}

impl Group {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse group", body)?;
        let fields = Fields::strict("group", &value, &["name"], &["users", "policies"])?;
        let name = fields.name("name")?.unwrap_or_default();
        refuse_empty("group", "name", &name)?;
        Ok(Self { name, users: fields.names("users")?, policies: fields.names("policies")? })
    }
}

/// A membership to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NewMember {
    /// User name.
    pub(crate) username: String,
    /// When the membership stops counting; none for never.
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl NewMember {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse username", body)?;
        let fields = Fields::loose("group member", &value)?;
        let username = fields.name("username")?.unwrap_or_default();
        if username.is_empty() {
            return Err(Error::BadRequest("missing `username` argument".into()));
        }
        Ok(Self { username, expires_at: fields.expiry("expires_at")? })
    }
}

/// An OAuth client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Client {
    /// Identifier in fence.
    #[serde(rename = "clientID")]
    pub(crate) client_id: String,
    /// Policies; `null` when a request did not name any.
    pub(crate) policies: Option<Vec<String>>,
}

impl Client {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Error> {
        let value = json::parse("could not parse client", body)?;
        let fields = Fields::loose("client", &value)?;
        let client_id = fields.name("clientID")?.unwrap_or_default();
        refuse_empty("client", "clientID", &client_id)?;
        Ok(Self { client_id, policies: fields.names("policies")? })
    }
}

/// Reads `{"policy": name}`, where unknown keys do not matter.
pub(crate) fn read_policy_name(body: &[u8]) -> Result<String, Error> {
    let value = json::parse("could not parse policy name", body)?;
    Ok(Fields::loose("policy", &value)?.name("policy")?.unwrap_or_default())
}

// The original takes empty names, and then no route can reach the row again.
fn refuse_empty(what: &str, key: &str, text: &str) -> Result<(), Error> {
    match text.is_empty() {
        true => Err(Error::BadRequest(format!("field `{key}` of {what} must not be empty"))),
        false => Ok(()),
    }
}

/// RFC 3339 in UTC, without zeros at the end of a fraction.
#[expect(clippy::ref_option, reason = "serde demands this signature")]
fn write_time<S: Serializer>(time: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    let Some(time) = time else { return serializer.serialize_none() };
    let text = time.to_rfc3339_opts(SecondsFormat::Micros, true);
    let trimmed = text.trim_end_matches('Z').trim_end_matches('0').trim_end_matches('.');
    // Seconds that end in 0 lose nothing: the fraction is always written, so only its zeros were trimmed.
    serializer.serialize_str(&format!("{trimmed}Z"))
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
        assert_eq!(write("2040-01-01T00:00:00Z"), "2040-01-01T00:00:00Z");
        assert_eq!(write("2040-01-01T02:00:10.250+02:00"), "2040-01-01T00:00:10.25Z");
    }

    #[test]
    fn a_path_in_the_body_wins_over_the_url_and_children_hang_below_it() {
        let body =
            json!({"path": "//u9///x", "subresources": [{"name": "a"}, {"path": "/else"}]}).to_string();
        let read = NewResource::read(body.as_bytes(), "/u8").unwrap();
        let children: Vec<String> = read.children.iter().map(|child| child.path.decoded()).collect();
        assert_eq!(
            (read.path.decoded().as_str(), children),
            ("/u9/x", vec!["/u9/x/a".into(), "/else".into()])
        );
    }
}
