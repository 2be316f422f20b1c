//! Many clients who write the same records at the same time.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{Running, guid, record};

const CLIENTS: usize = 64;
const RECORDS: usize = 100;
/// `CONTENTION_SECONDS=30` is the full proof.
const SECONDS: u64 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn of_64_clients_who_write_the_same_records_none_loses_what_another_has_written() {
    let indexd = &Running::new().await;
    for n in 0..RECORDS {
        indexd.create(record(n, json!({"metadata": {"count": "0"}}))).await;
    }
    let seconds = std::env::var("CONTENTION_SECONDS").ok().and_then(|text| text.parse().ok());
    let end = Instant::now() + Duration::from_secs(seconds.unwrap_or(SECONDS));
    // Each reads a record and adds one to its number, if nobody was faster.
    let clients = (0..CLIENTS).map(|client| async move {
        let (mut written, mut too_late) = ([0_u64; RECORDS], 0_u64);
        let mut step = client;
        while Instant::now() < end {
            step = step.wrapping_mul(31).wrapping_add(7);
            let n = step % RECORDS;
            let path = format!("/index/{}", guid(n));
            let read = indexd.get(&path).await;
            if read.status == 503 {
                continue;
            }
            let read = read.json();
            let count: u64 = read["metadata"]["count"].as_str().expect("a text").parse().expect("a number");
            let rev = read["rev"].as_str().expect("a rev");
            let body = json!({"metadata": {"count": (count + 1).to_string()}});
            let answer = indexd.send(Method::PUT, &format!("{path}?rev={rev}"), Some(body)).await;
            match answer.status {
                200 => written[n] += 1,
                409 => too_late += 1,
                503 => {}
                _ => panic!("{answer:?}"),
            }
        }
        (written, too_late)
    });
    let outcomes = join_all(clients).await;
    let mut all = 0;
    for n in 0..RECORDS {
        let written: u64 = outcomes.iter().map(|(written, _)| written[n]).sum();
        let count = indexd.get(&format!("/index/{}", guid(n))).await.json()["metadata"]["count"].clone();
        assert_eq!(count, json!(written.to_string()), "record {n}");
        all += written;
    }
    let too_late: u64 = outcomes.iter().map(|(_, too_late)| too_late).sum();
    println!("{all} writes, and {too_late} that came too late");
    assert!(all > 0);
}
