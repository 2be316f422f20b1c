//! A configuration as its file says it, with `{{KEY}}` for the values of other keys.

use serde_json::{Map, Value};

use super::{error::ConfigError, passports::ParseVisas, settings::Config};

/// A value may refer to one that refers on; circles end here.
const DEEPEST: usize = 8;

impl Config {
    /// The configuration that the document of a `fence-config.yaml` describes.
    ///
    /// `{{KEY}}` stands for the value of the key at the top of the document, or else of a neighbour in the
    /// same section, wherever it occurs. A text that is nothing else becomes that value itself, so that a
    /// switch stays a switch. What is null is as if it were not there.
    ///
    /// # Errors
    /// When it is not a mapping, or a value has the wrong kind.
    pub fn from_document(document: &Value) -> Result<Self, ConfigError> {
        Ok(serde_json::from_value(Self::expanded(document)?)?)
    }

    /// The document with the values in the places of `{{KEY}}`, for those who read other keys of it.
    ///
    /// # Errors
    /// When it is not a mapping.
    pub fn expanded(document: &Value) -> Result<Value, ConfigError> {
        let mut top = match document {
            Value::Null => Map::new(),
            Value::Object(top) => top.clone(),
            _ => return Err(ConfigError::NoMapping),
        };
        // The one key whose null says something.
        if let Some(parse @ Value::Null) = top.get_mut(ParseVisas::KEY) {
            *parse = ParseVisas::ON_DEMAND.into();
        }
        Ok(Value::Object(expand_map(&top, &top)))
    }
}

fn expand_map(section: &Map<String, Value>, top: &Map<String, Value>) -> Map<String, Value> {
    let entries = section.iter().filter(|(_, value)| !value.is_null());
    entries.map(|(key, value)| (key.clone(), expand(value, section, top, 0))).collect()
}

fn expand(value: &Value, section: &Map<String, Value>, top: &Map<String, Value>, depth: usize) -> Value {
    match value {
        Value::Object(inner) => Value::Object(expand_map(inner, top)),
        Value::Array(items) => items.iter().map(|item| expand(item, section, top, depth)).collect(),
        Value::String(text) if depth < DEEPEST => expand_text(text, section, top, depth),
        other => other.clone(),
    }
}

fn expand_text(text: &str, section: &Map<String, Value>, top: &Map<String, Value>, depth: usize) -> Value {
    let value_of = |key: &str| {
        let value = top.get(key).or_else(|| section.get(key))?;
        Some(expand(value, section, top, depth + 1))
    };
    let alone = text.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    if let Some(key) = alone.filter(|key| !key.contains(['{', '}'])) {
        return value_of(key.trim()).unwrap_or_else(|| Value::String(text.to_owned()));
    }
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((key, behind)) = after.split_once("}}") else { break };
        expanded.push_str(before);
        match value_of(key.trim()) {
            Some(Value::String(value)) => expanded.push_str(&value),
            Some(value @ (Value::Bool(_) | Value::Number(_))) => expanded.push_str(&value.to_string()),
            // A name that nothing has, or a section: the text stays as it is.
            Some(Value::Null | Value::Array(_) | Value::Object(_)) | None => {
                expanded.push_str("{{");
                expanded.push_str(key);
                expanded.push_str("}}");
            }
        }
        rest = behind;
    }
    expanded.push_str(rest);
    Value::String(expanded)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_in_braces_stand_for_their_values_everywhere() {
        let expanded = Config::expanded(&json!({
            "BASE_URL": "http://localhost/user", "MOCK": false, "LIFE": 5,
            "A": "{{B}}/a", "B": "{{BASE_URL}}/b",
            "LIST": ["x {{LIFE}} {{MOCK}}", {"deep": "{{ A }}"}],
            "SECTION": {
                "api_base_url": "https://x", "url": "{{api_base_url}}/o", "mock": "{{MOCK}}", "none": null,
            },
            "ODD": ["{{UNKNOWN}}", "{{", "}}", "{{SECTION}}!", "{{BASE_URL", "{REGION}"],
            "CIRCLE": "{{CIRCLE}}",
        }))
        .unwrap();
        assert_eq!(expanded["A"], "http://localhost/user/b/a");
        assert_eq!(expanded["LIST"], json!(["x 5 false", {"deep": "http://localhost/user/b/a"}]));
        let section = json!({"api_base_url": "https://x", "url": "https://x/o", "mock": false});
        assert_eq!(expanded["SECTION"], section);
        assert_eq!(
            expanded["ODD"],
            json!(["{{UNKNOWN}}", "{{", "}}", "{{SECTION}}!", "{{BASE_URL", "{REGION}"])
        );
        assert_eq!(expanded["CIRCLE"], "{{CIRCLE}}");
        assert!(Config::expanded(&json!([])).is_err());
    }

    /// What the original is delivered with, as far as it says something to us.
    fn delivered() -> Value {
        json!({
            "APP_NAME": "Gen3 Data Commons", "BASE_URL": "http://localhost/user", "ENCRYPTION_KEY": "",
            "WTF_CSRF_SECRET_KEY": "{{ENCRYPTION_KEY}}", "MOCK_AUTH": false, "MOCK_GOOGLE_AUTH": false,
            "OPENID_CONNECT": {
                "google": {"redirect_url": "{{BASE_URL}}/login/google/login/", "mock": "{{MOCK_GOOGLE_AUTH}}",
                           "mock_default_user": "test@example.com"},
                "fence": {
                    "api_base_url": "", "authorize_url": "{{api_base_url}}/oauth2/authorize", "mock": false,
                },
                "cognito": {"assume_emails_verified": false},
            },
            "LOGIN_OPTIONS": [], "DEFAULT_LOGIN_IDP": null, "DEFAULT_LOGIN_URL": "{{BASE_URL}}/login/google",
            "LOGIN_REDIRECT_WHITELIST": [], "ENABLED_IDENTITY_PROVIDERS": null, "SESSION_COOKIE_DOMAIN": null,
            "SESSION_COOKIE_SECURE": true, "ACCESS_TOKEN_EXPIRES_IN": 1200, "SUPPORT_EMAIL_FOR_ERRORS": null,
            "AWS_CREDENTIALS": {}, "S3_BUCKETS": {}, "DATA_UPLOAD_BUCKET": "bucket1", "INDEXD": null,
        })
    }

    #[test]
    fn the_configuration_that_the_original_is_delivered_with_has_no_mock_logins_and_starts() {
        let config = Config::from_document(&delivered()).unwrap();
        let checked = config.check(&|_| false).unwrap();
        assert!(checked.mocks.is_empty(), "{:?}", checked.mocks);
        assert_eq!(config.session_cookie_secure, Some(true));
        let mut public = delivered();
        public["BASE_URL"] = json!("https://commons.example/user");
        assert!(
            Config::from_document(&public).unwrap().check(&|_| false).is_ok(),
            "mocks that are off are no reason to refuse"
        );
        for on in [json!(true), json!("true"), json!("True")] {
            public["MOCK_GOOGLE_AUTH"] = on.clone();
            let refused = Config::from_document(&public).and_then(|config| config.check(&|_| false));
            assert!(matches!(refused, Err(ConfigError::OpenLogin { .. })), "{on}");
        }
        public["MOCK_GOOGLE_AUTH"] = json!("False");
        assert!(Config::from_document(&public).unwrap().check(&|_| false).is_ok());
    }
}
