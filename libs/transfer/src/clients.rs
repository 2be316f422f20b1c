//! Clients of HTTP: what they follow, and what they tell.

use std::time::Duration;

use reqwest::{Client, Response, header::LOCATION, redirect::Policy};
use url::Url;

use crate::error::TransferError;

const CONNECT: Duration = Duration::from_secs(20);
/// A connection on which nothing comes for so long is given up.
const SILENCE: Duration = Duration::from_secs(60);

fn is_loopback(base: &Url) -> bool {
    match base.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

pub(crate) fn client(base: &Url, redirects: Policy) -> reqwest::ClientBuilder {
    let builder = Client::builder()
        .user_agent(concat!("commons/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .redirect(redirects);
    // A proxy of the environment is for the world outside.
    if is_loopback(base) { builder.no_proxy() } else { builder }
}

pub(crate) fn built(builder: reqwest::ClientBuilder) -> Result<Client, TransferError> {
    builder.build().map_err(|error| TransferError::unreachable("making an HTTP client", error))
}

/// A client for signed URLs. It knows no token, and follows no redirect: who asks does that, because headers
/// that go with a URL are for its origin alone. Nor does it say where it comes from, which would show the
/// signature.
pub(crate) fn bytes_client(near: &Url) -> Result<Client, TransferError> {
    built(client(near, Policy::none()).referer(false))
}

/// Where an answer sends the asker, if it does.
pub(crate) fn redirected(answer: &Response) -> Option<Url> {
    let follows = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let to = answer.headers().get(LOCATION).filter(|_| follows)?.to_str().ok()?;
    answer.url().join(to).ok().filter(|to| matches!(to.scheme(), "http" | "https"))
}
