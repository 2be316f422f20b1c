//! What the gateway does with every request, whatever its row.

use gateway::{Config, Table};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

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

/// What a page of `origin` may read, and whether it may send credentials.
async fn cors(front: &Front, origin: &str) -> (Option<String>, Option<String>) {
    let answer = front.request("GET", "/_status").header("Origin", origin).send().await.unwrap();
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    (header("access-control-allow-origin"), header("access-control-allow-credentials"))
}

fn public(config: &mut Config) {
    config.public_url = "https://commons.example".parse().unwrap();
}

#[tokio::test]
async fn only_named_origins_may_send_credentials() {
    let front = Front::start_with(Form::InProcess, public).await;
    assert_eq!(cors(&front, "https://elsewhere.example").await, (Some("*".into()), None));
    let portal = "https://portal.example";
    assert_eq!(cors(&front, portal).await, (Some(portal.into()), Some("true".into())));
    let own = "https://commons.example";
    assert_eq!(cors(&front, own).await, (Some(own.into()), None));
    front.stop().await;
}

#[tokio::test]
async fn pages_from_elsewhere_read_nothing_of_a_commons_on_the_readers_machine() {
    let front = Front::start(Form::InProcess).await;
    for origin in ["https://elsewhere.example", "http://localhost.elsewhere.example", "null"] {
        assert_eq!(cors(&front, origin).await, (None, None), "{origin}");
    }
    assert_eq!(cors(&front, "http://localhost:3000").await, (Some("*".into()), None));
    assert_eq!(cors(&front, "http://localhost:8080").await, (Some("http://localhost:8080".into()), None));
    front.stop().await;
}

#[tokio::test]
async fn what_a_request_says_of_its_host_makes_no_origin_the_own_one() {
    let front = Front::start_with(Form::InProcess, public).await;
    let forged = [
        ("Host", "evil.example"),
        ("Forwarded", "host=evil.example;proto=https"),
        ("X-Forwarded-Host", "evil.example"),
    ];
    for (header, value) in forged {
        let request = front.request("GET", "/index/index").header(header, value);
        let answer = request.header("Origin", "https://evil.example").send().await.unwrap();
        assert_eq!(answer.headers()["access-control-allow-origin"], "*", "{header}");
    }
    front.stop().await;
}

pub(crate) fn cookies(answer: &reqwest::Response) -> Vec<String> {
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
async fn plain_http_behind_a_load_balancer_is_redirected() {
    let front = Front::start_with(Form::InProcess, public).await;
    let request = front.request("GET", "/index/index?a=b").header("Host", "evil.example");
    let answer = request.header("X-Forwarded-Proto", "http").send().await.unwrap();
    assert_eq!(answer.status(), 301);
    assert_eq!(answer.headers()["location"], "https://commons.example/index/index?a=b");
    front.stop().await;
    // Where users come without TLS there is nothing to lead them to.
    let front = Front::start(Form::InProcess).await;
    let request = front.request("GET", "/index/index").header("X-Forwarded-Proto", "http");
    assert_eq!(request.send().await.unwrap().status(), 200);
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

/// The status of a request whose first line is sent as it is: clients would tidy it up.
async fn status_of_line(front: &Front, line: &str) -> String {
    let address = front.url.strip_prefix("http://").unwrap();
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let head =
        format!("{line} HTTP/1.1\r\nHost: a\r\nCookie: access_token=good\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer[9..12]).into_owned()
}

#[tokio::test]
async fn what_a_service_would_read_differently_is_refused() {
    for form in FORMS {
        let front = Front::start(form).await;
        for path in [
            r"/user/x\..\metrics",
            r"/user/\metrics",
            r"/user/credentials\token\denylisted",
            "/user/x%5c..%5cmetrics",
            "/user/%5Cmetrics",
            "/user/metrics%00",
            "/user/x%0d%0a/metrics",
            "/user/%zz",
        ] {
            assert_eq!(status_of_line(&front, &format!("GET {path}")).await, "400", "{form:?} {path}");
            // A page of another site can send this, and the browser the cookie with it.
            assert_eq!(status_of_line(&front, &format!("POST {path}")).await, "400", "{form:?} {path}");
        }
        let forged = r"POST /user/register\..\credentials\api";
        assert_eq!(status_of_line(&front, forged).await, "400", "{form:?}");
        for line in ["GET http://evil.example/user/metrics", "GET //evil.example/../user/metrics"] {
            assert_eq!(status_of_line(&front, line).await, "403", "{form:?} {line}");
        }
        front.stop().await;
    }
}

#[tokio::test]
async fn nobody_gets_a_tunnel_or_his_own_headers() {
    for form in FORMS {
        let front = Front::start(form).await;
        for line in ["CONNECT 127.0.0.1:22", "CONNECT /user/user", "TRACE /user/user"] {
            let status = status_of_line(&front, line).await;
            assert!(["400", "405"].contains(&status.as_str()), "{form:?} {line}: {status}");
        }
        front.stop().await;
    }
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
        let _ = std::io::Read::read(&mut client, &mut [0; 4096]).unwrap();
        std::io::Write::write_all(&mut client, answer.as_bytes()).unwrap();
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

#[tokio::test]
async fn a_valid_trace_goes_on_to_the_service_and_another_one_begins_a_new_trace() {
    let front = Front::start(Form::Elsewhere).await;
    let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let seen = async |given: Option<String>| {
        let mut request = front.request("GET", "/user/user").header("tracestate", "rojo=1");
        if let Some(given) = given {
            request = request.header("traceparent", given);
        }
        let seen: Value = request.send().await.unwrap().json().await.unwrap();
        let header = |name: &str| seen["headers"][name].as_str().unwrap_or_default().to_owned();
        (header("traceparent"), header("tracestate"))
    };
    let (gone_on, state) = seen(Some(format!("00-{trace}-{parent}-01"))).await;
    let parts: Vec<&str> = gone_on.split('-').collect();
    assert_eq!((parts[0], parts[1], parts[3], state.as_str()), ("00", trace, "01", "rojo=1"), "{gone_on}");
    assert!(parts[2] != parent && parts[2].len() == 16, "{gone_on}");
    for given in [None, Some(format!("00-{trace}-0000000000000000-01")), Some("frog".to_owned())] {
        let (new, state) = seen(given).await;
        assert!(new.len() == 55 && !new.contains(trace) && state.is_empty(), "{new} {state}");
    }
    front.stop().await;
}
