//! Routes at their native paths (manifestservice).

mod files;
mod system;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    files::routes(routes);
    system::routes(routes);
}
