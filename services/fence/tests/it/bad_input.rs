//! What is too large or too odd: every endpoint refuses it precisely, and nothing is written.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::json;
use testing::endpoints::Case;

use crate::{
    cases::{Objects, cases},
    world::World,
};

fn all() -> Vec<Case> {
    cases(&Objects {
        guarded: "guarded".into(),
        somebodys_key: "x".into(),
        own_key: "x".into(),
        workspace_key: "x".into(),
        project: "p".into(),
    })
}

/// The number of rows of every table.
async fn rows(world: &World) -> BTreeMap<String, i64> {
    let rows: Vec<(String, i64)> = sqlx::query_as(
        "select tablename::text,
                (xpath('/row/n/text()', query_to_xml(format('select count(*) as n from %I', tablename),
                                                     false, true, '')))[1]::text::bigint
         from pg_tables where schemaname = 'public'",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    rows.into_iter().collect()
}

fn token(kid: &str, alg: &str) -> String {
    let header = json!({"alg": alg, "typ": "JWT", "kid": kid});
    let claims = json!({"sub": "1", "iss": "http://localhost/user", "exp": 4_000_000_000_i64, "pur": "access",
                        "aud": "gen3", "scope": ["openid", "user", "data", "credentials"]});
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{}", part(header), part(claims), URL_SAFE_NO_PAD.encode([7; 256]))
}

/// Credentials that nobody should send.
fn credentials() -> Vec<(&'static str, String)> {
    let bearer = |token: &str| ("authorization", format!("Bearer {token}"));
    let long = "x".repeat(64 * 1024);
    let cookie = "y".repeat(8 * 1024);
    vec![
        bearer(&long),
        bearer(&token("k", "RS256").replacen('.', &format!(".{long}"), 1)),
        bearer(&token("../../../etc/passwd", "RS256")),
        bearer(&token("'; drop table \"User\"; --", "RS256")),
        bearer(&token(&"k".repeat(30_000), "RS256")),
        bearer(&token("fence_key_one", "HS256")),
        bearer(&token("fence_key_one", "none")),
        bearer("\u{e9}\u{20ac}"),
        ("authorization", "Basic %%%".into()),
        ("cookie", format!("fence={cookie}; access_token={cookie}")),
        ("cookie", format!("fence={}", token("../x", "RS256"))),
    ]
}

#[tokio::test]
async fn credentials_that_are_none_open_nothing() {
    let world = World::new().await;
    let before = rows(&world).await;
    // The mock provider logs in whoever comes.
    for case in all().into_iter().filter(|case| case.path != "/login/{idp}") {
        let [anonymous, ..] = case.statuses;
        for (name, value) in credentials() {
            let mut request = world.request(case.verb(), &case.url).header(name, value.as_bytes());
            if let Some((form, body)) = case.content() {
                request = request.header("content-type", form).body(body);
            }
            let status = request.send().await.unwrap().status().as_u16();
            // What is open to everybody stays so for whoever has a wrong cookie.
            let expected = status == anonymous || (400..500).contains(&status);
            let told = format!(
                "{} {}: {status} for {name} {}",
                case.method,
                case.url,
                &value[..value.len().min(60)]
            );
            assert!(expected && status < 500, "{told}");
        }
    }
    let after = rows(&world).await;
    assert_eq!(before, after);
}

#[tokio::test]
async fn bodies_that_are_too_large_are_refused_and_nothing_is_written() {
    let world = World::new().await;
    let permitted = world.session_token("everything").await;
    let before = rows(&world).await;
    let body = bytes::Bytes::from(vec![b' '; 20 * 1024 * 1024]);
    for case in all() {
        let Some((form, _)) = case.content() else { continue };
        // Who is refused while they still write may lose the answer with the connection, and tries again.
        let mut tries = 0;
        let status = loop {
            let request = world.request(case.verb(), &case.url).header("content-type", form);
            match request.body(body.clone()).bearer_auth(&permitted).send().await {
                Ok(answer) => break answer.status().as_u16(),
                Err(error) if tries < 20 && error.is_request() => tries += 1,
                Err(error) => panic!("{} {}: {error:?}", case.method, case.url),
            }
        };
        assert!((400..500).contains(&status), "{} {}: {status}", case.method, case.url);
    }
    assert_eq!(before, rows(&world).await);
}

#[tokio::test]
async fn names_that_are_too_long_are_names_of_nothing() {
    let world = World::new().await;
    let permitted = world.session_token("everything").await;
    let before = rows(&world).await;
    for case in all() {
        if !case.path.contains('{') {
            continue;
        }
        // No client sends longer addresses than 64 kB.
        let name = "n".repeat(60_000 / case.path.matches('{').count());
        let (mut path, mut rest) = (String::new(), case.path);
        while let Some((fixed, after)) = rest.split_once('{') {
            path.push_str(fixed);
            path.push_str(&name);
            rest = after.split_once('}').unwrap().1;
        }
        path.push_str(rest);
        let mut request = world.request(case.verb(), &format!("{path}?extension=txt"));
        if let Some((form, body)) = case.content() {
            request = request.header("content-type", form).body(body);
        }
        let status = request.bearer_auth(&permitted).send().await.unwrap().status().as_u16();
        assert!((400..500).contains(&status), "{} {}: {status}", case.method, case.path);
    }
    assert_eq!(before, rows(&world).await);
}
