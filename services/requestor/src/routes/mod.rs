//! Routes at their native paths (requestor 1.9).

mod requests;
mod system;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    requests::routes(routes);
    system::routes(routes);
}
