//! Every endpoint of a service, called as every kind of caller.

use std::collections::BTreeSet;

use serde_json::Value;
use web::Endpoint;

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nobody: there is no token.
    Anonymous,
    /// A user who is logged in and has none of the rights that an endpoint asks for.
    Stranger,
    /// A user who has them.
    Permitted,
}

/// The form of the body of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// JSON.
    Json,
    /// The fields of an object, whose values are plain texts, as a form of a web page sends them.
    Form,
}

/// One endpoint, a request to it, and what each kind of caller gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// As registered, for example `GET`.
    pub method: &'static str,
    /// The path as registered, for example `/index/{guid:.+}`.
    pub path: &'static str,
    /// The path and query of the request.
    pub url: String,
    /// The body of the request; `Value::Null` for none.
    pub body: Value,
    /// Its form.
    pub encoding: Encoding,
    /// What tells this request from others to the same endpoint.
    pub note: &'static str,
    /// The statuses of [`Kind::Anonymous`], [`Kind::Stranger`] and [`Kind::Permitted`].
    pub statuses: [u16; 3],
}

impl Case {
    /// A request without a body.
    pub fn new(method: &'static str, path: &'static str, url: &str, statuses: [u16; 3]) -> Self {
        let (url, body, encoding) = (url.to_owned(), Value::Null, Encoding::Json);
        Self { method, path, url, body, encoding, note: "", statuses }
    }

    /// The same request, which is told from others to the same endpoint by `note`.
    #[must_use]
    pub fn noted(self, note: &'static str) -> Self {
        Self { note, ..self }
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// The same request with a body as a form of a web page sends it; the values are plain texts.
    #[must_use]
    pub fn with_form(self, fields: Value) -> Self {
        Self { body: fields, encoding: Encoding::Form, ..self }
    }

    /// The body with its content type, if there is one.
    ///
    /// # Panics
    /// For a form whose fields are not texts, or texts that a form would have to encode.
    pub fn content(&self) -> Option<(&'static str, String)> {
        match self.encoding {
            _ if self.body.is_null() => None,
            Encoding::Json => Some(("application/json", self.body.to_string())),
            Encoding::Form => {
                let fields = self.body.as_object().expect("a form has fields");
                let fields: Vec<String> = fields.iter().map(|(name, value)| field(name, value)).collect();
                Some(("application/x-www-form-urlencoded", fields.join("&")))
            }
        }
    }

    /// The method of the request: that of the endpoint, and `POST` for an endpoint of every method.
    pub fn verb(&self) -> &'static str {
        if self.method == "*" { "POST" } else { self.method }
    }
}

fn field(name: &str, value: &Value) -> String {
    let value = value.as_str().expect("fields of a form are texts");
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-._~".contains(letter);
    assert!(value.chars().all(is_plain), "{name}: {value} would have to be encoded");
    format!("{name}={value}")
}

/// A line for each endpoint without a case, and each case without its endpoint.
pub fn uncovered(endpoints: Vec<Endpoint>, cases: &[Case]) -> Vec<String> {
    let endpoints: BTreeSet<Endpoint> = endpoints.into_iter().collect();
    let endpoint = |case: &Case| Endpoint { method: case.method.to_owned(), path: case.path.to_owned() };
    let tried: BTreeSet<Endpoint> = cases.iter().map(endpoint).collect();
    let mut faults = Vec::new();
    faults.extend(
        endpoints.difference(&tried).map(|Endpoint { method, path }| format!("{method} {path} has no case")),
    );
    faults.extend(
        tried
            .difference(&endpoints)
            .map(|Endpoint { method, path }| format!("{method} {path} is not registered")),
    );
    faults
}

/// Calls each of `cases` as each kind of caller and compares the statuses. `endpoints` are the methods and
/// paths that the service registers: each needs at least one case, and each case needs its endpoint.
///
/// The refused calls of a case come before the permitted one, so that none of them sees what that one
/// changes.
///
/// # Panics
/// With a line for each endpoint without a case, case without an endpoint, and unexpected status.
pub async fn check(endpoints: Vec<Endpoint>, cases: &[Case], call: impl AsyncFn(&Case, Kind) -> u16) {
    let mut faults = uncovered(endpoints, cases);
    for case in cases {
        for (kind, expected) in
            [Kind::Anonymous, Kind::Stranger, Kind::Permitted].into_iter().zip(case.statuses)
        {
            let status = call(case, kind).await;
            if status != expected {
                let Case { url, .. } = case;
                faults.push(format!("{} {url} as {kind:?}: {status}, not {expected}", case.verb()));
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Vec<Endpoint> {
        let endpoint = |method: &str, path: &str| Endpoint { method: method.into(), path: path.into() };
        vec![endpoint("GET", "/a"), endpoint("*", "/b/{id}")]
    }

    fn cases() -> Vec<Case> {
        vec![
            Case::new("GET", "/a", "/a", [401, 403, 200]),
            Case::new("*", "/b/{id}", "/b/1", [200, 200, 200]),
        ]
    }

    #[test]
    fn a_body_is_json_or_a_form() {
        let case = Case::new("POST", "/a", "/a", [200; 3]);
        assert_eq!(case.content(), None);
        let json = case.clone().with(serde_json::json!({ "a": 1 })).content();
        assert_eq!(json, Some(("application/json", r#"{"a":1}"#.to_owned())));
        let form = case.with_form(serde_json::json!({ "a": "1.x", "b": "y" })).content();
        assert_eq!(form, Some(("application/x-www-form-urlencoded", "a=1.x&b=y".to_owned())));
    }

    async fn guarded(case: &Case, kind: Kind) -> u16 {
        match kind {
            _ if case.path != "/a" => 200,
            Kind::Anonymous => 401,
            Kind::Stranger => 403,
            Kind::Permitted => 200,
        }
    }

    #[tokio::test]
    async fn a_guarded_service_whose_endpoints_all_have_cases_passes() {
        check(known(), &cases(), guarded).await;
    }

    #[tokio::test]
    #[should_panic(expected = "* /b/{id} has no case")]
    async fn an_endpoint_without_a_case_fails() {
        check(known(), &cases()[..1], guarded).await;
    }

    #[tokio::test]
    #[should_panic(expected = "GET /a is not registered")]
    async fn a_case_without_an_endpoint_fails() {
        check(known().split_off(1), &cases(), guarded).await;
    }

    #[tokio::test]
    #[should_panic(expected = "GET /a as Stranger: 200, not 403")]
    async fn an_endpoint_that_lets_a_stranger_in_fails() {
        let open_to_strangers = async |case: &Case, kind: Kind| {
            if kind == Kind::Stranger { 200 } else { guarded(case, kind).await }
        };
        check(known(), &cases(), open_to_strangers).await;
    }
}
