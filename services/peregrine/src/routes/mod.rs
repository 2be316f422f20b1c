//! Routes at their native paths (peregrine 3.2.6).

mod core_metadata;
mod datasets;
mod graphql;
pub(crate) mod options;
mod system;

use actix_web::{HttpResponse, ResponseError as _};

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    for prefix in ["", "/v0"] {
        routes.below(prefix, |routes| {
            graphql::routes(routes);
            datasets::routes(routes);
            core_metadata::routes(routes);
        });
    }
    system::routes(routes);
}

pub(crate) fn method_not_allowed() -> HttpResponse {
    Error::MethodNotAllowed.error_response()
}

pub(crate) async fn not_found() -> HttpResponse {
    let message = "The requested URL was not found on the server. If you entered the URL manually \
                   please check your spelling and try again.";
    Error::NotFound(message.to_owned()).error_response()
}
