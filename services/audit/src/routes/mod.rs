//! Routes at their native paths (audit-service 2.1).

mod logs;
mod system;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    logs::routes(routes);
    system::routes(routes);
}
