//! Routes at their native paths. As in the original, a wrong method is a route that does not exist.

mod download;
mod graphql;
mod system;

use actix_web::HttpRequest;

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    system::routes(routes);
    graphql::routes(routes);
    download::routes(routes);
}

pub(crate) async fn not_found(request: HttpRequest) -> Result<(), Error> {
    Err(Error::NoRoute(request.method().clone(), request.path().to_owned()))
}
