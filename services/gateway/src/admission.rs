//! Who may pass a row of the route table.

use actix_web::{
    dev::ServiceRequest,
    http::{Method, StatusCode, header},
};
use authz::{AuthzError, Subject};

use crate::{
    Config,
    edge::Edge,
    refusal::Refusal,
    table::{Row, Triple},
};

/// Proof that a request may pass a row: its method is right, no other site has forged it, and arborist
/// permits what the row asks for.
///
/// Only the gateway's check makes one, and only a permit leads to a service ([`Target::of`]):
///
/// ```no_run
/// use gateway::admission::{Permit, Target};
///
/// fn lead(row: &Permit<'_>) -> Target {
///     Target::of(row)
/// }
/// ```
///
/// The row alone does not compile:
///
/// ```compile_fail,E0308
/// use gateway::{Row, admission::Target};
///
/// fn lead(row: &Row) -> Target {
///     Target::of(row)
/// }
/// ```
#[derive(Debug)]
pub struct Permit<'t> {
    row: &'t Row,
    service: &'t str,
    instance: &'t str,
}

impl<'t> Permit<'t> {
    /// Asks whether `request` may pass `row`.
    ///
    /// # Errors
    /// The reason why it may not. What cannot be decided is refused.
    pub(crate) async fn ask(
        config: &'t Config,
        row: &'t Row,
        edge: &Edge,
        request: &ServiceRequest,
    ) -> Result<Self, Refusal> {
        let forbidden = |text: &str| Refusal::new(StatusCode::FORBIDDEN, text);
        if row.csrf && edge.may_be_forged() {
            return Err(forbidden(&row.csrf_message));
        }
        if !row.methods.is_empty() && !method_allowed(row, &edge.method) {
            return Err(forbidden("this method is not available here"));
        }
        if let Some(triple) = &row.authz {
            decide(config, triple, request).await?;
        }
        let instance = row.service.as_deref().filter(|_| !row.deny);
        let instance = instance.ok_or_else(|| forbidden("not available from outside"))?;
        Ok(Self { row, service: config.table.service_of(instance), instance })
    }

    pub(crate) fn row(&self) -> &'t Row {
        self.row
    }

    pub(crate) fn instance(&self) -> &'t str {
        self.instance
    }
}

/// nginx' `limit_except GET` lets HEAD pass too.
fn method_allowed(row: &Row, method: &Method) -> bool {
    let head_as_get = *method == Method::HEAD && row.methods.contains(&Method::GET);
    head_as_get || row.methods.contains(method)
}

async fn decide(config: &Config, triple: &Triple, request: &ServiceRequest) -> Result<(), Refusal> {
    let unauthorized = |text: &str| Refusal::new(StatusCode::UNAUTHORIZED, text);
    let header = request.headers().get(header::AUTHORIZATION);
    let header = header.map(|value| value.to_str().unwrap_or_default());
    let Some(subject) = Subject::from_authorization(header) else {
        return Err(unauthorized("the authorization header is no bearer token"));
    };
    let question = authz::Request::new(&triple.resource, &triple.service, &triple.method);
    match config.authz.decide(&subject, &[question]).await {
        Ok(true) => Ok(()),
        Err(AuthzError::Unauthenticated(_)) => Err(unauthorized("the token is not accepted")),
        Ok(false) | Err(_) => Err(Refusal::new(StatusCode::FORBIDDEN, "not permitted")),
    }
}

/// The service that a request is for; guards and the proxy read it from the request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    pub(crate) service: String,
    /// The service's deployment as the route table names it.
    pub(crate) instance: String,
}

impl Target {
    /// Where a request with this permit goes.
    pub fn of(permit: &Permit<'_>) -> Self {
        Self { service: permit.service.to_owned(), instance: permit.instance.to_owned() }
    }
}
