//! The spellings of paths.

use actix_web::{
    Error as ActixError, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    error::PathError,
    http::{Method, header},
    middleware::Next,
};

use crate::Error;

/// Returns the answer to a path whose escapes are not UTF-8.
pub(super) fn unreadable(_: PathError, _: &HttpRequest) -> ActixError {
    Error::BadRequest("the path of the request is not UTF-8".into()).into()
}

/// Middleware: routes by the path that the original routes by. An escaped slash is a slash, one slash at the
/// end does not matter, and a path with doubled slashes or dot parts is redirected to its clean form.
pub(super) async fn clean(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, ActixError> {
    let path = request.path().replace("%2F", "/").replace("%2f", "/");
    if let Some(clean) = cleaner(&path) {
        let response = redirect(&request, &path, &clean);
        return Ok(request.into_response(response).map_into_left_body());
    }
    let trimmed = path.strip_suffix('/').filter(|rest| !rest.is_empty()).unwrap_or(&path);
    if trimmed != request.path() {
        ::web::set_path(&mut request, trimmed);
    }
    Ok(next.call(request).await?.map_into_right_body())
}

/// 301 to the clean form, with a page for people where only slashes at the end were too many.
fn redirect(request: &ServiceRequest, path: &str, clean: &str) -> HttpResponse {
    let location = match request.uri().query() {
        Some(query) => format!("{clean}?{query}"),
        None => clean.to_owned(),
    };
    let mut response = HttpResponse::MovedPermanently();
    response.insert_header((header::LOCATION, location.as_str()));
    // A path should hold neither quotes nor angle brackets unescaped, but clients may send them.
    let harmless = !location.contains(['"', '<', '>', '&']);
    if request.method() == Method::GET && harmless && path.trim_end_matches('/') == clean {
        let page = format!("<a href=\"{location}\">Moved Permanently</a>.\n\n");
        return response.content_type("text/html; charset=utf-8").body(page);
    }
    response.finish()
}

/// Returns the clean form of a path that has doubled slashes or dot parts.
fn cleaner(path: &str) -> Option<String> {
    let parts = || path.split('/').skip(1);
    let last = parts().count().saturating_sub(1);
    let dirty = |(at, part): (usize, &str)| part == "." || part == ".." || (part.is_empty() && at < last);
    if !parts().enumerate().any(dirty) {
        return None;
    }
    let mut clean: Vec<&str> = Vec::new();
    for part in parts() {
        match part {
            "" | "." => {}
            ".." => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    Some(format!("/{}", clean.join("/")))
}

#[cfg(test)]
mod tests {
    use super::cleaner;

    #[test]
    fn only_unclean_paths_are_redirected() {
        for path in ["/", "/role", "/role/", "/resource/a.b/..c"] {
            assert_eq!(cleaner(path), None, "{path}");
        }
        for (path, clean) in [
            ("/role//", "/role"),
            ("//role", "/role"),
            ("/resource//a//b", "/resource/a/b"),
            ("/a/../../b", "/b"),
            ("/a/.", "/a"),
            ("//", "/"),
        ] {
            assert_eq!(cleaner(path).as_deref(), Some(clean), "{path}");
        }
    }
}
