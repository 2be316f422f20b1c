//! Routes at their native paths.

mod files;
mod pages;
mod query;
mod system;

pub(crate) use pages::page_or_nothing;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    query::routes(routes);
    files::routes(routes);
    system::routes(routes);
}
