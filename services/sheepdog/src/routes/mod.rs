//! Routes: one file for each resource. All exist under `/v0/submission` and `/submission`.

mod answers;
mod body;
mod bulk;
mod dictionary;
mod entities;
mod export;
mod manifest;
mod permit;
mod programs;
mod projects;
mod reassignment;
mod states;
mod status;
mod submission;
mod templates;
mod transactions;
mod unsupported;

use ::web::Routes;
use actix_web::{HttpResponse, ResponseError as _};

use crate::Error;

/// Registers every route. Those with fixed words stand before those that begin with `{program}`.
pub(crate) fn routes(routes: &mut Routes<'_>) {
    status::routes(routes);
    for prefix in ["/v0/submission", "/submission"] {
        routes.below(prefix, |routes| {
            dictionary::routes(routes);
            templates::routes(routes);
            manifest::routes(routes);
            export::routes(routes);
            bulk::routes(routes);
            states::routes(routes);
            transactions::routes(routes);
            reassignment::routes(routes);
            unsupported::routes(routes);
            entities::routes(routes);
            submission::routes(routes);
            projects::routes(routes);
            programs::routes(routes);
        });
    }
}

/// The answer for unknown paths.
pub(crate) async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NotFound(
        "The requested URL was not found on the server. If you entered the URL manually please check your \
         spelling and try again."
            .to_owned(),
    ))
}

/// The answer for methods that a resource does not have.
pub(crate) fn not_allowed() -> HttpResponse {
    Error::MethodNotAllowed.error_response()
}
