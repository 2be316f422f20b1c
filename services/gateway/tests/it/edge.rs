//! What the gateway does with every request, whatever its row.

use std::io::{Read as _, Write as _};

use gateway::{Config, Table};
use serde_json::{Value, json};

use crate::front::{FORMS, Form, Front};

async fn seen(request: reqwest::RequestBuilder) -> Value {
    request.send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn a_client_cannot_claim_to_be_somebody() {
    for form in FORMS {
        let front = Front::start(form).await;
        let mut request = front.request("GET", "/user/user");
        let lies =
            ["REMOTE_USER", "remote_user", "X-Remote-User", "X-Gen3-User-ID", "KERNEL_USERNAME", "X_UserId"];
        for header in lies {
            request = request.header(header, "root");
        }
        let seen = seen(request.header("X-UserId", "uid:1,root").header("X-ReqId", "mine")).await;
        for header in lies {
            assert_eq!(seen["headers"].get(header.to_lowercase()), None, "{header}");
        }
        assert_eq!(seen["headers"]["x-userid"], "uid:null,unknown@unknown");
        assert_ne!(seen["headers"]["x-reqid"], "mine");
        assert_eq!(seen["headers"]["x-forwarded-for"], "127.0.0.1");
        front.stop().await;
    }
}

#[tokio::test]
async fn the_cookie_becomes_a_token_unless_there_is_a_header() {
    for form in FORMS {
        let front = Front::start(form).await;
        let with_cookie = || front.request("GET", "/user/user").header("Cookie", "access_token=abc");
        assert_eq!(seen(with_cookie()).await["headers"]["authorization"], "bearer abc");
        let own = with_cookie().header("Authorization", "Bearer own");
        assert_eq!(seen(own).await["headers"]["authorization"], "Bearer own");
        // The check looks at the cookie even where the header wins.
        let post = front.request("POST", "/user/user").header("Cookie", "access_token=abc");
        assert_eq!(post.header("Authorization", "Bearer own").send().await.unwrap().status(), 403);
        let put = front.request("PUT", "/user/user").header("Cookie", "access_token=abc");
        assert_eq!(put.send().await.unwrap().status(), 200);
        front.stop().await;
    }
}

#[tokio::test]
async fn answers_get_security_and_cors_headers_and_lose_the_services_own() {
    for form in FORMS {
        let front = Front::start(form).await;
        let answer = front.request("GET", "/index/index").send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        assert_eq!(header("access-control-allow-origin").as_deref(), Some("*"));
        assert_eq!(header("access-control-allow-credentials"), None);
        assert_eq!(header("access-control-expose-headers").as_deref(), Some("Content-Length,Content-Range"));
        assert_eq!(header("x-frame-options").as_deref(), Some("SAMEORIGIN"));
        assert_eq!(header("x-content-type-options").as_deref(), Some("nosniff"));
        assert_eq!(header("x-xss-protection").as_deref(), Some("1; mode=block"));
        assert_eq!(header("strict-transport-security"), None);
        assert_eq!(header("server"), None);
        assert!(header("x-request-id").is_some());
        front.stop().await;
    }
}

#[tokio::test]
async fn only_named_origins_may_send_credentials() {
    let front = Front::start(Form::InProcess).await;
    let cors = async |origin: &str| {
        let answer = front.request("GET", "/_status").header("Origin", origin).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (header("access-control-allow-origin").unwrap(), header("access-control-allow-credentials"))
    };
    assert_eq!(cors("https://elsewhere.example").await, ("*".into(), None));
    let portal = "https://portal.example".to_owned();
    assert_eq!(cors(&portal).await, (portal.clone(), Some("true".into())));
    assert_eq!(cors("http://localhost:8080").await, ("http://localhost:8080".into(), None));
    front.stop().await;
}

fn cookies(answer: &reqwest::Response) -> Vec<String> {
    answer.headers().get_all("set-cookie").iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn cookies_are_secure_except_without_tls_on_this_machine() {
    let https = |config: &mut Config| config.public_url = "https://commons.example".parse().unwrap();
    let front = Front::start_with(Form::InProcess, https).await;
    let answer = front.request("GET", "/_status").header("Cookie", "csrftoken=kept").send().await.unwrap();
    let set = cookies(&answer);
    assert_eq!(set[0], "csrftoken=kept; Path=/; Secure; SameSite=Lax");
    assert!(
        set[1].starts_with("session=")
            && set[1].ends_with("; Path=/; Max-Age=1200; HttpOnly; Secure; SameSite=Lax")
    );
    assert!(set[2].starts_with("visitor=") && set[2].contains("; Max-Age=36000000; HttpOnly; Secure; "));
    assert!(answer.headers().contains_key("strict-transport-security"));
    front.stop().await;

    let front = Front::start(Form::InProcess).await;
    let answer = front.request("GET", "/_status").send().await.unwrap();
    assert!(cookies(&answer).iter().all(|cookie| !cookie.contains("Secure")));
    assert_eq!(cookies(&front.request("GET", "/nowhere").send().await.unwrap()).len(), 0);
    front.stop().await;
}

#[tokio::test]
async fn status_hands_out_the_csrf_token_that_the_cookie_has() {
    let front = Front::start(Form::InProcess).await;
    let answer = front.request("GET", "/_status").send().await.unwrap();
    let cookie = cookies(&answer).remove(0);
    let body: Value = answer.json().await.unwrap();
    let token = body["csrf"].as_str().unwrap();
    assert_eq!(body, json!({ "message": "Feelin good!", "csrf": token }));
    assert!(cookie.starts_with(&format!("csrftoken={token};")));
    front.stop().await;
}

#[tokio::test]
async fn readiness_says_what_is_waited_for() {
    let front = Front::start(Form::InProcess).await;
    let answer = front.request("GET", "/_ready").send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["ready"], false);
    assert_eq!(
        (&body["services"]["fence"], &body["services"]["guppy"]),
        (&json!("ready"), &json!("waiting for the search engine"))
    );
    front.stop().await;
}

#[tokio::test]
async fn plain_http_behind_a_load_balancer_is_redirected() {
    let front = Front::start(Form::InProcess).await;
    let request = front.request("GET", "/index/index?a=b").header("Host", "commons.example");
    let answer = request.header("X-Forwarded-Proto", "http").send().await.unwrap();
    assert_eq!(answer.status(), 301);
    assert_eq!(answer.headers()["location"], "https://commons.example/index/index?a=b");
    front.stop().await;
}

#[tokio::test]
async fn other_spellings_of_a_denied_path_are_denied() {
    let front = Front::start(Form::InProcess).await;
    for path in ["/user//metrics", "/user/%6Detrics", "/user/data/%2e%2e/metrics", "//user/metrics"] {
        assert_eq!(front.request("GET", path).send().await.unwrap().status(), 403, "{path}");
    }
    let moved = front.request("GET", "/guppy?a=b").send().await.unwrap();
    assert_eq!(
        (moved.status().as_u16(), moved.headers()["location"].to_str().unwrap()),
        (301, "/guppy/?a=b")
    );
    front.stop().await;
}

#[tokio::test]
async fn a_refused_token_is_401_and_a_missing_permission_403() {
    let front = Front::start(Form::InProcess).await;
    let status = async |token: &str| {
        let request = front.request("GET", "/index-admin/index").header("Authorization", token);
        request.send().await.unwrap().status().as_u16()
    };
    assert_eq!(status("bearer good").await, 200);
    assert_eq!(status("bearer stale").await, 401);
    assert_eq!(status("bearer other").await, 403);
    assert_eq!(status("Basic dTpw").await, 401);
    front.stop().await;
}

#[tokio::test]
async fn large_bodies_pass_and_bodies_beyond_the_limit_do_not() {
    let limited = "[[route]]\nprefix = '/index/'\nservice = 'indexd'\nstrip = '/index'\nbody_limit = 1000000";
    for form in FORMS {
        let table = Table::built_in().unwrap().extended_by(limited).unwrap();
        let front = Front::start_with(form, |config| config.table = table).await;
        let big = vec![7_u8; 5_000_000];
        let passed = seen(front.request("POST", "/guppy/download").body(big.clone())).await;
        assert_eq!(passed["body_length"], 5_000_000);
        let refused = front.request("POST", "/index/index").body(big.clone()).send().await;
        // The connection may be closed before the client has sent it all.
        assert!(refused.is_err() || refused.unwrap().status() == 413);
        let chunks =
            futures_util::stream::iter((0..50).map(|_| Ok::<_, std::io::Error>(vec![7_u8; 100_000])));
        let chunked = reqwest::Body::wrap_stream(chunks);
        let refused = front.request("POST", "/index/index").body(chunked).send().await;
        assert!(refused.is_err() || refused.unwrap().status() == 413);
        front.stop().await;
    }
}

/// A service that answers one request with `answer`, byte for byte.
fn answers_once(answer: &'static str) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let _ = client.read(&mut [0; 4096]).unwrap();
        client.write_all(answer.as_bytes()).unwrap();
    });
    format!("http://{address}")
}

#[tokio::test]
async fn headers_between_gateway_and_service_do_not_reach_the_client() {
    let upstream = answers_once(
        "HTTP/1.1 200 OK\r\nConnection: X-Private\r\nX-Private: 1\r\nKeep-Alive: timeout=5\r\nX-Kept: 1\r\n\
         Content-Length: 2\r\n\r\nok",
    );
    let change =
        |config: &mut Config| drop(config.upstreams.insert("guppy".into(), upstream.parse().unwrap()));
    let front = Front::start_with(Form::Elsewhere, change).await;
    let answer = front.request("GET", "/guppy/_status").send().await.unwrap();
    let has = |name: &str| answer.headers().contains_key(name);
    assert_eq!((has("x-private"), has("keep-alive"), has("x-kept")), (false, false, true));
    assert_eq!(answer.text().await.unwrap(), "ok");
    front.stop().await;
}
