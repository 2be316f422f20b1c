//! Routes at their native paths (peregrine 3.2.6).

mod core_metadata;
mod datasets;
mod graphql;
mod system;

use actix_web::{HttpResponse, Responder, ResponseError as _, web};

use crate::error::Error;

pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    for prefix in ["", "/v0"] {
        let path = |rest: &str| format!("{prefix}{rest}");
        cfg.service(resource(&path("/submission/graphql")).route(web::post().to(graphql::query)))
            .service(resource(&path("/submission/getschema")).route(web::get().to(graphql::schema)))
            .service(resource(&path("/datasets/projects")).route(web::get().to(datasets::projects)))
            .service(resource(&path("/datasets")).route(web::get().to(datasets::counts)))
            .service(
                resource(&path("/coremetadata/{object_id:.+}")).route(web::get().to(core_metadata::show)),
            );
    }
    cfg.service(resource("/_status").route(web::get().to(system::status)))
        .service(resource("/_version").route(web::get().to(system::version)));
}

fn resource(path: &str) -> actix_web::Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

async fn method_not_allowed() -> HttpResponse {
    Error::MethodNotAllowed.error_response()
}

pub(crate) async fn not_found() -> impl Responder {
    let message = "The requested URL was not found on the server. If you entered the URL manually please check your \
                   spelling and try again.";
    Error::NotFound(message.to_owned()).error_response()
}
