//! Who a request claims to come from, and what a service sees of that claim.

use actix_web::{
    dev::ServiceRequest,
    http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue},
};
use serde_json::Value;

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

impl Claimed {
    pub(crate) fn read(headers: &HeaderMap) -> Self {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let payload: Option<Value> = header.and_then(tokens::bearer).and_then(tokens::unverified);
        let text = |pointer: &str| {
            let value = payload.as_ref()?.pointer(pointer)?;
            value.as_str().map(str::to_owned).or_else(|| value.as_i64().map(|n| n.to_string()))
        };
        Self {
            sub: text("/sub").unwrap_or_else(|| "null".into()),
            name: text("/context/user/name").unwrap_or_else(|| "unknown@unknown".into()),
        }
    }

    /// The value of `X-UserId`.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&format!("uid:{},{}", self.sub, self.name)).ok()
    }
}

/// Where the request comes from: as a load balancer says, or else the other end of the connection.
pub(crate) fn client_address(request: &ServiceRequest) -> Option<HeaderValue> {
    let forwarded = request.headers().get("x-forwarded-for").cloned();
    forwarded.or_else(|| HeaderValue::from_str(&request.peer_addr()?.ip().to_string()).ok())
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
