//! Routes at their native paths: `/v1/…` is ours, the jobs are sower's.

mod health;
mod jobs;
mod runs;
mod system;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    runs::routes(routes);
    health::routes(routes);
    jobs::routes(routes);
    system::routes(routes);
}
