//! The client of calls between services, and of the gateway.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Our servers close a connection on which no request begins for 30 s. One that may be closed at this moment
/// is not used: a body that was begun on it could not be sent again.
const IDLE: Duration = Duration::from_secs(20);

/// A client that goes through no proxy and follows no redirect.
pub(crate) fn http_client() -> reqwest::Result<reqwest::Client> {
    builder().build()
}

/// As [`http_client`], for services' own ports, which are open to who knows `secret`. Only for these: it is
/// sent with every request.
pub(crate) fn neighbour_client(secret: &str) -> anyhow::Result<reqwest::Client> {
    let mut secret = HeaderValue::from_str(secret)?;
    secret.set_sensitive(true);
    let headers = HeaderMap::from_iter([(HeaderName::from_static(web::SECRET_HEADER), secret)]);
    Ok(builder().default_headers(headers).build()?)
}

fn builder() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .pool_idle_timeout(IDLE)
}
