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

/// One endpoint, a request to it, and what each kind of caller gets.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// As registered, for example `GET`.
    pub method: &'static str,
    /// The path as registered, for example `/index/{guid:.+}`.
    pub path: &'static str,
    /// The path and query of the request.
    pub url: String,
    /// The JSON body of the request; `Value::Null` for none.
    pub body: Value,
    /// The statuses of [`Kind::Anonymous`], [`Kind::Stranger`] and [`Kind::Permitted`].
    pub statuses: [u16; 3],
}

impl Case {
    /// A request without a body.
    pub fn new(method: &'static str, path: &'static str, url: &str, statuses: [u16; 3]) -> Self {
        Self { method, path, url: url.to_owned(), body: Value::Null, statuses }
    }

    /// The same request with a JSON body.
    #[must_use]
    pub fn with(self, body: Value) -> Self {
        Self { body, ..self }
    }

    /// The method of the request: that of the endpoint, and `POST` for an endpoint of every method.
    pub fn verb(&self) -> &'static str {
        if self.method == "*" { "POST" } else { self.method }
    }
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
