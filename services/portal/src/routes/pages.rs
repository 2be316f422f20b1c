//! The pages. Each is the same document; its script shows what belongs to the path.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{
            ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, VARY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    web::Data,
};

use crate::{
    boot::boot,
    error::Error,
    page::{self, Head},
    paths::{Place, place},
    service::Portal,
};

/// Whatever has no route: a page for people who open one, with status 404 where there is none.
pub(crate) async fn page_or_nothing(
    portal: Data<Portal>,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    let is_opened = matches!(*request.method(), Method::GET | Method::HEAD);
    if !is_opened || !takes_html(&request) {
        return Err(Error::NotFound);
    }
    match place(request.path()) {
        Place::Page(name) => Ok(document(&portal, StatusCode::OK, name)),
        Place::Nothing => Ok(document(&portal, StatusCode::NOT_FOUND, "Nothing is here")),
        Place::Moved(path) => {
            let query = request.query_string();
            let target = match (query, path.contains('?')) {
                ("", _) => path,
                (_, true) => format!("{path}&{query}"),
                (_, false) => format!("{path}?{query}"),
            };
            Ok(HttpResponse::MovedPermanently().insert_header((LOCATION, target)).finish())
        }
    }
}

fn document(portal: &Portal, status: StatusCode, name: &str) -> HttpResponse {
    let settings = portal.folder.settings();
    let title = match name {
        "" => settings.title().to_owned(),
        name => format!("{name} · {}", settings.title()),
    };
    let head = Head {
        title: &title,
        description: settings.description(),
        boot: &boot(&portal.config, &settings),
        theme: &settings.theme,
        has_own_styles: settings.has_own_styles,
        origins: &settings.origins,
    };
    let page = page::portal(&page::nonce(), &portal.pages.index(), &head);
    HttpResponse::build(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((CONTENT_SECURITY_POLICY, page.policy))
        .insert_header((REFERRER_POLICY, "same-origin"))
        .insert_header((VARY, "Accept"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((X_FRAME_OPTIONS, "SAMEORIGIN"))
        .body(page.html)
}

/// Browsers name HTML when they open a page; programs, and a browser's own scripts, do not.
fn takes_html(request: &HttpRequest) -> bool {
    let mut accepted = request.headers().get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    accepted.any(|types| types.contains("text/html"))
}
