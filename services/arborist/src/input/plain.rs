//! The question that services ask, read at once. It says nothing that is unusual; what does is left to the
//! reader that knows all that the original takes, and says what is wrong.

use std::{fmt, marker::PhantomData};

use authz::{Action, Request};
use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::{
    asked::{AskedUser, AuthRequest, MAX_TOKEN},
    fields::MAX_NAME,
};

/// Reads a body of at most `limit` requests; none when there is anything unusual about it.
pub(super) fn read(body: &[u8], limit: usize) -> Option<AuthRequest> {
    let Object(plain) = serde_json::from_slice::<Object<Plain>>(body).ok()?;
    let many = plain.requests.unwrap_or_default();
    if many.len() > limit {
        return None;
    }
    let requests = plain.request.into_iter().chain(many).map(|Object(one)| one.taken());
    let user = match plain.user {
        None => None,
        Some(Object(user)) => Some(user.taken()?),
    };
    Some(AuthRequest { user, requests: requests.collect::<Option<_>>()? })
}

/// An object; serde would take a list for a struct as well.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Of<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Of<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(Of(PhantomData))
    }
}

/// A value that is not null where it is there.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Plain {
    #[serde(default, deserialize_with = "present")]
    user: Option<Object<PlainUser>>,
    #[serde(default, deserialize_with = "present")]
    request: Option<Object<PlainRequest>>,
    #[serde(default, deserialize_with = "present")]
    requests: Option<Vec<Object<PlainRequest>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainUser {
    #[serde(default, deserialize_with = "present")]
    token: Option<String>,
    #[serde(default, deserialize_with = "present")]
    user_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainRequest {
    resource: String,
    action: Object<PlainAction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlainAction {
    service: String,
    method: String,
}

/// A string within its limit.
fn fits(text: &str, limit: usize) -> bool {
    text.len() <= limit && !text.contains('\0')
}

impl PlainUser {
    fn taken(self) -> Option<AskedUser> {
        let token = self.token.as_deref().unwrap_or_default();
        let user_id = self.user_id.as_deref().unwrap_or_default();
        // One of them must be there, and both may be empty.
        let says_who = self.token.is_some() || self.user_id.is_some();
        if !says_who || !fits(token, MAX_TOKEN) || !fits(user_id, MAX_NAME) {
            return None;
        }
        let not_empty = |text: &String| !text.is_empty();
        let (token, user_id) = (self.token.filter(not_empty), self.user_id.filter(not_empty));
        Some(AskedUser { token, user_id, ..AskedUser::default() })
    }
}

impl PlainRequest {
    fn taken(self) -> Option<Request> {
        let Self { resource, action: Object(PlainAction { service, method }) } = self;
        let good = [&resource, &service, &method].iter().all(|text| fits(text, MAX_NAME));
        good.then_some(Request { resource, action: Action { service, method } })
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*, sample::select};
    use serde_json::json;

    use super::*;

    /// Values of every kind, right and wrong, some keys twice.
    fn object(keys: &'static [&'static str], inner: BoxedStrategy<String>) -> BoxedStrategy<String> {
        let pair = (select(keys), inner).prop_map(|(key, value)| format!("\"{key}\":{value}"));
        vec(pair, 0..4).prop_map(|pairs| format!("{{{}}}", pairs.join(","))).boxed()
    }

    fn scalar() -> BoxedStrategy<String> {
        select(
            &["\"\"", "\"a\"", "\"/a/b\"", "null", "5", "true", "\"\\u0000\"", "\"\\u00e9\"", "[]", "{}"][..],
        )
        .prop_map(str::to_owned)
        .boxed()
    }

    fn body() -> BoxedStrategy<String> {
        let action = prop_oneof![
            4 => Just(r#"{"service":"s","method":"m"}"#.to_owned()),
            1 => object(&["service", "method", "Method", "x"], scalar()),
            1 => scalar(),
        ];
        let request = prop_oneof![
            4 => action.clone().prop_map(|action| format!("{{\"resource\":\"/a\",\"action\":{action}}}")),
            2 => object(&["resource", "action", "constraints", "x"], prop_oneof![scalar(), action].boxed()),
            1 => scalar(),
        ];
        let user = prop_oneof![
            4 => object(&["token", "user_id"], scalar()),
            1 => object(&["token", "user_id", "policies", "scope", "x"], scalar()),
            1 => scalar(),
        ];
        let requests = prop_oneof![
            3 => vec(request.clone(), 0..4).prop_map(|all| format!("[{}]", all.join(","))),
            1 => scalar(),
        ];
        (
            user,
            request,
            requests,
            any::<[bool; 3]>(),
            select(&["", ",\"x\":1", ",\"USER\":{}", ",\"request\":null"][..]),
        )
            .prop_map(|(user, request, requests, [a, b, c], more)| {
                let mut parts = Vec::new();
                parts.extend(a.then(|| format!("\"user\":{user}")));
                parts.extend(b.then(|| format!("\"request\":{request}")));
                parts.extend(c.then(|| format!("\"requests\":{requests}")));
                if parts.is_empty() { "{}".to_owned() } else { format!("{{{}{more}}}", parts.join(",")) }
            })
            .boxed()
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 3000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn what_is_read_at_once_is_read_as_by_the_reader_that_knows_everything(body in body()) {
            if let Some(found) = read(body.as_bytes(), 3) {
                prop_assert_eq!(Some(found), AuthRequest::read_any(body.as_bytes(), 3).ok(), "{}", body);
            }
        }
    }

    #[test]
    fn the_usual_questions_are_read_at_once_and_lists_are_no_objects() {
        let one = json!({"resource": "/a", "action": {"service": "s", "method": "m"}});
        for usual in [
            json!({ "request": one }),
            json!({"user": {"token": "t"}, "requests": [one, one]}),
            json!({"user": {"user_id": "ada"}, "request": one}),
        ] {
            assert!(read(usual.to_string().as_bytes(), 3).is_some(), "{usual}");
        }
        for unusual in [
            json!([{"user_id": "ada"}, one]),
            json!({"user": ["t", "ada"], "request": one}),
            json!({"user": null, "request": one}),
            json!({"request": ["/a", {"service": "s", "method": "m"}]}),
            json!({"request": {"resource": "/a", "action": ["s", "m"]}}),
            json!({"requests": [one, one, one, one]}),
        ] {
            assert!(read(unusual.to_string().as_bytes(), 3).is_none(), "{unusual}");
        }
    }
}
