//! Routes at their native paths (hatchery 2025).

mod answers;
mod home;
mod options;
mod origin;
mod payment;
mod program;
mod system;
mod workspace;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    home::routes(routes);
    options::routes(routes);
    workspace::routes(routes);
    payment::routes(routes);
    program::routes(routes);
    system::routes(routes);
}
