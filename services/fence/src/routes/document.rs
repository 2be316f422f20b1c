//! Answers that are pages for people, and who wants one.

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    http::{
        StatusCode,
        header::{self, CACHE_CONTROL, HeaderValue, REFERRER_POLICY},
    },
};

use crate::{pages, service::Fence};

/// A page that nothing keeps, frames or runs scripts in, and that tells no other site its address.
pub(super) fn document(fence: &Fence, status: StatusCode) -> HttpResponseBuilder {
    let image = fence.checked.logo.as_ref().map(|logo| logo.source.as_str());
    let mut answer = HttpResponse::build(status);
    answer
        .content_type("text/html; charset=utf-8")
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((REFERRER_POLICY, HeaderValue::from_static("same-origin")))
        .insert_header((header::CONTENT_SECURITY_POLICY, pages::policy(image)));
    answer
}

/// The public path of what we serve at `path`.
pub(super) fn public_path(fence: &Fence, path: &str) -> String {
    format!("{}{path}", fence.checked.base.path().trim_end_matches('/'))
}

/// Whether a page is rather wanted than JSON: browsers say so, and programs do not.
pub(super) fn prefers_page(request: &HttpRequest) -> bool {
    let accept = request.headers().get_all(header::ACCEPT);
    let accept: Vec<&str> = accept.filter_map(|value| value.to_str().ok()).collect();
    weight(&accept.join(","), "text", "html") > weight(&accept.join(","), "application", "json")
}

/// The weight of a media type in `Accept` (RFC 9110 §12.5.1), in thousandths: the most exact range counts.
fn weight(accept: &str, main: &str, sub: &str) -> u32 {
    let ranges = accept.split(',').filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let (range_main, range_sub) = parts.next()?.split_once('/')?;
        let exactness = match (range_main, range_sub) {
            ("*", "*") => 0,
            (of, "*") if of.eq_ignore_ascii_case(main) => 1,
            (of, kind) if of.eq_ignore_ascii_case(main) && kind.eq_ignore_ascii_case(sub) => 2,
            _ => return None,
        };
        let given = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        let given = given.map_or(Some(1.0), |text| text.trim().parse::<f32>().ok())?;
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "it is between 0 and 1000"
        )]
        Some((exactness, (given.clamp(0.0, 1.0) * 1_000.0) as u32))
    });
    ranges.max_by_key(|(exactness, _)| *exactness).map_or(0, |(_, weight)| weight)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_want_a_page_and_programs_do_not() {
        let prefers = |accept: &str| weight(accept, "text", "html") > weight(accept, "application", "json");
        for browser in [
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
            "text/html",
            "application/json;q=0.5, text/html",
            "TEXT/HTML;Q=0.9,*/*;q=0.1",
        ] {
            assert!(prefers(browser), "{browser}");
        }
        for program in [
            "",
            "*/*",
            "application/json",
            "application/json, text/plain, */*",
            "text/html, application/json",
            "text/html;q=0.5, application/json;q=0.6",
            "text/html;q=0",
            "text/html;q=x",
        ] {
            assert!(!prefers(program), "{program}");
        }
    }
}
