//! Routes at their native paths.

mod query;
mod system;

use actix_web::{HttpResponse, web};

pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/query").route(web::get().to(query::page)))
        .service(web::resource("/query/examples.json").route(web::get().to(query::examples)))
        .service(web::resource("/query/assets/{name}").route(web::get().to(query::asset)))
        .service(web::resource("/_status").route(web::get().to(system::status)))
        .service(web::resource("/_version").route(web::get().to(system::version)));
}

pub(crate) async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().content_type("text/plain; charset=utf-8").body("nothing is served at this path")
}
