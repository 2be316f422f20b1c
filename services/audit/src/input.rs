//! The records that are posted. Pure.

use auditlog::{Category, Event, Login, PresignedUrl};
use serde_json::{Map, Value};

use crate::error::{Error, Fault};

/// What a signed URL is for.
const ACTIONS: [&str; 2] = ["download", "upload"];
/// The last second of the year 9999, beyond which the original cannot go either.
pub(crate) const LAST_SECOND: i64 = 253_402_300_799;

/// The record of `category` in `body`.
///
/// # Errors
/// [`Error::Unusable`] with everything that is missing or of another type, [`Error::BadRequest`] for values
/// that make no sense.
pub(crate) fn event(category: Category, body: &[u8]) -> Result<Event, Error> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let message = format!("JSON decode error: {error}");
        Error::Unusable(vec![Fault { place: vec!["body".into()], message, kind: "json_invalid" }])
    })?;
    let Value::Object(fields) = value else {
        let message = "Input should be a valid dictionary".to_owned();
        return Err(Error::Unusable(vec![Fault { place: vec!["body".into()], message, kind: "dict_type" }]));
    };
    let mut reader = Reader { fields, faults: Vec::new() };
    let event = match category {
        Category::Login => Event::Login(reader.login()),
        Category::PresignedUrl => Event::PresignedUrl(reader.presigned_url()),
    };
    if !reader.faults.is_empty() {
        return Err(Error::Unusable(reader.faults));
    }
    check(&event)?;
    Ok(event)
}

/// Refuses what has the right types and still cannot be.
pub(crate) fn check(event: &Event) -> Result<(), Error> {
    let timestamp = match event {
        Event::Login(login) => login.timestamp,
        Event::PresignedUrl(url) if !ACTIONS.contains(&url.action.as_str()) => {
            let allowed = "['download', 'upload']";
            return Err(Error::bad(format!("Action '{}' is not allowed ({allowed})", url.action)));
        }
        Event::PresignedUrl(url) => url.timestamp,
    };
    match timestamp {
        Some(seconds) if !(0..=LAST_SECOND).contains(&seconds) => {
            Err(Error::bad(format!("Invalid timestamp '{seconds}'")))
        }
        _ => Ok(()),
    }
}

/// Takes the fields of a body one by one. Fields that nobody takes are ignored, as in the original.
struct Reader {
    fields: Map<String, Value>,
    faults: Vec<Fault>,
}

impl Reader {
    fn login(&mut self) -> Login {
        Login {
            request_url: self.text("request_url"),
            status_code: self.number("status_code"),
            timestamp: self.timestamp(),
            username: self.text("username"),
            sub: self.optional("sub", whole, "int_type", "Input should be a valid integer"),
            idp: self.text("idp"),
            fence_idp: self.optional_text("fence_idp"),
            shib_idp: self.optional_text("shib_idp"),
            client_id: self.optional_text("client_id"),
            ip: self.optional_text("ip"),
            additional_data: self.more(),
        }
    }

    fn presigned_url(&mut self) -> PresignedUrl {
        PresignedUrl {
            request_url: self.text("request_url"),
            status_code: self.number("status_code"),
            timestamp: self.timestamp(),
            username: self.text("username"),
            sub: self.optional("sub", whole, "int_type", "Input should be a valid integer"),
            guid: self.text("guid"),
            resource_paths: self.optional(
                "resource_paths",
                texts,
                "list_type",
                "Input should be a valid list",
            ),
            action: self.text("action"),
            protocol: self.optional_text("protocol"),
            additional_data: self.more(),
        }
    }

    fn fault(&mut self, name: &str, kind: &'static str, message: &str) {
        let place = vec!["body".to_owned(), name.to_owned()];
        self.faults.push(Fault { place, message: message.to_owned(), kind });
    }

    /// A field that may be absent or null.
    fn optional<T>(
        &mut self,
        name: &str,
        read: fn(Value) -> Option<T>,
        kind: &'static str,
        message: &str,
    ) -> Option<T> {
        let value = self.fields.remove(name).filter(|value| !value.is_null())?;
        let read = read(value);
        if read.is_none() {
            self.fault(name, kind, message);
        }
        read
    }

    fn required<T: Default>(
        &mut self,
        name: &str,
        read: fn(Value) -> Option<T>,
        kind: &'static str,
        message: &str,
    ) -> T {
        if !self.fields.contains_key(name) {
            self.fault(name, "missing", "Field required");
            return T::default();
        }
        let value = self.fields.remove(name).and_then(read);
        if value.is_none() {
            self.fault(name, kind, message);
        }
        value.unwrap_or_default()
    }

    fn text(&mut self, name: &str) -> String {
        self.required(name, text, "string_type", "Input should be a valid string")
    }

    fn optional_text(&mut self, name: &str) -> Option<String> {
        self.optional(name, text, "string_type", "Input should be a valid string")
    }

    fn number(&mut self, name: &str) -> i32 {
        self.required(name, whole, "int_type", "Input should be a valid integer")
    }

    /// 0 means now, as in the original.
    fn timestamp(&mut self) -> Option<i64> {
        let seconds = self.optional("timestamp", seconds, "int_type", "Input should be a valid integer");
        seconds.filter(|seconds| *seconds != 0)
    }

    /// The original's model wants a mapping, and fence sends a list.
    fn more(&mut self) -> Option<Value> {
        let read = |value: Value| (value.is_object() || value.is_array()).then_some(value);
        self.optional("additional_data", read, "dict_type", "Input should be a valid dictionary")
    }
}

fn text(value: Value) -> Option<String> {
    if let Value::String(text) = value { Some(text) } else { None }
}

/// Whole numbers, also as text, as the original's library reads them.
fn seconds(value: Value) -> Option<i64> {
    match value {
        Value::String(text) => text.trim().parse().ok(),
        number => number.as_i64(),
    }
}

fn whole(value: Value) -> Option<i32> {
    seconds(value)?.try_into().ok()
}

fn texts(value: Value) -> Option<Vec<String>> {
    if let Value::Array(items) = value { items.into_iter().map(text).collect() } else { None }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(category: Category, body: &Value) -> Result<Event, Error> {
        event(category, body.to_string().as_bytes())
    }

    #[test]
    fn everything_that_is_missing_or_of_another_type_is_named() {
        let body = json!({"status_code": "x", "username": 5, "guid": "g", "action": "download", "sub": 1.5,
                          "resource_paths": ["/a", 1], "additional_data": "x"});
        let Err(Error::Unusable(faults)) = read(Category::PresignedUrl, &body) else { panic!("accepted") };
        let named: Vec<_> = faults.iter().map(|fault| (fault.place[1].as_str(), fault.kind)).collect();
        let expected = [
            ("request_url", "missing"),
            ("status_code", "int_type"),
            ("username", "string_type"),
            ("sub", "int_type"),
            ("resource_paths", "list_type"),
            ("additional_data", "dict_type"),
        ];
        assert_eq!(named, expected);
        for body in ["", "[]", "{"] {
            assert!(matches!(event(Category::Login, body.as_bytes()), Err(Error::Unusable(_))), "{body}");
        }
    }

    #[test]
    fn nulls_numbers_as_text_and_unknown_fields_are_taken_as_the_original_takes_them() {
        let body = json!({"request_url": "/login", "status_code": "302", "username": "ada", "idp": "google",
                          "sub": null, "timestamp": 0, "additional_data": [1], "unknown": true});
        let Event::Login(login) = read(Category::Login, &body).unwrap() else { panic!("another event") };
        assert_eq!((login.status_code, login.sub, login.timestamp), (302, None, None));
        assert_eq!(login.additional_data, Some(json!([1])));
    }

    #[test]
    fn actions_and_times_that_cannot_be_are_refused() {
        let url = |action: &str, timestamp: i64| {
            let body = json!({"request_url": "/d", "status_code": 200, "username": "ada", "guid": "g",
                              "action": action, "timestamp": timestamp});
            read(Category::PresignedUrl, &body)
        };
        assert!(url("upload", 1_700_000_000).is_ok());
        let texts = [url("look", 1), url("download", -1), url("download", 999_999_999_999_999)]
            .map(|refused| refused.unwrap_err().to_string());
        assert_eq!(texts[0], "Action 'look' is not allowed (['download', 'upload'])");
        assert_eq!(texts[1..], ["Invalid timestamp '-1'", "Invalid timestamp '999999999999999'"]);
    }
}
