//! Paths: their spellings and their parts.

use std::{
    convert::Infallible,
    future::{Ready, ready},
};

use actix_web::{
    Error as ActixError, FromRequest, HttpRequest,
    body::MessageBody,
    dev::{Payload, ServiceRequest, ServiceResponse},
    middleware::Next,
};
use percent_encoding::percent_decode_str;

/// Paths without a GUID, which may have a slash at their end.
const FIXED: [&str; 5] = ["/_status/", "/_version/", "/version/", "/metadata_index/", "/objects/"];

/// Middleware: an encoded slash is a slash, because GUIDs have slashes and clients send both. A slash at the
/// end is dropped behind fixed paths only; behind a GUID it belongs to the GUID.
pub(super) async fn normalize(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let mut path = request.path().replace("%2F", "/").replace("%2f", "/");
    if FIXED.contains(&path.as_str()) {
        path.pop();
    }
    if path != request.path() {
        web::set_path(&mut request, &path);
    }
    next.call(request).await
}

/// A part of the path. The router has decoded all of it but `%25` and `%2B`. PostgreSQL has no NUL, so a part
/// with one names nothing.
fn part(request: &HttpRequest, name: &str) -> String {
    let part = request.match_info().get(name).unwrap_or_default();
    percent_decode_str(part).decode_utf8_lossy().replace('\0', "\u{fffd}")
}

macro_rules! parts {
    ($($(#[$doc:meta])* $name:ident $part:literal)*) => { $(
        $(#[$doc])*
        pub(super) struct $name(pub(super) String);

        impl FromRequest for $name {
            type Error = Infallible;
            type Future = Ready<Result<Self, Infallible>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                ready(Ok(Self(part(request, $part))))
            }
        }
    )* };
}

parts! {
    /// The GUID, or the alias, of a path.
    Guid "guid"
    /// The alias behind a GUID.
    Alias "alias"
    /// A name in the aggregate.
    Name "name"
    /// The path within documents that an index is for.
    IndexedPath "path"
}
