//! What Elasticsearch 8 and 9 do differently, on a server of the test's own: neither was at hand, so its
//! answers have the forms that are known of them, and no server of these versions is asked. They want no
//! header of their own from a client that sends and accepts `application/json`, mark themselves by
//! `X-elastic-product`, and have `_pit` with ids that change.

#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};

use futures_util::StreamExt;
use search::{Engine, Query, Search, SearchError, Source};
use searchserver::{Identity, Server, Settings};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// What was asked: its first line, its headers and its body.
type Asked = Arc<Mutex<Vec<(String, String, String)>>>;

/// Answers in turn, one connection each.
async fn server(answers: Vec<(u16, Value)>) -> (String, Asked) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = Asked::default();
    let seen = asked.clone();
    tokio::spawn(async move {
        for (status, body) in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read(&mut stream).await;
            seen.lock().unwrap().push(request);
            let body = body.to_string();
            // As they answer since 8.5: in chunks, of unknown length.
            let head = format!(
                "HTTP/1.1 {status} X\r\nX-elastic-product: Elasticsearch\r\n\
                 content-type: application/json\r\n\
                 connection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            );
            let body = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
            stream.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
            stream.shutdown().await.ok();
        }
    });
    (address, asked)
}

async fn read(stream: &mut TcpStream) -> (String, String, String) {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                let (line, headers) = head.split_once("\r\n").unwrap_or((head, ""));
                return (line.to_owned(), headers.to_lowercase(), body.to_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap() == 0 {
            return Default::default();
        }
    }
}

async fn connect(address: &str) -> Server {
    let mut settings = Settings::read(address).unwrap();
    settings.identity = Identity::ApiKey("a2V5".into());
    connect_with(settings).await
}

async fn connect_with(settings: Settings) -> Server {
    // For the process, as its program does it: whichever test comes first.
    drop(rustls::crypto::aws_lc_rs::default_provider().install_default());
    Server::connect(settings).await.unwrap()
}

fn information() -> Value {
    json!({
        "name": "instance-0", "cluster_name": "c", "cluster_uuid": "u",
        "version": {"number": "9.1.0", "build_flavor": "default", "lucene_version": "10.2.2"},
        "tagline": "You Know, for Search",
    })
}

fn hits(ids: &[&str]) -> Value {
    let hit = |(place, id): (usize, &&str)| -> Value {
        json!({"_index": "case", "_id": id, "_score": null, "_source": {}, "sort": [place]})
    };
    let hits: Vec<_> = ids.iter().enumerate().map(hit).collect();
    json!({
        "took": 1, "timed_out": false, "_shards": {"total": 1, "successful": 1, "skipped": 0, "failed": 0},
        "hits": {"total": {"value": ids.len(), "relation": "eq"}, "max_score": null, "hits": hits},
    })
}

#[tokio::test]
async fn nine_is_asked_as_seven_is() {
    let (address, asked) =
        server(vec![(200, information()), (200, json!({"responses": [hits(&["1", "2"])]}))]).await;
    let server = connect(&address).await;
    let information = server.information().await.unwrap();
    assert_eq!((information.kind.as_str(), information.version.as_str()), ("elasticsearch", "9.1.0"));
    let found = server.search("case", &Search::new(Query::All)).await.unwrap();
    assert_eq!((found.total, found.hits.len()), (2, 2));
    let asked = asked.lock().unwrap().clone();
    assert_eq!(asked[1].0, "POST /_msearch HTTP/1.1");
    assert!(asked.iter().all(|(_, headers, _)| headers.contains("authorization: apikey a2v5")), "{asked:?}");
    assert!(asked.iter().all(|(_, headers, _)| !headers.contains("compatible-with")), "{asked:?}");
}

#[tokio::test]
async fn a_point_in_time_has_an_id_that_changes_and_is_closed() {
    let page = |ids: &[&str], id: &str| {
        let mut page = hits(ids);
        page["pit_id"] = id.into();
        page
    };
    let answers = vec![
        (200, information()),
        (200, json!({"id": "first", "_shards": {"total": 1, "failed": 0}})),
        (200, page(&["1", "2"], "second")),
        (200, page(&["3"], "third")),
        (200, json!({"succeeded": true, "num_freed": 1})),
    ];
    let (address, asked) = server(answers).await;
    let server = connect(&address).await;
    let mut pages = server.pages("case", &Query::All, &[], &Source::All, 2).await.unwrap();
    let mut ids = Vec::new();
    while let Some(page) = pages.next().await {
        ids.extend(page.unwrap().into_iter().map(|hit| hit.id));
    }
    drop(pages);
    assert_eq!(ids, ["1", "2", "3"]);
    for _ in 0..200 {
        if asked.lock().unwrap().len() == 5 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let asked = asked.lock().unwrap().clone();
    let lines: Vec<_> = asked.iter().map(|(line, ..)| line.as_str()).collect();
    let search = "POST /_search?allow_partial_search_results=false HTTP/1.1";
    assert_eq!(
        lines[1..],
        ["POST /case/_pit?keep_alive=5m HTTP/1.1", search, search, "DELETE /_pit HTTP/1.1"]
    );
    let body = |place: usize| -> Value { serde_json::from_str(&asked[place].2).unwrap() };
    assert_eq!(body(2)["pit"]["id"], "first");
    assert_eq!(
        (body(3)["pit"]["id"].clone(), body(3)["search_after"].clone()),
        (json!("second"), json!([1]))
    );
    assert_eq!(body(4), json!({"id": "third"}));
}

#[tokio::test]
async fn the_next_server_answers_where_one_is_away() {
    let (address, _) = server(vec![(200, information())]).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let server = connect(&format!("{closed},{address}")).await;
    assert_eq!(server.information().await.unwrap().version, "9.1.0");
    let nobody = connect(&closed.to_string()).await;
    let error = nobody.information().await.unwrap_err();
    assert!(matches!(error, SearchError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn an_answer_that_is_too_long_is_not_kept() {
    let ids: Vec<String> = (0..1000).map(|id| id.to_string()).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (address, _) = server(vec![(200, json!({"responses": [hits(&ids)]}))]).await;
    let settings = Settings { longest_answer: 1000, ..Settings::read(&address).unwrap() };
    let server = connect_with(settings).await;
    let error = server.search("case", &Search::new(Query::All)).await.unwrap_err();
    assert!(matches!(&error, SearchError::Refused(reason) if reason.contains("1000 bytes")), "{error:?}");
}
