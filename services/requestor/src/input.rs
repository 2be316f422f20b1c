//! Bodies and filters of requests. Pure.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;
use web::Params;

use crate::{
    config::Config,
    error::{Error, Fault},
};

const TEXT: (&str, &str) = ("string_type", "Input should be a valid string");
const LIST: (&str, &str) = ("list_type", "Input should be a valid list");

/// What a new request says. Its values may all be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NewRequest {
    pub(crate) username: Option<String>,
    pub(crate) about: About,
    pub(crate) resource_id: Option<String>,
    pub(crate) resource_display_name: Option<String>,
    pub(crate) status: String,
    /// Access is to be taken away.
    pub(crate) revoke: bool,
}

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    /// A policy that exists.
    Policy(String),
    /// Resources, and roles on them; without roles reading.
    Resources { paths: Vec<String>, roles: Vec<String> },
}

impl Default for About {
    fn default() -> Self {
        Self::Policy(String::new())
    }
}

/// Takes the fields of a body one by one; others are ignored, as in the original.
struct Fields {
    fields: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Fields {
    fn of(body: &[u8]) -> Result<Self, Error> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(fields)) => Ok(Self { fields, faults: Vec::new() }),
            Ok(_) => Err(Error::Unusable(vec![Fault::of(
                "body",
                "",
                "dict_type",
                "Input should be a valid dictionary",
            )])),
            Err(_) => Err(Error::Unusable(vec![Fault::of("body", "", "json_invalid", "JSON decode error")])),
        }
    }

    fn optional<T>(
        &mut self,
        name: &str,
        read: fn(Value) -> Option<T>,
        (kind, message): (&'static str, &'static str),
    ) -> Option<T> {
        let value = self.fields.remove(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.faults.push(Fault::of("body", name, kind, message));
        }
        read
    }

    fn required<T: Default>(
        &mut self,
        name: &str,
        read: fn(Value) -> Option<T>,
        fault: (&'static str, &'static str),
    ) -> T {
        if self.fields.get(name).is_none_or(Value::is_null) {
            self.faults.push(Fault::of("body", name, "missing", "Field required"));
        }
        self.optional(name, read, fault).unwrap_or_default()
    }

    /// A text that says something.
    fn text(&mut self, name: &str) -> Option<String> {
        self.optional(name, text, TEXT).filter(|text| !text.is_empty())
    }

    fn done<T>(self, value: T) -> Result<T, Error> {
        if self.faults.is_empty() { Ok(value) } else { Err(Error::Unusable(self.faults)) }
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

fn texts(value: Value) -> Option<Vec<String>> {
    if let Value::Array(items) = value { items.into_iter().map(text).collect() } else { None }
}

impl NewRequest {
    /// Reads a body and the parameter `revoke`.
    ///
    /// # Errors
    /// 422 for values of another type, 400 for values that do not go together.
    pub(crate) fn read(config: &Config, body: &[u8], params: &Params) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let path = fields.text("resource_path");
        let has_path = path.is_some();
        let paths = fields.optional("resource_paths", texts, LIST).filter(|paths| !paths.is_empty());
        let paths = paths.or(path.map(|path| vec![path]));
        let roles = fields.optional("role_ids", texts, LIST).unwrap_or_default();
        let policy = fields.text("policy_id");
        let status = fields.text("status");
        let new = Self {
            username: fields.text("username"),
            about: About::default(),
            resource_id: fields.text("resource_id"),
            resource_display_name: fields.text("resource_display_name"),
            status: status.unwrap_or_else(|| config.default_initial_status.clone()),
            revoke: params.has("revoke"),
        };
        let new = fields.done(new)?;
        let about = match (policy, paths) {
            (Some(_), None) if !roles.is_empty() => {
                return Err(Error::bad("The request cannot have both role_ids and policy_id."));
            }
            (Some(policy), None) => About::Policy(policy),
            (None, Some(paths)) => About::Resources { paths: checked(config, paths)?, roles },
            _ => return Err(Error::bad("The request must have either resource_path(s) or a policy_id.")),
        };
        check_status(config, &new.status)?;
        if let Some(value) = params.get("revoke").filter(|value| !value.is_empty()) {
            return Err(Error::bad(format!(
                "The 'revoke' parameter should not be assigned a value. Received '{value}'"
            )));
        }
        if new.revoke && has_path {
            return Err(Error::bad(
                "The 'revoke' parameter is not compatible with the 'resource_path' body field",
            ));
        }
        Ok(Self { about, ..new })
    }
}

/// Paths of resources that policies can be made for.
fn checked(config: &Config, paths: Vec<String>) -> Result<Vec<String>, Error> {
    if paths.len() > config.most {
        return Err(Error::bad(format!("a request is about at most {} resources", config.most)));
    }
    match paths.iter().find(|path| !path.starts_with('/') || path.trim_matches('/').is_empty()) {
        Some(path) => Err(Error::bad(format!("'{path}' is not the path of a resource"))),
        None => Ok(paths),
    }
}

/// A status must be one of the configured ones.
pub(crate) fn check_status(config: &Config, status: &str) -> Result<(), Error> {
    let allowed = &config.allowed_request_statuses;
    if allowed.iter().any(|known| known == status) {
        return Ok(());
    }
    let allowed: Vec<String> = allowed.iter().map(|status| format!("'{status}'")).collect();
    let allowed = allowed.join(", ");
    Err(Error::bad(format!("Status '{status}' is not an allowed request status ([{allowed}])")))
}

/// The new status in a body.
///
/// # Errors
/// 422 without one.
pub(crate) fn status(body: &[u8]) -> Result<String, Error> {
    let mut fields = Fields::of(body)?;
    let status = fields.required("status", text, TEXT);
    fields.done(status)
}

/// Which resources, and which permissions on them, a user asks about.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct AskedPaths {
    pub(crate) paths: Vec<String>,
    pub(crate) permissions: Vec<String>,
}

impl AskedPaths {
    /// # Errors
    /// 422 for values of another type, 400 for too many.
    pub(crate) fn read(config: &Config, body: &[u8]) -> Result<Self, Error> {
        let mut fields = Fields::of(body)?;
        let paths = fields.required("resource_paths", texts, LIST);
        let permissions = fields.optional("permissions", texts, LIST).filter(|given| !given.is_empty());
        let usual = || vec!["reader".to_owned(), "storage_reader".to_owned()];
        let asked = Self { paths, permissions: permissions.unwrap_or_else(usual) };
        let asked = fields.done(asked)?;
        if asked.paths.len() > config.most {
            return Err(Error::bad(format!("a question is about at most {} resources", config.most)));
        }
        Ok(asked)
    }
}

/// The id of a request in a path.
///
/// # Errors
/// 422 for anything else.
pub(crate) fn request_id(text: &str) -> Result<Uuid, Error> {
    Uuid::parse_str(text).map_err(|_| {
        let message = "Input should be a valid UUID";
        Error::Unusable(vec![Fault::of("path", "request_id", "uuid_parsing", message)])
    })
}

/// Times from the first to before the second.
pub(crate) type Span = (DateTime<Utc>, DateTime<Utc>);

/// Which requests are wanted: of each field one of the values, if there are any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    pub(crate) request_ids: Option<Vec<Uuid>>,
    pub(crate) usernames: Option<Vec<String>>,
    pub(crate) policy_ids: Option<Vec<String>>,
    pub(crate) revoke: Option<Vec<bool>>,
    pub(crate) statuses: Option<Vec<String>>,
    pub(crate) resource_ids: Option<Vec<String>>,
    pub(crate) resource_display_names: Option<Vec<String>>,
    pub(crate) created: Option<Vec<Span>>,
    pub(crate) updated: Option<Vec<Span>>,
    /// Only those that are not over.
    pub(crate) active: bool,
}

impl Filters {
    /// # Errors
    /// 400 for fields that requests do not have, and values that these cannot have.
    pub(crate) fn read(config: &Config, params: &Params) -> Result<Self, Error> {
        let mut filters = Self::default();
        if params.iter().count() > config.most {
            return Err(Error::bad(format!("there may be at most {} filters", config.most)));
        }
        for (name, value) in params.iter() {
            if name == "active" {
                filters.active = true;
                if !value.is_empty() {
                    return Err(Error::bad(format!(
                        "The 'active' parameter should not be assigned a value. Received '{value}'"
                    )));
                }
                continue;
            }
            filters.add(name, value)?;
        }
        Ok(filters)
    }

    fn add(&mut self, name: &str, value: &str) -> Result<(), Error> {
        let wrong = || Error::bad(format!("The value '{value}' for '{name}' parameter is invalid."));
        let texts = match name {
            "username" => &mut self.usernames,
            "policy_id" => &mut self.policy_ids,
            "status" => &mut self.statuses,
            "resource_id" => &mut self.resource_ids,
            "resource_display_name" => &mut self.resource_display_names,
            "request_id" | "revoke" | "created_time" | "updated_time" => {
                if value.is_empty() {
                    return Err(empty(name));
                }
                match name {
                    "request_id" => {
                        self.request_ids
                            .get_or_insert_default()
                            .push(Uuid::parse_str(value).map_err(|_| wrong())?);
                    }
                    "revoke" => self.revoke.get_or_insert_default().push(value.eq_ignore_ascii_case("true")),
                    "created_time" => {
                        self.created.get_or_insert_default().push(span(value).ok_or_else(wrong)?)
                    }
                    _ => self.updated.get_or_insert_default().push(span(value).ok_or_else(wrong)?),
                }
                return Ok(());
            }
            _ => return Err(Error::bad(format!("The parameter '{name}' is invalid"))),
        };
        if value.is_empty() {
            return Err(empty(name));
        }
        texts.get_or_insert_default().push(value.to_owned());
        Ok(())
    }
}

fn empty(name: &str) -> Error {
    Error::bad(format!("The parameter '{name}' must have a non-empty value"))
}

/// A day in UTC, or a moment to the microsecond. A `+` that was not escaped has become a blank.
fn span(text: &str) -> Option<Span> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let start = day.and_time(NaiveTime::MIN).and_utc();
        return Some((start, start.checked_add_days(Days::new(1))?));
    }
    let text = text.replace(' ', "+");
    let moment = DateTime::parse_from_rfc3339(&text).ok()?.with_timezone(&Utc);
    Some((moment, moment.checked_add_signed(TimeDelta::microseconds(1))?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: &Value, query: &str) -> Result<NewRequest, Error> {
        NewRequest::read(&Config::default(), body.to_string().as_bytes(), &Params::parse(query))
    }

    #[test]
    fn a_request_is_about_a_policy_or_about_resources() {
        let new = read(&json!({"resource_path": "/a", "role_ids": ["r"], "username": ""}), "").unwrap();
        assert_eq!(new.about, About::Resources { paths: vec!["/a".into()], roles: vec!["r".into()] });
        assert_eq!((new.username, new.status.as_str(), new.revoke), (None, "DRAFT", false));
        let new =
            read(&json!({"policy_id": "p", "status": "SUBMITTED", "resource_path": null}), "revoke").unwrap();
        assert_eq!((new.about, new.revoke), (About::Policy("p".into()), true));
        for (body, query, told) in [
            (json!({}), "", "either resource_path(s) or a policy_id"),
            (
                json!({"policy_id": "p", "resource_paths": ["/a"]}),
                "",
                "either resource_path(s) or a policy_id",
            ),
            (json!({"policy_id": "p", "role_ids": ["r"]}), "", "both role_ids and policy_id"),
            (
                json!({"policy_id": "p", "status": "NEW"}),
                "",
                "Status 'NEW' is not an allowed request status (['DRAFT'",
            ),
            (json!({"policy_id": "p"}), "revoke=true", "Received 'true'"),
            (json!({"resource_path": "/a"}), "revoke", "not compatible"),
            (json!({"resource_paths": ["a"]}), "", "'a' is not the path"),
            (json!({"resource_paths": ["//"]}), "", "'//' is not the path"),
        ] {
            let error = read(&body, query).unwrap_err();
            assert!(matches!(&error, Error::BadRequest(text) if text.contains(told)), "{error}");
        }
        let Err(Error::Unusable(faults)) = read(&json!({"username": 1, "role_ids": "r"}), "") else {
            panic!("read")
        };
        assert_eq!(faults.len(), 2);
    }

    #[test]
    fn filters_are_checked_by_their_field() {
        let config = Config::default();
        let read = |query: &str| Filters::read(&config, &Params::parse(query));
        let filters = read("policy_id=a&policy_id=b&revoke=False&active&created_time=2026-01-02").unwrap();
        assert_eq!(filters.policy_ids, Some(vec!["a".into(), "b".into()]));
        assert_eq!((filters.revoke, filters.active), (Some(vec![false]), true));
        let (from, to) = filters.created.unwrap()[0];
        assert_eq!(
            (to - from, from.to_rfc3339().as_str()),
            (TimeDelta::days(1), "2026-01-02T00:00:00+00:00")
        );
        assert!(read("updated_time=2026-01-02T03:04:05.5+00:00").is_ok());
        for query in ["active=1", "nothing=1", "status=", "revoke=", "request_id=x", "created_time=monday"] {
            assert!(matches!(read(query), Err(Error::BadRequest(_))), "{query}");
        }
    }
}
