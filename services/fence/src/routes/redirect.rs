//! Sending a browser on.

use actix_web::{HttpResponse, http::header};

use crate::identity::redirects;

/// 302 to `target`, which somebody has found to be allowed.
pub(super) fn redirect(target: &str) -> HttpResponse {
    HttpResponse::Found()
        // As the original says, though there is nothing to read.
        .content_type("text/html; charset=utf-8")
        .insert_header((header::LOCATION, redirects::location(target)))
        .finish()
}
