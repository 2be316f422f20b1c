//! Reaching the program of one's own workspace, and nobody else's.

use serde_json::Value;

use crate::support::World;

async fn asked(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.unwrap();
    assert!(!answer.headers().contains_key("set-cookie"), "a program sets no cookie of the commons");
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

#[actix_web::test]
async fn everybody_reaches_their_own_program() {
    let world = World::new().await;
    world.launch("ada").await;
    world.launch("eve").await;
    for who in ["ada", "eve"] {
        let request = world.request("POST", "/proxy/api/contents/a%20b%2Fc?x=1&y=%2F", who).body("12345");
        let request = request.header("Cookie", "access_token=secret; _xsrf=own");
        let (status, said) = asked(request).await;
        assert_eq!((status, said["program_of"].as_str()), (200, Some(who)));
        assert_eq!(said["uri"], "/lw-workspace/proxy/api/contents/a%20b%2Fc?x=1&y=%2F");
        assert_eq!(said["body"], 5);
        let headers = &said["headers"];
        assert_eq!(
            (headers["remote_user"].as_str(), headers["cookie"].as_str()),
            (Some(who), Some("_xsrf=own"))
        );
        let secret = format!("token {}", world.executor.of(who).unwrap().secret);
        assert_eq!(headers["authorization"], secret, "the token of the commons stays here");
        assert_eq!(headers["x-url-scheme"], "http");
    }
    world.stop().await;
}

/// Every way in which a request could speak of another user's workspace.
#[actix_web::test]
async fn nothing_leads_to_the_program_of_another_user() {
    let world = World::new().await;
    world.launch("ada").await;
    let ada = world.token("ada");
    let id = world.executor.of("ada").unwrap().id;
    let secret = world.executor.of("ada").unwrap().secret;
    for (name, value) in [
        ("REMOTE_USER", "ada".to_owned()),
        ("Remote-User", "ada".to_owned()),
        ("X-Gen3-User-ID", "ada".to_owned()),
        ("X-UserId", "uid:1,ada".to_owned()),
        ("X-Forwarded-User", "ada".to_owned()),
        ("Cookie", format!("access_token={ada}")),
        ("Cookie", format!("username-localhost={id}; _xsrf=2")),
        ("Host", "h-ada-s".to_owned()),
    ] {
        let request = world.request("GET", "/proxy/lab", "eve").header(name, value);
        assert_eq!(asked(request).await.0, 404, "{name}");
    }
    for path in [
        "/proxy/../ada/lab",
        "/proxy/%2e%2e/h-ada-s/",
        "/proxy/hatchery-ada/lab",
        "/proxy/@h-ada-s/lab",
        "/proxy//h-ada-s/lab",
        "/proxy/lab?token=abc&REMOTE_USER=ada",
    ] {
        let status = world.send("GET", path, "eve").await.0;
        assert_eq!(status, 404, "{path}");
    }
    let with_its_secret = world
        .client
        .get(format!("{}/proxy/lab", world.url))
        .header("Authorization", format!("token {secret}"));
    assert_eq!(asked(with_its_secret).await.0, 401);
    assert_eq!(world.send("GET", "/proxy/lab", "").await.0, 401);
    assert_eq!(world.send("GET", "/proxy/lab", "bob").await.0, 403);
    world.stop().await;
}

#[actix_web::test]
async fn a_path_that_programs_read_differently_reaches_none() {
    let world = World::new().await;
    world.launch("ada").await;
    for path in ["/proxy/a/%2e%2e/%2e%2e/x", "/proxy/%2e%2e/x"] {
        // The client library resolves such paths itself, so they are sent by hand.
        let answer = raw(&world, path).await;
        assert!(answer.starts_with("HTTP/1.1 400 "), "{path}: {answer}");
    }
    world.stop().await;
}

async fn raw(world: &World, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let address = world.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let token = world.token("ada");
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: bearer {token}\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[actix_web::test]
async fn a_workspace_that_is_not_there_yet_says_so() {
    let world = World::new().await;
    world.launch("ada").await;
    for (phase, told) in [("launching", "being launched"), ("ending", "being terminated")] {
        world.set_phase(phase).await;
        let (status, text) = world.send("GET", "/proxy/lab", "ada").await;
        assert!(status == 503 && text.contains(told), "{status} {text}");
    }
    world.stop().await;
}
