//! Tickets are given for what can be asked.

use authz::{AuthzError, Subject};
use serde_json::{Value, json};
use web::Failure;

use super::problem::Problem;
use crate::{
    service::Guppy,
    tickets::{Kind, Order, Owner, TooMany},
};

impl Guppy {
    /// A ticket, and where it is good.
    ///
    /// # Errors
    /// When too many wait.
    pub(super) async fn ticket(&self, subject: &Subject, kind: Kind, body: &[u8]) -> Result<Value, Problem> {
        let order = Order { kind, body: body.to_vec() };
        let ticket = self
            .tickets
            .issue(self.owner(subject).await?, order)
            .map_err(|TooMany| Problem::TooManyTickets)?;
        Ok(json!({ "ticket": ticket, "download": format!("/guppy/v1/download/{ticket}") }))
    }

    /// Whose tickets are meant: those of a token that is not taken are those of nobody in particular.
    ///
    /// # Errors
    /// When arborist does not answer.
    pub(super) async fn owner(&self, subject: &Subject) -> Result<Owner, Problem> {
        match self.authz.user_name(subject).await {
            Ok(name) => Ok(name),
            Err(AuthzError::Unauthenticated(_) | AuthzError::Forbidden(_) | AuthzError::Denied) => Ok(None),
            Err(error) => Err(Failure::internal("asking who the caller is", error).into()),
        }
    }
}
