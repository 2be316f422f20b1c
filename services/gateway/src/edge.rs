//! What is read from a request before anything else, and the headers that every answer gets for it.

use actix_web::{
    HttpMessage,
    dev::ServiceRequest,
    http::{
        Method, StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
};
use rand::RngExt as _;
use subtle::ConstantTimeEq as _;
use url::Url;

use crate::config::Config;

const ALLOWED_METHODS: &str = "GET, POST, OPTIONS, DELETE, PUT";
const ALLOWED_HEADERS: &str = "DNT,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,\
    Authorization,Cookie,X-CSRF-Token";
const EXPOSED_HEADERS: &str = "Content-Length,Content-Range";
const SESSION_SECONDS: u32 = 1200;
const VISITOR_SECONDS: u32 = 36_000_000;
/// A cookie of ours with a longer value was not set by us.
const COOKIE_VALUE_LIMIT: usize = 256;

/// The request as it came in.
#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) method: Method,
    pub(crate) access_cookie: Option<String>,
    pub(crate) csrf_token: String,
    pub(crate) session: String,
    pub(crate) visitor: String,
    pub(crate) request_id: String,
    csrf_matches: bool,
    allow_origin: Option<HeaderValue>,
    allow_credentials: bool,
}

impl Edge {
    pub(crate) fn read(config: &Config, request: &ServiceRequest) -> Self {
        let cookie = |name: &str| request.cookie(name).map(|cookie| cookie.value().to_owned());
        let ours = |name: &str| cookie(name).filter(|value| is_token(value));
        let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
        let csrf_cookie = ours("csrftoken");
        let csrf_matches = match (&csrf_cookie, header("x-csrf-token")) {
            (Some(cookie), Some(header)) => bool::from(cookie.as_bytes().ct_eq(header.as_bytes())),
            _ => false,
        };
        let known_id = request.extensions().get::<web::RequestId>().map(|id| id.0.clone());
        let origin = request.headers().get(header::ORIGIN);
        let (allow_origin, allow_credentials) = cors(config, origin);
        Self {
            method: request.method().clone(),
            access_cookie: cookie("access_token").filter(|value| !value.is_empty()),
            csrf_token: csrf_cookie.unwrap_or_else(random_id),
            session: ours("session").unwrap_or_else(random_id),
            visitor: ours("visitor").unwrap_or_else(random_id),
            request_id: known_id.unwrap_or_else(random_id),
            csrf_matches,
            allow_origin,
            allow_credentials,
        }
    }

    /// Whether the request may have been sent by another site's page in the user's browser: a POST with the
    /// login cookie that does not repeat the CSRF cookie. Other methods are not checked, as in the original.
    pub(crate) fn may_be_forged(&self) -> bool {
        self.method == Method::POST && self.access_cookie.is_some() && !self.csrf_matches
    }

    /// Gives an answer with `status` the headers that all answers have.
    pub(crate) fn dress(&self, config: &Config, status: StatusCode, headers: &mut HeaderMap) {
        let mut set = |name: HeaderName, value: &'static str| {
            headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
        set(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
        set(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED_HEADERS);
        set(header::X_FRAME_OPTIONS, "SAMEORIGIN");
        set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        set(header::X_XSS_PROTECTION, "1; mode=block");
        // On a loopback name it would bind every other program of this machine, too.
        if config.public_url.scheme() == "https" && !web::is_loopback(&config.public_url) {
            set(header::STRICT_TRANSPORT_SECURITY, "max-age=63072000; includeSubdomains;");
        }
        headers.remove(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        if let Some(origin) = &self.allow_origin {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
        if self.allow_origin.as_ref().is_none_or(|origin| origin != "*") {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
        }
        headers.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        if self.allow_credentials {
            headers.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, HeaderValue::from_static("true"));
        }
        headers.remove(header::SERVER);
        headers.remove("x-powered-by");
        if status.is_success() || status.is_redirection() {
            self.set_cookies(config, headers);
        }
    }

    fn set_cookies(&self, config: &Config, headers: &mut HeaderMap) {
        let secure = if config.is_plain_loopback() { "" } else { "; Secure" };
        let domain =
            config.cookie_domain.as_ref().map(|domain| format!("; domain={domain}")).unwrap_or_default();
        let cookies = [
            format!("csrftoken={}; Path=/{secure}; SameSite=Lax{domain}", self.csrf_token),
            format!(
                "session={}; Path=/; Max-Age={SESSION_SECONDS}; HttpOnly{secure}; SameSite=Lax",
                self.session
            ),
            format!(
                "visitor={}; Path=/; Max-Age={VISITOR_SECONDS}; HttpOnly{secure}; SameSite=Lax",
                self.visitor
            ),
        ];
        for cookie in cookies {
            if let Ok(value) = HeaderValue::from_str(&cookie) {
                headers.append(header::SET_COOKIE, value);
            }
        }
    }
}

/// Which origin may read the answer, and whether it may send credentials. Browsers refuse credentials
/// together with `*`, so an origin that may send them is always named.
///
/// Whether an origin is the commons' own is decided by the public URL, which is a setting: what a request
/// says of its host is the client's word. Behind a loopback address the browser reaches what other machines
/// do not, so pages from elsewhere may read nothing there.
fn cors(config: &Config, origin: Option<&HeaderValue>) -> (Option<HeaderValue>, bool) {
    let any = Some(HeaderValue::from_static("*"));
    let Some((value, text)) = origin.and_then(|value| Some((value, value.to_str().ok()?))) else {
        return (any, false);
    };
    let allowed =
        config.credential_origins.iter().any(|known| known.trim().eq_ignore_ascii_case(text.trim()));
    if allowed || text == config.public_url.origin().ascii_serialization() {
        return (Some(value.clone()), allowed);
    }
    let from_here = Url::parse(text).is_ok_and(|origin| web::is_loopback(&origin));
    let open = from_here || !web::is_loopback(&config.public_url);
    (if open { any } else { None }, false)
}

fn is_token(value: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~:+".contains(&b);
    !value.is_empty() && value.len() <= COOKIE_VALUE_LIMIT && value.bytes().all(plain)
}

fn random_id() -> String {
    hex::encode(rand::rng().random::<[u8; 16]>())
}
