//! Routes, a file a resource. All exist under `/v0/submission` and `/submission`.

mod bulk;
mod deletion;
mod dictionary;
mod entities_read;
mod export;
mod manifest;
mod programs;
mod projects;
mod reassignment;
mod states;
mod status;
mod submission;
mod templates;
mod transactions;
mod unsupported;

use actix_web::{HttpResponse, Resource, web};

use crate::Error;

/// Registers every route. Those with fixed words stand before those that begin with `{program}`.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.configure(status::routes);
    for prefix in ["/v0/submission", "/submission"] {
        let scope = web::scope(prefix).configure(submission);
        cfg.service(scope.default_service(web::to(not_found)));
    }
}

fn submission(cfg: &mut web::ServiceConfig) {
    cfg.configure(dictionary::routes);
    cfg.configure(templates::routes);
    cfg.configure(manifest::routes);
    cfg.configure(export::routes);
    cfg.configure(bulk::routes);
    cfg.configure(deletion::routes);
    cfg.configure(states::routes);
    cfg.configure(transactions::routes);
    cfg.configure(reassignment::routes);
    cfg.configure(unsupported::routes);
    let entities = resource("/{program}/{project}/entities/{ids}");
    let entities = entities.route(web::get().to(entities_read::read));
    cfg.service(entities.route(web::delete().to(deletion::delete)));
    cfg.configure(submission::routes);
    cfg.configure(projects::routes);
    cfg.configure(programs::routes);
}

/// A resource that answers 405 in sheepdog's form to other methods than its own.
pub(crate) fn resource(path: &str) -> Resource {
    web::resource(path).default_service(web::to(method_not_allowed))
}

/// The answer for unknown paths.
pub(crate) async fn not_found() -> Result<HttpResponse, Error> {
    Err(Error::NotFound(
        "The requested URL was not found on the server. If you entered the URL manually please check your \
         spelling and try again."
            .to_owned(),
    ))
}

async fn method_not_allowed() -> Result<HttpResponse, Error> {
    Err(Error::MethodNotAllowed)
}
