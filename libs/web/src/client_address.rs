//! From where a request comes.

use std::net::IpAddr;

use actix_web::HttpRequest;

/// The user's address: what the gateway says last in `X-Forwarded-For`, or else the other end of the
/// connection. Only a gateway reaches a service; what a client has put there itself comes before.
pub fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let forwarded = request.headers().get_all("x-forwarded-for").last();
    let last =
        forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next()?.trim().parse::<IpAddr>().ok());
    let address = last.or_else(|| request.peer_addr().map(|peer| peer.ip()));
    address.map(|address| address.to_canonical())
}
