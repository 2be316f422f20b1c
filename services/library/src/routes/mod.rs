//! Routes at their native paths (gen3-user-data-library 1.0).

mod lists;
mod system;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    lists::routes(routes);
    system::routes(routes);
}
