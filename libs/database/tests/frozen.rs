//! A peer that is there and says nothing any more, as when a cable is pulled: a proxy that stops forwarding.

#![expect(clippy::unwrap_used, reason = "tests panic")]

use std::time::{Duration, Instant};

use database::Work;
use postgres::{Durability, Options, Postgres};
use sqlx::{Connection as _, Executor as _, PgConnection};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Forwards connections to `port` until it is frozen, and then keeps them open; its own port.
async fn proxy(port: u16, frozen: watch::Receiver<bool>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            let (client, server) = (client.into_split(), server.into_split());
            tokio::spawn(forward(client.0, server.1, frozen.clone()));
            tokio::spawn(forward(server.0, client.1, frozen.clone()));
        }
    });
    own
}

async fn forward(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<bool>,
) {
    let mut bytes = [0; 8192];
    loop {
        let read = tokio::select! {
            read = from.read(&mut bytes) => read.unwrap_or(0),
            _ = frozen.wait_for(|frozen| *frozen) => std::future::pending().await,
        };
        if read == 0 || to.write_all(&bytes[..read]).await.is_err() {
            return;
        }
    }
}

#[tokio::test]
async fn a_frozen_peer_loses_its_lock_and_who_waits_for_it_is_told_to_come_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(Options {
        data: folder.path().join("postgres"),
        log: folder.path().join("postgres.log"),
        port: None,
        password: "secret".into(),
        durability: Durability::None,
        remove_afterwards: None,
        max_connections: 20,
    })
    .await
    .unwrap();
    let direct = server.connect_options("postgres");
    let mut connection = PgConnection::connect_with(&direct).await.unwrap();
    // The limits of the program take half a minute and a minute; an operator's have precedence.
    connection
        .execute(
            "alter role commons set lock_timeout = '1s'; \
             alter role commons set idle_in_transaction_session_timeout = '4s'; \
             create table projects (code text); insert into projects values ('a')",
        )
        .await
        .unwrap();

    let (freeze, frozen) = watch::channel(false);
    let proxied = direct.clone().port(proxy(server.port(), frozen).await);
    let pool = database::pool(proxied, Work::Large, 2);
    let mut held = pool.begin().await.unwrap();
    held.execute("select code from projects for update").await.unwrap();
    freeze.send_replace(true);
    let begun = Instant::now();

    let mut other = database::connect(&direct, Work::Large).await.unwrap();
    let refused = other.execute("select code from projects for update").await.unwrap_err();
    assert_eq!(refused.as_database_error().unwrap().code().as_deref(), Some("55P03"));
    loop {
        match other.execute("select code from projects for update").await {
            Ok(_) => break,
            Err(error) => assert!(begun.elapsed() < Duration::from_secs(15), "{error}"),
        }
    }
    // Nor does a request on the frozen side wait for ever, or those after it.
    let refused = tokio::time::timeout(Duration::from_secs(20), async {
        database::promptly(async { pool.acquire().await }).await
    });
    assert!(refused.await.expect("in time").is_err());
    server.stop().await;
}
