//! Routes at their native paths (requestor 1.9).

mod requests;
mod system;

use actix_web::HttpResponse;

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    requests::routes(routes);
    system::routes(routes);
}

pub(crate) async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NoSuchPath)
}
