//! Routes at their native paths (audit-service 2.1).

mod logs;
mod system;

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    logs::routes(routes);
    system::routes(routes);
}

pub(crate) async fn not_found() -> Result<actix_web::HttpResponse, Error> {
    Err(Error::NotFound)
}
