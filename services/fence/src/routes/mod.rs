//! Routes: one file for each resource. Handlers extract, authorise, call and answer.

mod admin_access;
mod admin_invitations;
mod admin_users;
mod any_access;
mod body;
mod certificates;
mod credentials;
mod data_content;
mod data_delete;
mod data_download;
mod data_upload;
mod development_login;
mod discovery;
mod document;
mod drs;
mod failed_files;
mod google;
mod link;
mod local_account;
mod local_login;
mod login;
mod login_page;
mod multipart;
mod oauth2;
mod oauth2_token;
mod privacy_policy;
mod redirect;
mod register;
mod session;
mod system;
mod upload_events;
mod user;
mod user_list;
mod workspace_keys;

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    middleware::from_fn,
    web::{Data, ServiceConfig, scope, to},
};
use web::{Endpoint, Routes};

use crate::{error::Error, middleware, service::Fence};

/// Registers everything, behind what every request passes.
pub(crate) fn configure(fence: Arc<Fence>, cfg: &mut ServiceConfig) {
    let (for_session, for_pages) = (fence.clone(), fence.clone());
    cfg.service(
        scope("")
            .wrap(from_fn(move |request, next| middleware::session(for_session.clone(), request, next)))
            .wrap(from_fn(move |request, next| middleware::error_pages(for_pages.clone(), request, next)))
            .wrap(from_fn(middleware::cors))
            .wrap(from_fn(web::trim_trailing_slash))
            .app_data(Data::from(fence))
            .configure(|cfg| web::register(cfg, not_allowed, routes))
            .default_service(to(not_found)),
    );
}

/// Every endpoint that fence registers, for tests and tools.
pub fn endpoints() -> Vec<Endpoint> {
    web::endpoints(routes)
}

fn routes(routes: &mut Routes<'_>) {
    system::routes(routes);
    discovery::routes(routes);
    privacy_policy::routes(routes);
    // Before `/login/{idp}`, which would take it for a provider.
    development_login::routes(routes);
    local_login::routes(routes);
    local_account::routes(routes);
    login_page::routes(routes);
    login::routes(routes);
    register::routes(routes);
    user::routes(routes);
    session::routes(routes);
    any_access::routes(routes);
    certificates::routes(routes);
    credentials::routes(routes);
    workspace_keys::routes(routes);
    admin_users::routes(routes);
    user_list::routes(routes);
    admin_invitations::routes(routes);
    admin_access::routes(routes);
    oauth2::routes(routes);
    oauth2_token::routes(routes);
    data_upload::routes(routes);
    multipart::routes(routes);
    upload_events::routes(routes);
    data_download::routes(routes);
    data_content::routes(routes);
    data_delete::routes(routes);
    drs::routes(routes);
    google::routes(routes);
    link::routes(routes);
}

fn not_allowed() -> HttpResponse {
    HttpResponse::from_error(Error::MethodNotAllowed)
}

async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::no_such_url())
}
