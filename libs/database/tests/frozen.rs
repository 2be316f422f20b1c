//! What requests see of a server that vanishes without a word, on the real thing behind a proxy: the network
//! takes what is sent, and nothing comes back.

#![expect(clippy::unwrap_used, reason = "tests panic")]

mod server;

use std::{
    net::Ipv4Addr,
    time::{Duration, Instant},
};

use database::Work;
use postgres::Postgres;
use sqlx::{PgPool, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

/// Ten seconds without a word, those between two looks, and a try to connect that comes to nothing.
const BOUND: Duration = Duration::from_secs(17);

/// Passes connections on to `server` until it is told to be silent: those that there are then are silent for
/// ever, and so are new ones as long as that lasts.
struct Proxy {
    port: u16,
    silent: watch::Sender<bool>,
}

impl Proxy {
    async fn to(server: &PgConnectOptions) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (silent, told) = watch::channel(false);
        let server = server.clone();
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                tokio::spawn(pass(near, server.clone(), told.clone()));
            }
        });
        Self { port, silent }
    }
}

async fn pass(mut near: TcpStream, server: PgConnectOptions, mut silent: watch::Receiver<bool>) {
    if !*silent.borrow_and_update() {
        let passed = async {
            match server.get_socket() {
                Some(folder) => {
                    let path = folder.join(format!(".s.PGSQL.{}", server.get_port()));
                    let mut far = UnixStream::connect(path).await.unwrap();
                    copy_bidirectional(&mut near, &mut far).await
                }
                None => {
                    let mut far = TcpStream::connect((server.get_host(), server.get_port())).await.unwrap();
                    copy_bidirectional(&mut near, &mut far).await
                }
            }
        };
        tokio::select! {
            _ = passed => return,
            _ = silent.changed() => {}
        }
    }
    let mut taken = [0; 4096];
    while near.read(&mut taken).await.is_ok_and(|read| read > 0) {}
    let _ = near.shutdown().await;
}

async fn server(folder: &std::path::Path) -> Postgres {
    let options = server::options(folder);
    Postgres::start(options).await.unwrap()
}

async fn one(pool: &PgPool) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar("select 1").fetch_one(pool).await
}

#[tokio::test]
async fn who_waits_for_a_server_that_has_vanished_gets_an_error_and_all_goes_on_when_it_is_back() {
    let folder = tempfile::tempdir().unwrap();
    let server = server(folder.path()).await;
    let direct = server.connect_options("postgres");
    let proxy = Proxy::to(&direct).await;
    let options = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(proxy.port)
        .username("commons")
        .password("secret")
        .database("postgres");
    let pool = database::pool(options.clone(), Work::Large, 3);
    let mut lookout = database::look_after(vec![pool.clone()]);
    let mut own = database::connect(&options, Work::Large).await.unwrap();
    assert_eq!(one(&pool).await.unwrap(), 1);

    // Each holds a connection at the moment at which the server vanishes: in the middle of a statement, with
    // a transaction that goes on later, and beside any pool.
    let asking = tokio::spawn({
        let pool = pool.clone();
        async move { sqlx::query("select pg_sleep(600)").execute(&pool).await }
    });
    let beside = tokio::spawn(async move { sqlx::query("select pg_sleep(600)").execute(&mut own).await });
    let mut transaction = pool.begin().await.unwrap();
    sqlx::query("select 1").execute(&mut *transaction).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    proxy.silent.send_replace(true);
    let begun = Instant::now();
    let committed = sqlx::query("select 1").execute(&mut *transaction).await;
    assert!(matches!(committed, Err(sqlx::Error::Io(_))), "{committed:?}");
    for waiting in [asking, beside] {
        let answer = waiting.await.unwrap();
        assert!(matches!(answer, Err(sqlx::Error::Io(_))), "{answer:?}");
    }
    assert!(begun.elapsed() < BOUND, "{:?}", begun.elapsed());
    drop(transaction);

    // Nobody waits from now on.
    lookout.away().await;
    let refused = one(&pool).await;
    assert!(matches!(&refused, Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::NotFound));

    proxy.silent.send_replace(false);
    lookout.there().await;
    // All three: none is kept by somebody who will never give it back.
    let mut taken = Vec::new();
    for _ in 0..3 {
        taken.push(pool.acquire().await.unwrap());
    }
    assert_eq!(sqlx::query_scalar::<_, i32>("select 1").fetch_one(&mut *taken[2]).await.unwrap(), 1);
    drop(taken);
    server.stop().await;
}
