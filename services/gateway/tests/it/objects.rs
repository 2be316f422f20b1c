//! The object store behind the gateway: what its signature covers passes as it came.

use gateway::{Config, ObjectStore};
use serde_json::Value;

use crate::front::{Form, Front};

/// A gateway whose object store is one of the echoes.
async fn front() -> Front {
    let with_store = |config: &mut Config| {
        let address = config.upstreams["fence"].clone();
        config.object_store = Some(ObjectStore { address, buckets: vec!["commons-data".into()] });
        config.upstreams.remove("fence");
    };
    Front::start_with(Form::Elsewhere, with_store).await
}

#[tokio::test]
async fn what_a_signature_covers_reaches_the_store_as_it_came() {
    let front = front().await;
    let path = "/commons-data/guid%2Ff//a%20b%2B%5C%c3%bc?X-Amz-Signature=ab%2Fc&x=%20&&y";
    let request = front
        .request("PUT", path)
        .header("Host", "files.example.org:8443")
        .header("Authorization", "AWS4-HMAC-SHA256 Credential=x")
        .header("Cookie", "access_token=secret; csrftoken=a")
        .header("X-Amz-Meta-A", "b")
        .header("X-UserId", "root")
        .body("content");
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-security-policy"], "sandbox; default-src 'none'");
    assert_eq!(answer.headers()["x-content-type-options"], "nosniff");
    assert!(answer.headers().get("set-cookie").is_none());
    let seen: Value = answer.json().await.unwrap();
    assert_eq!((&seen["method"], &seen["path"]), (&"PUT".into(), &path.into()));
    assert_eq!(seen["headers"]["host"], "files.example.org:8443");
    assert_eq!(seen["headers"]["authorization"], "AWS4-HMAC-SHA256 Credential=x");
    assert_eq!(seen["headers"]["x-amz-meta-a"], "b");
    assert_eq!(seen["headers"].get("cookie"), None);
    assert_eq!(seen["body_length"], 7);
    front.stop().await;
}

#[tokio::test]
async fn methods_of_the_store_need_no_csrf_token_and_keep_their_status() {
    let front = front().await;
    for method in ["GET", "HEAD", "PUT", "POST", "DELETE", "OPTIONS"] {
        let request = front.request(method, "/commons-data/k?uploads").header("Cookie", "access_token=x");
        assert_eq!(request.send().await.unwrap().status(), 200, "{method}");
    }
    assert_eq!(front.request("TRACE", "/commons-data/k").send().await.unwrap().status(), 405);
    for status in [206, 304, 403, 404, 416, 507] {
        let request = front.request("GET", "/commons-data/k").header("x-answer", status.to_string());
        assert_eq!(request.send().await.unwrap().status(), status);
    }
    front.stop().await;
}

#[tokio::test]
async fn other_paths_are_not_the_stores() {
    let front = front().await;
    for path in ["/commons-data2/k", "/user/user", "/%63ommons-data/k"] {
        let answer = front.request("GET", path).send().await.unwrap();
        assert!(answer.headers().get("content-security-policy").is_none(), "{path}");
    }
    front.stop().await;
}
