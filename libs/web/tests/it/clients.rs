//! Clients that take seats, send nothing, take nothing.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::{sleep, timeout},
};

use crate::server::{Probe, Subject};

const SOON: Duration = Duration::from_secs(5);
const GET: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

async fn connect(subject: &Subject, send: &str) -> TcpStream {
    let mut stream = TcpStream::connect(subject.address).await.unwrap();
    stream.write_all(send.as_bytes()).await.unwrap();
    stream
}

/// What comes until the server closes, and whether it did before long.
async fn rest(stream: &mut TcpStream) -> (String, bool) {
    let mut bytes = Vec::new();
    let closed = timeout(SOON, stream.read_to_end(&mut bytes)).await.is_ok();
    (String::from_utf8(bytes).unwrap(), closed)
}

/// The first bytes of an answer.
async fn first(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 4096];
    let length = timeout(SOON, stream.read(&mut bytes)).await.unwrap().unwrap();
    String::from_utf8(bytes[..length].to_vec()).unwrap()
}

#[tokio::test]
async fn an_address_with_its_share_of_connections_is_told_to_come_again() {
    let subject = Subject::start(|limits| (limits.connections, limits.per_address) = (10, 2));
    let mut held = vec![connect(&subject, GET).await, connect(&subject, GET).await];
    for stream in &mut held {
        assert!(first(stream).await.starts_with("HTTP/1.1 200"));
    }
    let (refused, closed) = rest(&mut connect(&subject, GET).await).await;
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("\r\nRetry-After: 5\r\n"), "{refused}");
    assert!(closed);
    drop(held);
    sleep(Duration::from_millis(100)).await;
    assert!(first(&mut connect(&subject, GET).await).await.starts_with("HTTP/1.1 200"));
    subject.stop().await;
}

#[tokio::test]
async fn a_full_house_says_503_and_serves_those_who_are_in() {
    let subject = Subject::start(|limits| (limits.connections, limits.per_address) = (2, 2));
    let mut held = [connect(&subject, "").await, connect(&subject, "").await];
    sleep(Duration::from_millis(50)).await;
    let (refused, _) = rest(&mut connect(&subject, GET).await).await;
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("\r\nRetry-After: 5\r\n"), "{refused}");
    held[0].write_all(GET.as_bytes()).await.unwrap();
    assert!(first(&mut held[0]).await.starts_with("HTTP/1.1 200"));
    subject.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_come_is_408_and_its_connection_ends() {
    let subject = Subject::start(|_| ());
    let head = "POST /body HTTP/1.1\r\nHost: a\r\n";
    for body in ["Content-Length: 1000\r\n\r\nx", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"] {
        let started = Instant::now();
        let mut stream = connect(&subject, &format!("{head}{body}")).await;
        let (answer, closed) = rest(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 408 ") && closed, "{body:?}: {answer}");
        assert!(started.elapsed() < Duration::from_secs(3));
    }
    subject.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_in_drops_is_given_up_and_a_slow_one_is_not() {
    let subject = Subject::start(|_| ());
    let head = "POST /body HTTP/1.1\r\nHost: a\r\nContent-Length: 4500\r\n\r\n";
    let mut drops = connect(&subject, head).await;
    let mut slow = connect(&subject, head).await;
    for _ in 0..15 {
        sleep(Duration::from_millis(100)).await;
        let _ = drops.write_all(b"x").await;
        slow.write_all(&[b'x'; 300]).await.unwrap();
    }
    assert!(rest(&mut drops).await.0.starts_with("HTTP/1.1 408 "));
    assert!(first(&mut slow).await.ends_with("4500"));
    subject.stop().await;
}

#[tokio::test]
async fn half_a_head_ends_also_on_a_connection_that_had_a_request() {
    let subject = Subject::start(|_| ());
    let (answer, closed) = rest(&mut connect(&subject, "GET / HT").await).await;
    assert!(answer.starts_with("HTTP/1.1 408 ") && closed);
    let (answer, closed) = rest(&mut connect(&subject, &format!("{GET}GET / HT")).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && closed, "{answer}");
    subject.stop().await;
}

#[tokio::test]
async fn who_had_an_answer_before_the_end_of_the_body_does_not_keep_the_connection() {
    let subject = Subject::start(|_| ());
    let head = "POST /early HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n";
    let (answer, closed) = rest(&mut connect(&subject, head).await).await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && closed, "{answer}");
    subject.stop().await;
}

#[tokio::test]
async fn who_is_refused_may_send_its_body_to_the_end_and_reads_the_answer_then() {
    let subject = Subject::start(|limits| limits.head = Duration::from_secs(60));
    let length = 8 << 20;
    let head = format!("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n");
    let mut stream = connect(&subject, &head).await;
    let piece = vec![b'x'; length / 32];
    for _ in 0..32 {
        stream.write_all(&piece).await.unwrap();
        sleep(Duration::from_millis(10)).await;
    }
    let (answer, closed) = rest(&mut stream).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && answer.ends_with("no") && closed, "{answer}");
    subject.stop().await;
}

#[tokio::test]
async fn who_is_refused_and_sends_no_more_waits_neither_for_the_end_nor_holds_up_that_of_the_server() {
    let subject = Subject::start(|limits| limits.head = Duration::from_secs(60));
    let head = "POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n";
    let (answer, closed) = rest(&mut connect(&subject, head).await).await;
    assert!(answer.starts_with("HTTP/1.1 400 ") && closed, "{answer}");
    let mut stays = connect(&subject, head).await;
    assert!(first(&mut stays).await.ends_with("no"));
    tokio::time::timeout(Duration::from_millis(800), subject.stop()).await.unwrap();
}

#[tokio::test]
async fn who_is_refused_and_sends_on_and_on_is_left() {
    let subject = Subject::start(|_| ());
    for (length, piece) in [("Content-Length: 1000000", "x"), ("Transfer-Encoding: chunked", "1\r\nx\r\n")] {
        let head = format!("POST /refused HTTP/1.1\r\nHost: a\r\n{length}\r\n\r\n");
        let mut stream = connect(&subject, &head).await;
        assert!(first(&mut stream).await.ends_with("no"));
        let sends = async {
            while stream.write_all(piece.as_bytes()).await.is_ok() {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(SOON, sends).await.expect("the connection ends");
    }
    subject.stop().await;
}

#[tokio::test]
async fn a_client_that_waits_for_its_answer_is_not_idle() {
    let subject = Subject::start(|_| ());
    let mut stream = connect(&subject, "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(first(&mut stream).await.ends_with("at last"));
    subject.stop().await;
}

#[tokio::test]
async fn an_answer_that_nobody_takes_ends_and_one_that_is_taken_goes_on() {
    let subject = Subject::start(|_| ());
    let request = "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n";
    let _stuck = connect(&subject, request).await;
    let mut moving = connect(&subject, request).await;
    let started = Instant::now();
    let mut bytes = vec![0; 1 << 20];
    while started.elapsed() < Duration::from_secs(4) {
        assert!(timeout(SOON, moving.read(&mut bytes)).await.unwrap().unwrap() > 0);
    }
    assert_eq!(subject.endless_answers(), 1);
    drop(moving);
    subject.stop().await;
}

#[tokio::test]
async fn a_panic_costs_one_request() {
    let subject = Subject::start(|_| ());
    for method in ["GET", "POST"] {
        let request = format!("{method} /breaks HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n");
        let mut stream = connect(&subject, &request).await;
        let answer = first(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 500 "), "{answer}");
        assert!(answer.contains("x-request-id") && !answer.contains("invariant"), "{answer}");
        stream.write_all(GET.as_bytes()).await.unwrap();
        assert!(first(&mut stream).await.starts_with("HTTP/1.1 200 "));
    }
    subject.stop().await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_clients_are_counted_and_not_the_proxy() {
    let subject = Subject::start(|limits| {
        (limits.connections, limits.per_address) = (10, 1);
        limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    let slow =
        |client: &str| format!("GET /slow HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6, {client}\r\n\r\n");
    let mut first_client = connect(&subject, &slow("10.0.0.1")).await;
    sleep(Duration::from_millis(50)).await;
    let mut again = connect(&subject, &slow("10.0.0.1")).await;
    let mut other = connect(&subject, &slow("10.0.0.2")).await;
    let refused = first(&mut again).await;
    assert!(refused.starts_with("HTTP/1.1 429 ") && refused.contains("retry-after: 1"), "{refused}");
    assert!(first(&mut first_client).await.ends_with("at last"));
    assert!(first(&mut other).await.ends_with("at last"));
    subject.stop().await;
}

#[tokio::test]
async fn an_address_that_is_too_long_is_told_so() {
    let subject = Subject::start(|_| {});
    for length in [70_000, 120_000] {
        let request = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(length));
        let (answer, closed) = rest(&mut connect(&subject, &request).await).await;
        assert!(answer.starts_with("HTTP/1.1 414 ") && answer.contains("send them in the body"), "{answer}");
        assert!(closed);
    }
    let long = format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", "x".repeat(60_000));
    assert!(first(&mut connect(&subject, &long).await).await.starts_with("HTTP/1.1 200"));
    // A body of one long line is no address, neither on a new connection nor on one that is used again.
    let body = "x".repeat(200_000);
    let refused = format!("POST /refused HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n{body}");
    for before in ["", GET] {
        let mut stream = connect(&subject, before).await;
        if !before.is_empty() {
            assert!(first(&mut stream).await.starts_with("HTTP/1.1 200"));
        }
        stream.write_all(refused.as_bytes()).await.unwrap();
        let answer = first(&mut stream).await;
        assert!(answer.starts_with("HTTP/1.1 400 ") && answer.contains("no"), "{answer}");
    }
    // What is wrong in another way is answered as ever.
    let (answer, _) = rest(&mut connect(&subject, "GET  nonsense\r\n\r\n").await).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    subject.stop().await;
}

#[tokio::test]
async fn probes_are_answered_when_all_seats_are_taken_and_nothing_else_is() {
    let subject = Subject::start(|limits| (limits.connections, limits.per_address) = (2, 2));
    let held = [connect(&subject, "").await, connect(&subject, "").await];
    sleep(Duration::from_millis(50)).await;
    for path in ["livez", "readyz", "startupz"] {
        let probe = format!("GET /{path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let (answer, closed) = rest(&mut connect(&subject, &probe).await).await;
        assert!(answer.starts_with("HTTP/1.1 200 ") && closed, "{answer}");
    }
    // A probe opens no way in for what comes after it, or for what only begins like one.
    for more in ["/livez HTTP/1.1\r\nHost: x\r\n\r\nGET /", "/livez/../"] {
        let smuggled = format!("GET {more} HTTP/1.1\r\nHost: x\r\n\r\n");
        let (answer, _) = rest(&mut connect(&subject, &smuggled).await).await;
        assert!(!answer.ends_with("here"), "{answer}");
    }
    drop(held);
    subject.stop().await;
}

#[tokio::test]
async fn a_port_whose_service_is_being_made_lives_and_is_not_ready() {
    let listener = web::bind(std::net::Ipv4Addr::LOCALHOST.into(), 0).unwrap();
    let address = listener.local_addr().unwrap();
    let starting = web::Starting::begin(&listener, &web::Serving::with_workers(1)).unwrap();
    starting.waits().wait_for("the database");
    let ask = async |path: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        rest(&mut stream).await.0
    };
    assert!(ask("/livez").await.starts_with("HTTP/1.1 200 "));
    assert!(ask("/startupz").await.starts_with("HTTP/1.1 503 "));
    let said = ask("/readyz").await;
    assert!(said.starts_with("HTTP/1.1 503 ") && said.contains("it waits for the database"), "{said}");
    assert!(ask("/").await.starts_with("HTTP/1.1 503 "));
    starting.end().await.unwrap();
    // Nobody who comes between the two is turned away.
    let serve = async {
        sleep(Duration::from_millis(50)).await;
        web::Server::start(listener, Arc::new(Probe::default()), 1).unwrap()
    };
    let (answer, server) = tokio::join!(ask("/"), serve);
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    server.stop().await.unwrap();
}
