//! Routes at their native paths (gen3-user-data-library 1.0).

mod lists;
mod system;

use actix_web::HttpResponse;

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    lists::routes(routes);
    system::routes(routes);
}

pub(crate) async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NotFound("Not Found"))
}
