//! Tokens, names and bodies that nobody means well with: a precise 4xx, and nothing written.

use serde_json::{Value, json};

use crate::commons::Commons;

/// Everything that arborist keeps, as its tables have it.
async fn rows(commons: &Commons) -> Vec<(String, i64)> {
    sqlx::query_as(
        "select relname::text,
            (xpath('/row/c/text()', query_to_xml('select count(*) as c from ' || relname,
                false, true, '')))[1]
                ::text::int8
         from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace order by 1",
    )
    .fetch_all(&commons.database.pool)
    .await
    .expect("the tables are there")
}

async fn prepared() -> Commons {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    commons.prepare(&[("POST", "/group", json!({"name": "g", "users": ["ada"]}))]).await;
    commons
}

/// A token with this header and these claims, signed by nobody.
fn unsigned(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| base64(value.to_string().as_bytes());
    format!("{}.{}.{}", part(header), part(claims), base64(&[7; 256]))
}

/// base64url without padding.
fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..=three.len() {
            text.push(char::from(SIGNS[(bits >> (18 - 6 * place) & 63) as usize]));
        }
    }
    text
}

fn bad_tokens() -> Vec<String> {
    let claims = json!({"exp": 4_000_000_000_i64, "scope": ["openid"], "context": {"user": {"name": "ada"}}});
    let kids = [
        "../../../../etc/passwd",
        "/dev/null",
        "' or '1'='1",
        "x'; drop table usr; --",
        "",
        "\u{0}",
        "http://127.0.0.1:1/jwks",
        "${jndi:ldap://x}",
        "fence_key_test",
    ];
    let mut tokens: Vec<String> =
        kids.iter().map(|kid| unsigned(&json!({"alg": "RS256", "kid": kid}), &claims)).collect();
    for header in [
        json!({"alg": "RS256"}),
        json!({"alg": "RS256", "kid": 7}),
        json!({"alg": "RS256", "kid": "x".repeat(30_000)}),
        json!({"alg": "none", "kid": "fence_key_test"}),
        json!({"alg": "HS256", "kid": "fence_key_test"}),
        json!({"alg": "RS256", "kid": "fence_key_test", "jku": "http://127.0.0.1:1/", "x5u": "file:///"}),
        json!({"alg": "RS256", "kid": "fence_key_test", "crit": ["b64"], "b64": false}),
        json!([]),
    ] {
        tokens.push(unsigned(&header, &claims));
    }
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    tokens.push(format!("e30.{}.x", base64(deep.as_bytes())));
    for text in ["", ".", "..", "...", "a.b.c", "\u{1f980}.\u{1f980}.\u{1f980}", "null", "e30", "e30.e30"] {
        tokens.push(text.to_owned());
    }
    // As long as a body may have it, and longer.
    tokens.push("x".repeat(65_536));
    tokens.push(format!("{0}.{0}.{0}", "eyJh".repeat(5_000)));
    tokens.push("x".repeat(65_537));
    tokens
}

#[tokio::test]
async fn tokens_of_any_size_and_with_any_key_name_are_refused_and_ask_nothing_of_anybody() {
    let commons = prepared().await;
    let before = rows(&commons).await;
    let question = json!({"resource": "/programs", "action": {"service": "s", "method": "m"}});
    for token in bad_tokens().iter().filter(|token| !token.is_empty()) {
        let shown = &token[..token.len().min(60)];
        for (path, body) in [
            ("/auth/request", json!({"user": {"token": token}, "request": question})),
            ("/auth/resources", json!({"user": {"token": token}})),
        ] {
            let (status, answer) = commons.call("POST", path, body).await;
            // A token above the limit is no token at all.
            let wanted = if token.len() > 65_536 { 400 } else { 401 };
            assert_eq!(
                (status, &answer["error"]["code"]),
                (wanted, &json!(wanted)),
                "{path} {shown}: {answer}"
            );
            assert!(answer.to_string().len() < 500, "nothing of the token comes back: {shown}");
        }
        if !token.is_ascii() || token.contains('\0') || token.len() > 16_000 {
            continue;
        }
        let bearer = format!("Bearer {token}");
        let headers = [("Authorization", bearer.as_str())];
        for (method, path, wanted) in [
            ("GET", "/auth/proxy?resource=/programs&service=s&method=m", 401),
            ("GET", "/auth/mapping", 400),
            ("POST", "/auth/mapping", 401),
            ("GET", "/auth/resources", 401),
            ("GET", "/v1/explain?resource=/programs", 401),
        ] {
            let answer = commons.send(method, path, &headers, None).await;
            assert_eq!(answer.status, wanted, "{method} {path} {shown}: {}", answer.text);
        }
    }
    assert_eq!(rows(&commons).await, before);
}

#[tokio::test]
async fn a_header_of_64_kilobytes_is_refused_before_anything_is_read() {
    let commons = prepared().await;
    let bearer = format!("Bearer {}", "x".repeat(65_536));
    let headers = [("Authorization", bearer.as_str())];
    let answer = commons.send("GET", "/auth/mapping", &headers, None).await;
    assert!((400..500).contains(&answer.status), "{} {}", answer.status, answer.text);
}

#[tokio::test]
async fn names_of_a_hundred_kilobytes_are_refused_everywhere_and_write_nothing() {
    let commons = prepared().await;
    let before = rows(&commons).await;
    let long = "n".repeat(90_000);
    let permission =
        |id: &str, service: &str| json!({"id": id, "action": {"service": service, "method": "m"}});
    for (method, path, body) in [
        ("POST", "/user", json!({"name": long})),
        ("POST", "/user", json!({"name": "x", "email": long})),
        ("PATCH", "/user/ada", json!({"name": long})),
        ("PATCH", "/user/ada", json!({"email": long})),
        ("POST", "/user/ada/policy", json!({"policy": long})),
        ("POST", "/user/ada/bulk/policy", json!([{"policy": long}])),
        ("POST", "/group", json!({"name": long})),
        ("PUT", "/group", json!({"name": long})),
        ("PUT", "/group", json!({"name": "g", "users": [long]})),
        ("PUT", "/group", json!({"name": "g", "policies": [long]})),
        ("POST", "/group/g/user", json!({"username": long})),
        ("POST", "/group/g/policy", json!({"policy": long})),
        ("POST", "/client", json!({"clientID": long})),
        ("POST", "/client", json!({"clientID": "c", "policies": [long]})),
        ("POST", "/role", json!({"id": long, "permissions": [permission("p", "s")]})),
        ("POST", "/role", json!({"id": "r", "permissions": [permission(&long, "s")]})),
        ("PUT", "/role/any", json!({"id": "any", "permissions": [permission("p", &long)]})),
        ("POST", "/policy", json!({"id": long, "resource_paths": ["/programs"], "role_ids": ["any"]})),
        ("POST", "/policy", json!({"id": "p", "resource_paths": [format!("/{long}")], "role_ids": ["any"]})),
        ("PUT", "/policy/all", json!({"resource_paths": ["/programs"], "role_ids": [long]})),
        ("POST", "/resource", json!({"name": long})),
        ("PUT", "/resource", json!({"path": format!("/{long}")})),
        ("PUT", "/resource", json!({"name": "new", "description": long})),
        ("POST", "/resource", json!({"name": "new", "subresources": [{"name": "fine"}, {"name": long}]})),
        ("POST", "/auth/mapping", json!({"username": long})),
        ("POST", "/auth/mapping", json!({"clientID": long})),
        ("PUT", "/v1/standing", json!({"users": [long], "standing": "deactivated"})),
    ] {
        let (status, answer) = commons.call(method, path, body).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(400)), "{method} {path}: {answer}");
        assert!(answer.to_string().len() < 10_000, "{method} {path} answers the name");
    }
    let question =
        |resource: &str, service: &str| json!({"resource": resource, "action": {"service": service}});
    for body in [
        json!({"user": {"user_id": long}, "request": question("/programs", "s")}),
        json!({"request": question(&format!("/{long}"), "s")}),
        json!({"request": question("/programs", &long)}),
        json!({"user": {"user_id": "ada", "policies": [long]}, "request": question("/programs", "s")}),
    ] {
        assert_eq!(commons.call("POST", "/auth/request", body).await.0, 400);
    }
    assert_eq!(rows(&commons).await, before);
}

#[tokio::test]
async fn a_body_of_twenty_megabytes_is_refused_with_the_limit_of_the_service() {
    let commons = Commons::with_limit_of_the_service().await;
    let before = rows(&commons).await;
    for (method, path) in
        [("POST", "/user"), ("PUT", "/resource"), ("POST", "/auth/request"), ("PUT", "/v1/standing")]
    {
        let mut body = br#"{"name": ""#.to_vec();
        body.resize(20 * 1024 * 1024, b'n');
        body.extend(br#""}"#);
        let answer = commons.send(method, path, &[], Some(body)).await;
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (413, &json!(413)), "{method} {path}");
    }
    assert_eq!(rows(&commons).await, before);
}

/// Groups have no groups, and a tree has no way back.
#[tokio::test]
async fn what_would_be_a_circle_is_refused_and_writes_nothing() {
    let commons = prepared().await;
    let before = rows(&commons).await;
    for (method, path, body, wanted) in [
        ("PUT", "/group", json!({"name": "g", "users": ["g"]}), 400),
        ("POST", "/group", json!({"name": "h", "users": ["g"]}), 400),
        ("POST", "/group", json!({"name": "h", "users": [], "groups": ["h"]}), 400),
        ("POST", "/group/g/user", json!({"username": "g"}), 400),
        ("POST", "/resource", json!({"name": "x", "subresources": [{"path": "/x"}]}), 400),
        (
            "POST",
            "/resource",
            json!({"name": "x", "subresources": [{"name": "y", "subresources": [{"path": "/x"}]}]}),
            400,
        ),
        ("POST", "/resource", json!({"path": "/x/x/x"}), 400),
        ("POST", "/policy", json!({"id": "c", "resource_paths": ["/programs"], "role_ids": ["c"]}), 400),
    ] {
        let (status, answer) = commons.call(method, path, body).await;
        assert_eq!((status, &answer["error"]["code"]), (wanted, &json!(wanted)), "{method} {path}: {answer}");
    }
    assert_eq!(rows(&commons).await, before);
}
