//! Routes at their native paths: `/v1/…` is ours, the jobs are sower's and SciCat's, and `/wes/v2/…` is
//! argo-wrapper's.

mod archive;
mod archiver;
mod health;
mod jobs;
mod limits;
mod manifests;
mod runs;
mod site;
mod system;
mod workflows;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    runs::routes(routes);
    archive::routes(routes);
    manifests::routes(routes);
    limits::routes(routes);
    health::routes(routes);
    site::routes(routes);
    jobs::routes(routes);
    archiver::routes(routes);
    workflows::routes(routes);
    system::routes(routes);
}
