//! The HTTP form of the trait: connections are used again, and only a "yes" is repeated.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use authz::{Authz as _, HttpAuthz, REPEATABLE_HEADER, Request, Subject};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    time::sleep,
};

use crate::commons::Commons;

/// Answers every request alike, and counts.
#[derive(Clone, Default)]
struct Counting {
    connections: Arc<AtomicUsize>,
    requests: Arc<AtomicUsize>,
}

impl Counting {
    /// Answers `permitted`, which may be repeated for so many milliseconds.
    async fn start(&self, permitted: bool, repeatable: Option<u64>) -> HttpAuthz {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it is bound"));
        let body = json!({ "auth": permitted }).to_string();
        let header = repeatable.map(|ms| format!("{REPEATABLE_HEADER}: {ms}\r\n")).unwrap_or_default();
        let answer = format!("HTTP/1.1 200 OK\r\n{header}content-length: {}\r\n\r\n{body}", body.len());
        let counting = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counting.connections.fetch_add(1, SeqCst);
                tokio::spawn(serve(stream, answer.clone(), counting.requests.clone()));
            }
        });
        HttpAuthz::new(&url, reqwest::Client::new())
    }
}

async fn serve(stream: TcpStream, answer: String, requests: Arc<AtomicUsize>) {
    let mut stream = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        stream.read_exact(&mut vec![0; length]).await.expect("a body");
        requests.fetch_add(1, SeqCst);
        stream.write_all(answer.as_bytes()).await.expect("the client reads");
    }
}

async fn ask(authz: &HttpAuthz, user: &str) -> bool {
    let question = [Request::new("/a", "s", "m")];
    authz.decide(&Subject::User(user.into()), &question).await.expect("an answer")
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let counting = Counting::default();
    let authz = counting.start(true, None).await;
    for number in 0..20 {
        assert!(ask(&authz, &number.to_string()).await);
    }
    assert_eq!((counting.requests.load(SeqCst), counting.connections.load(SeqCst)), (20, 1));
}

#[tokio::test]
async fn only_a_yes_is_repeated_and_only_for_as_long_as_arborist_says() {
    for (permitted, repeatable, requests) in
        [(true, Some(60_000), 1), (true, None, 5), (true, Some(0), 5), (false, Some(60_000), 5)]
    {
        let counting = Counting::default();
        let authz = counting.start(permitted, repeatable).await;
        for _ in 0..5 {
            assert_eq!(ask(&authz, "ada").await, permitted);
        }
        assert_eq!(counting.requests.load(SeqCst), requests, "{permitted} {repeatable:?}");
        if requests == 1 {
            // Somebody else is somebody else, and a second is the most.
            ask(&authz, "eve").await;
            sleep(Duration::from_millis(1_050)).await;
            ask(&authz, "ada").await;
            assert_eq!(counting.requests.load(SeqCst), 3);
        }
    }
}

#[tokio::test]
async fn arborist_lets_a_yes_be_repeated_until_the_grant_ends_and_never_a_no() {
    let commons = Commons::start().await;
    commons.prepare_programs().await;
    let ask = async |user: &str| {
        while !commons.arborist.decides_in_memory() {
            sleep(Duration::from_millis(2)).await;
        }
        let action = json!({"service": "indexd", "method": "read"});
        let body =
            json!({"user": {"user_id": user}, "request": {"resource": "/programs/A", "action": action}});
        let body = Some(body.to_string().into_bytes());
        let answer = commons.send("POST", "/auth/request", &[], body).await;
        (answer.json()["auth"].clone(), answer.repeatable)
    };
    assert_eq!(ask("ada").await, (json!(false), None));
    commons.prepare(&[("POST", "/user/ada/policy", json!({"policy": "read-A"}))]).await;
    assert_eq!(ask("ada").await, (json!(true), Some("50".into())));
    sqlx::query("update usr_policy set expires_at = clock_timestamp() + interval '1 second'")
        .execute(&commons.database.pool)
        .await
        .unwrap();
    // At each moment no longer than what is left.
    loop {
        let left: f64 = sqlx::query_scalar(
            "select extract(epoch from expires_at - clock_timestamp())::float8 from usr_policy",
        )
        .fetch_one(&commons.database.pool)
        .await
        .unwrap();
        match ask("ada").await {
            (Value::Bool(false), None) => break,
            (_, repeatable) => {
                let repeatable: f64 = repeatable.map_or(0.0, |ms| ms.parse().unwrap());
                assert!(repeatable / 1000.0 <= left.max(0.0) + 0.05, "{repeatable} ms of {left} s");
            }
        }
    }
}
