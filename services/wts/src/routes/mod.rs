//! Routes at their native paths (workspace-token-service 0.5).

mod aggregate;
mod external_oidc;
mod oauth2;
mod system;
mod token;

pub(crate) fn routes(routes: &mut web::Routes<'_>) {
    token::routes(routes);
    oauth2::routes(routes);
    external_oidc::routes(routes);
    aggregate::routes(routes);
    system::routes(routes);
}
