//! Who a request claims to come from, and what a service sees of that claim.

use std::net::IpAddr;

use actix_web::{
    dev::ServiceRequest,
    http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use serde::{Deserialize, de::IgnoredAny};

use crate::config::Config;

/// What stands for an address that cannot be read (RFC 7239 §6).
const UNKNOWN: &str = "unknown";

/// Headers by which services were once told who calls. A client that sends them lies. Names with an
/// underscore are all dropped, as nginx does, since many servers read them as the same name with a hyphen.
const CLAIMED_IDENTITY: [&str; 10] = [
    "remote-user",
    "x-remote-user",
    "x-forwarded-user",
    "x-gen3-user-id",
    "kernel-username",
    "x-userid",
    "x-reqid",
    "x-sessionid",
    "x-visitorid",
    "subdir",
];

/// Removes every header by which a client could claim to be somebody else.
pub(crate) fn drop_claims(headers: &mut HeaderMap) {
    let claims = |name: &HeaderName| name.as_str().contains('_') || CLAIMED_IDENTITY.contains(&name.as_str());
    let dropped: Vec<HeaderName> = headers.keys().filter(|name| claims(name)).cloned().collect();
    for name in dropped {
        headers.remove(name);
    }
}

/// Turns the login cookie into a bearer token, unless the request has an `Authorization` header of its own.
pub(crate) fn choose_token(headers: &mut HeaderMap, access_cookie: Option<&str>) {
    if headers.contains_key(AUTHORIZATION) {
        return;
    }
    let Some(cookie) = access_cookie.filter(|cookie| !cookie.is_empty()) else { return };
    if let Ok(mut value) = HeaderValue::from_str(&format!("bearer {cookie}")) {
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
}

/// Who the token says its bearer is, **without** checking its signature: for logs only, never for a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claimed {
    pub(crate) sub: String,
    pub(crate) name: String,
}

/// The claims of a token that are read here. Nothing is made of the others: each request has a token.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Said {
    sub: Word,
    context: Option<SaidContext>,
}

#[derive(Deserialize)]
struct SaidContext {
    user: Option<SaidUser>,
}

#[derive(Deserialize)]
struct SaidUser {
    #[serde(default)]
    name: Word,
}

/// A claim that is a text or a whole number, or else says nothing.
#[derive(Default, Deserialize)]
#[serde(untagged)]
enum Word {
    Text(String),
    Number(i64),
    #[default]
    Nothing,
    Other(IgnoredAny),
}

impl Word {
    fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Number(number) => Some(number.to_string()),
            Self::Nothing | Self::Other(_) => None,
        }
    }
}

impl Claimed {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let said: Said = header.and_then(tokens::bearer).and_then(tokens::unverified).unwrap_or_default();
        let name = said.context.and_then(|context| context.user).map(|user| user.name);
        Self {
            sub: said.sub.text().unwrap_or_else(|| "null".into()),
            name: name.and_then(Word::text).unwrap_or_else(|| "unknown@unknown".into()),
        }
    }

    /// The value of `X-UserId`.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("uid:{},{}", self.sub, self.name)).ok()
    }
}

/// Where a request comes from.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The address of the client, as far as somebody who is believed says it.
    pub(crate) client: Option<IpAddr>,
    /// What services are told in `X-Forwarded-For`: what the request brought along, and as its last item the
    /// client. What was brought along is kept because it shows that a proxy stands between.
    pub(crate) forwarded: Option<HeaderValue>,
}

impl Origin {
    pub(crate) fn of(config: &Config, request: &ServiceRequest) -> Self {
        let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
        Self::read(|address| config.trusts(address), peer, request.headers())
    }

    /// Each proxy adds the address that it has the request from, so that the last address is the first to be
    /// looked at. The client is the first from there that is no trusted proxy.
    fn read(trusts: impl Fn(IpAddr) -> bool, peer: Option<IpAddr>, headers: &HeaderMap) -> Self {
        let values = headers.get_all("x-forwarded-for").map(|value| value.to_str().unwrap_or(UNKNOWN));
        let names = values.flat_map(|value| value.split(',')).map(str::trim);
        let mut named: Vec<&str> = names.map(|name| if name.is_empty() { UNKNOWN } else { name }).collect();
        let mut client = peer;
        while client.is_some_and(&trusts) {
            let Some(before) = named.last().and_then(|name| name.parse::<IpAddr>().ok()) else { break };
            client = Some(before.to_canonical());
            named.pop();
        }
        let own = client.map(|client| client.to_string());
        let chain: Vec<&str> = named.into_iter().chain(own.as_deref()).collect();
        let forwarded = Some(chain.join(", ")).filter(|chain| !chain.is_empty());
        Self { client, forwarded: forwarded.and_then(|chain| HeaderValue::from_str(&chain).ok()) }
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn claims_of_identity_are_dropped_in_every_spelling() {
        let mut map = headers(&[
            ("REMOTE_USER", "root"),
            ("Remote-User", "root"),
            ("X-UserId", "uid:1,root"),
            ("x_userid", "uid:1,root"),
            ("KERNEL_USERNAME", "root"),
            ("X-ReqId", "1"),
            ("X-CSRF-Token", "kept"),
        ]);
        drop_claims(&mut map);
        let left: Vec<&str> = map.keys().map(HeaderName::as_str).collect();
        assert_eq!(left, ["x-csrf-token"]);
    }

    #[test]
    fn only_trusted_proxies_say_where_a_request_comes_from() {
        let read = |proxies: &[&str], peer: &str, given: &[&str]| {
            let proxies: Vec<IpAddr> = proxies.iter().map(|proxy| proxy.parse().unwrap()).collect();
            let given: Vec<_> = given.iter().map(|value| ("x-forwarded-for", *value)).collect();
            let trusts = |address| proxies.contains(&address);
            let origin = Origin::read(trusts, Some(peer.parse().unwrap()), &headers(&given));
            let forwarded = origin.forwarded.unwrap().to_str().unwrap().to_owned();
            (origin.client.unwrap().to_string(), forwarded)
        };
        let told = |client: &str, forwarded: &str| (client.to_owned(), forwarded.to_owned());
        assert_eq!(read(&[], "192.0.2.1", &[]), told("192.0.2.1", "192.0.2.1"));
        assert_eq!(read(&[], "192.0.2.1", &["127.0.0.1"]), told("192.0.2.1", "127.0.0.1, 192.0.2.1"));
        let proxies = ["10.0.0.1", "10.0.0.2"];
        assert_eq!(read(&proxies, "10.0.0.1", &[]), told("10.0.0.1", "10.0.0.1"));
        assert_eq!(read(&proxies, "10.0.0.1", &["192.0.2.1"]), told("192.0.2.1", "192.0.2.1"));
        let forged = ["127.0.0.1, 192.0.2.1, 10.0.0.2"];
        assert_eq!(read(&proxies, "10.0.0.1", &forged), told("192.0.2.1", "127.0.0.1, 192.0.2.1"));
        let apart = ["127.0.0.1", "192.0.2.1", "10.0.0.2"];
        assert_eq!(read(&proxies, "10.0.0.1", &apart), told("192.0.2.1", "127.0.0.1, 192.0.2.1"));
        let odd = ["192.0.2.1, nobody"];
        assert_eq!(read(&proxies, "10.0.0.1", &odd), told("10.0.0.1", "192.0.2.1, nobody, 10.0.0.1"));
        assert_eq!(read(&[], "127.0.0.1", &[""]), told("127.0.0.1", "unknown, 127.0.0.1"));
    }

    #[test]
    fn the_header_wins_over_the_cookie() {
        let mut map = headers(&[("authorization", "bearer own")]);
        choose_token(&mut map, Some("cookie"));
        assert_eq!(map.get(AUTHORIZATION).unwrap(), "bearer own");
        let mut map = headers(&[]);
        choose_token(&mut map, Some("cookie"));
        assert_eq!(map.get(AUTHORIZATION).unwrap(), "bearer cookie");
        let mut map = headers(&[]);
        choose_token(&mut map, Some(""));
        assert!(map.is_empty());
    }

    #[test]
    fn the_name_for_logs_is_read_from_any_token() {
        let body = URL_SAFE_NO_PAD.encode(r#"{"sub":"7","context":{"user":{"name":"ada"}}}"#);
        let map = headers(&[("authorization", &format!("Bearer e30.{body}.sig"))]);
        assert_eq!(Claimed::read(&map).header().unwrap(), "uid:7,ada");
        assert_eq!(Claimed::read(&headers(&[])).header().unwrap(), "uid:null,unknown@unknown");
    }
}
