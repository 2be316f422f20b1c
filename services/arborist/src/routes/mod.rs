//! Routes, one file a kind of thing.

mod auth;
mod client;
mod group;
mod policy;
mod resource;
mod role;
mod user;

use actix_web::{HttpResponse, Resource, guard, web};

use crate::Error;

/// All routes of arborist. A known path with another method is 405 without a body.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    at(cfg, "/health", |r| r.route(web::get().to(auth::health)));

    at(cfg, "/auth/request", |r| r.route(web::post().to(auth::request)));
    at(cfg, "/auth/proxy", |r| r.route(web::get().to(auth::proxy)));
    at(cfg, "/auth/mapping", |r| {
        r.route(web::get().to(auth::own_mapping)).route(web::post().to(auth::any_mapping))
    });
    at(cfg, "/auth/resources", |r| {
        r.route(web::get().to(auth::own_resources)).route(web::post().to(auth::resources_of))
    });

    at(cfg, "/policy", |r| {
        r.route(web::get().to(policy::list))
            .route(web::post().to(policy::create))
            .route(web::put().to(policy::overwrite_named_in_body))
    });
    at(cfg, "/bulk/policy", |r| r.route(web::put().to(policy::overwrite_many)));
    at(cfg, "/policy/{id}", |r| {
        r.route(web::get().to(policy::read))
            .route(web::put().to(policy::overwrite))
            .route(web::delete().to(policy::delete))
    });

    at(cfg, "/resource", |r| {
        r.route(web::get().to(resource::list))
            .route(web::post().to(resource::create))
            .route(web::put().to(resource::put))
    });
    at(cfg, "/resource/tag/{tag}", |r| r.guard(guard::Get()).route(web::get().to(resource::read_by_tag)));
    at(cfg, "/resource/{path:.*}", |r| {
        r.route(web::get().to(resource::read))
            .route(web::post().to(resource::create_below))
            .route(web::put().to(resource::put_below))
            .route(web::delete().to(resource::delete))
    });

    at(cfg, "/role", |r| r.route(web::get().to(role::list)).route(web::post().to(role::create)));
    at(cfg, "/role/{id}", |r| {
        r.route(web::get().to(role::read))
            .route(web::put().to(role::put))
            .route(web::delete().to(role::delete))
    });

    configure_holders(cfg);
}

/// Routes of those that hold policies: users, groups, clients.
fn configure_holders(cfg: &mut web::ServiceConfig) {
    at(cfg, "/user", |r| r.route(web::get().to(user::list)).route(web::post().to(user::create)));
    at(cfg, "/user/{name}", |r| {
        r.route(web::get().to(user::read))
            .route(web::patch().to(user::change))
            .route(web::delete().to(user::delete))
    });
    at(cfg, "/user/{name}/policy", |r| {
        r.route(web::post().to(user::grant)).route(web::delete().to(user::revoke_all))
    });
    at(cfg, "/user/{name}/bulk/policy", |r| r.route(web::post().to(user::grant_many)));
    at(cfg, "/user/{name}/policy/{policy}", |r| r.route(web::delete().to(user::revoke)));
    at(cfg, "/user/{name}/resources", |r| r.route(web::get().to(user::resources)));
    // Only to delete them can names hold slashes.
    at(cfg, "/user/{name:.+}", |r| r.route(web::delete().to(user::delete)));

    at(cfg, "/group", |r| {
        r.route(web::get().to(group::list))
            .route(web::post().to(group::create))
            .route(web::put().to(group::put))
    });
    at(cfg, "/group/{name}", |r| r.route(web::get().to(group::read)).route(web::delete().to(group::delete)));
    at(cfg, "/group/{name}/user", |r| r.route(web::post().to(group::add_member)));
    at(cfg, "/group/{name}/user/{user}", |r| r.route(web::delete().to(group::remove_member)));
    at(cfg, "/group/{name}/policy", |r| r.route(web::post().to(group::grant)));
    at(cfg, "/group/{name}/policy/{policy}", |r| r.route(web::delete().to(group::revoke)));

    at(cfg, "/client", |r| r.route(web::get().to(client::list)).route(web::post().to(client::create)));
    at(cfg, "/client/{id}", |r| r.route(web::get().to(client::read)).route(web::delete().to(client::delete)));
    at(cfg, "/client/{id}/policy", |r| {
        r.route(web::post().to(client::grant)).route(web::delete().to(client::revoke_all))
    });
    at(cfg, "/client/{id}/policy/{policy}", |r| r.route(web::delete().to(client::revoke)));
}

fn at(cfg: &mut web::ServiceConfig, path: &str, routes: impl FnOnce(Resource) -> Resource) {
    cfg.service(routes(web::resource(path)).default_service(web::to(wrong_method)));
}

async fn wrong_method() -> HttpResponse {
    HttpResponse::MethodNotAllowed().finish()
}

/// The answer for paths that nobody registered.
pub(crate) async fn unknown() -> Result<HttpResponse, Error> {
    Err(Error::NotFound("not found".into()))
}
