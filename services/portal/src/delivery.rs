//! Sending files.

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, ETAG, IF_NONE_MATCH, VARY, X_CONTENT_TYPE_OPTIONS,
    },
};

use crate::assets::{Asset, Encoding};

/// A file whose public name tells its content, so that it may be kept for good.
pub(crate) fn asset(request: &HttpRequest, asset: &'static Asset) -> HttpResponse {
    let header = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let encoding = if takes_gzip(header(ACCEPT_ENCODING)) { Encoding::Gzip } else { Encoding::Plain };
    let suffix = match encoding {
        Encoding::Gzip => "-gzip",
        Encoding::Plain => "",
    };
    let etag = format!("\"{}{suffix}\"", asset.digest);
    let known = header(IF_NONE_MATCH).split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag);
    let mut response = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    response
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .insert_header((VARY, "Accept-Encoding"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"));
    if known {
        return response.finish();
    }
    response.content_type(asset.content_type);
    if encoding == Encoding::Gzip {
        response.insert_header((CONTENT_ENCODING, "gzip"));
    }
    response.body(asset.content(encoding).into_owned())
}

/// A file of a folder, as it is.
pub(crate) fn plain(content_type: &'static str, bytes: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "no-cache"))
        .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .body(bytes)
}

/// Whether `Accept-Encoding` names gzip, and not with weight 0 (RFC 9110, section 12.5.3).
fn takes_gzip(accepted: &str) -> bool {
    let mut codings = accepted.split(',').map(|item| {
        let (coding, weight) = item.split_once(';').unwrap_or((item, ""));
        (coding.trim(), weight.trim().trim_start_matches("q="))
    });
    let wanted = |weight: &str| weight.parse::<f32>().map_or(weight.is_empty(), |weight| weight > 0.0);
    codings.any(|(coding, weight)| coding.eq_ignore_ascii_case("gzip") && wanted(weight))
}

#[cfg(test)]
mod tests {
    use super::takes_gzip;

    #[test]
    fn gzip_is_sent_to_those_who_take_it() {
        let answers =
            ["gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "gzip;q=0", "deflate", ""].map(takes_gzip);
        assert_eq!(answers, [true, true, false, false, false]);
    }
}
