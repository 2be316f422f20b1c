//! Routes at their native paths.

mod query;
mod system;

use crate::error::Error;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    query::routes(routes);
    system::routes(routes);
}

pub(crate) async fn not_found() -> Result<(), Error> {
    Err(Error::NotFound)
}
