//! What the service says of itself.

use actix_web::HttpResponse;

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/_status", |methods| methods.get(status));
}

async fn status() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("Healthy")
}
