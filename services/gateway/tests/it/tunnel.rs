//! A WebSocket through the gateway to a service elsewhere. What is on it means nothing to the gateway.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

use crate::front::{Form, Front};

const ACCEPTED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Accept: abc\r\n\r\nhello";

/// Reads until the bytes end with `end`.
async fn until(stream: &mut TcpStream, end: &str) -> String {
    let mut read = Vec::new();
    while !read.ends_with(end.as_bytes()) {
        assert_ne!(stream.read_buf(&mut read).await.unwrap(), 0, "{}", String::from_utf8_lossy(&read));
    }
    String::from_utf8(read).unwrap()
}

/// A service that greets, and sends back what it gets in capital letters; it ends with what it was asked.
async fn echo() -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let asked = until(&mut stream, "\r\n\r\n").await;
        stream.write_all(ACCEPTED).await.unwrap();
        let mut buffer = [0; 1024];
        while let Ok(length @ 1..) = stream.read(&mut buffer).await {
            stream.write_all(&buffer[..length].to_ascii_uppercase()).await.unwrap();
        }
        asked
    });
    (url, task)
}

async fn ask(front: &Front, token: &str) -> TcpStream {
    let mut stream = TcpStream::connect(front.url.strip_prefix("http://").unwrap()).await.unwrap();
    let request = format!(
        "GET /lw-workspace/proxy/api/kernels HTTP/1.1\r\nHost: localhost\r\n\
         Connection: keep-alive, Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Key: dGVzdA==\r\nSec-WebSocket-Version: 13\r\n\
         REMOTE_USER: root\r\nAuthorization: bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn both_sides_of_a_websocket_speak_and_each_end_ends_it() {
    let (url, service) = echo().await;
    let upstream = |config: &mut gateway::Config| {
        config.upstreams.insert("workspace".into(), url.parse().unwrap());
    };
    let front = Front::start_with(Form::Elsewhere, upstream).await;
    let mut stream = ask(&front, "good").await;
    let head = until(&mut stream, "hello").await;
    assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
    let head = head.to_ascii_lowercase();
    assert!(head.contains("upgrade: websocket") && head.contains("sec-websocket-accept: abc"), "{head}");
    for word in ["one", "two"] {
        stream.write_all(word.as_bytes()).await.unwrap();
        until(&mut stream, &word.to_ascii_uppercase()).await;
    }
    drop(stream);
    let asked = service.await.unwrap().to_ascii_lowercase();
    assert!(asked.starts_with("get /proxy/api/kernels ") && asked.contains("upgrade: websocket"), "{asked}");
    assert!(!asked.contains("remote_user"), "{asked}");
    front.stop().await;
}

#[tokio::test]
async fn an_open_websocket_does_not_hold_up_the_end_of_the_gateway() {
    let (url, service) = echo().await;
    let upstream = |config: &mut gateway::Config| {
        config.upstreams.insert("workspace".into(), url.parse().unwrap());
    };
    let front = Front::start_with(Form::Elsewhere, upstream).await;
    let mut stream = ask(&front, "good").await;
    until(&mut stream, "hello").await;
    tokio::time::timeout(Duration::from_secs(10), front.stop()).await.expect("it waits for the tunnel");
    let mut rest = Vec::new();
    assert_eq!(stream.read_to_end(&mut rest).await.unwrap(), 0);
    service.await.unwrap();
}

#[tokio::test]
async fn who_may_not_pass_gets_no_websocket() {
    let front = Front::start(Form::Elsewhere).await;
    let mut stream = ask(&front, "other").await;
    let head = until(&mut stream, "\r\n\r\n").await;
    assert!(head.starts_with("HTTP/1.1 302 "), "{head}");
    front.stop().await;
}
