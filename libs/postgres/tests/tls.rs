//! Encrypted connections, with a certificate made for the test.

#![expect(clippy::unwrap_used, reason = "tests panic")]

use std::{net::TcpListener, time::Duration};

use postgres::{Durability, Options, Postgres};
use sqlx::{
    Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

/// A certificate for this machine that nobody has signed but itself, and its key: PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

/// Has the server write a file of its own, which only it can read, into its data folder.
async fn write(connection: &mut PgConnection, pem: &str, copy: &'static str) {
    sqlx::raw_sql("drop table if exists pem; create temp table pem (line text)")
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query("insert into pem select unnest(string_to_array($1, chr(10)))")
        .bind(pem)
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::raw_sql(copy).execute(connection).await.unwrap();
}

async fn is_encrypted(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    let mut connection = PgConnection::connect_with(options).await?;
    let ssl = sqlx::query_scalar("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
    let ssl = ssl.fetch_one(&mut connection).await?;
    connection.close().await?;
    Ok(ssl)
}

#[tokio::test]
async fn connections_are_encrypted_and_the_server_is_checked_where_that_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = Postgres::start(Options {
        data: folder.path().join("postgres"),
        log: folder.path().join("postgres.log"),
        port: Some(port),
        loopback: true,
        password: "secret".into(),
        durability: Durability::None,
        remove_afterwards: None,
        max_connections: 20,
    })
    .await
    .unwrap();
    let plain = PgConnectOptions::new_without_pgpass()
        .host("127.0.0.1")
        .port(server.port())
        .username("commons")
        .password("secret")
        .database("postgres")
        .ssl_mode(PgSslMode::Disable);
    assert!(is_encrypted(&plain.clone().ssl_mode(PgSslMode::Require)).await.is_err());

    let (certificate_of_server, key) = certificate();
    let mut connection = PgConnection::connect_with(&plain).await.unwrap();
    write(&mut connection, &certificate_of_server, "copy pem to program 'umask 077; cat > server.crt'").await;
    write(&mut connection, &key, "copy pem to program 'umask 077; cat > server.key'").await;
    sqlx::raw_sql("alter system set ssl = on").execute(&mut connection).await.unwrap();
    sqlx::raw_sql("select pg_reload_conf()").execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let required = plain.clone().ssl_mode(PgSslMode::Require);
    for _ in 0..100 {
        if is_encrypted(&required).await.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(is_encrypted(&required).await.unwrap());
    // What `sslmode=prefer`, the default of a URL, comes to.
    assert!(is_encrypted(&plain.clone().ssl_mode(PgSslMode::Prefer)).await.unwrap());
    let checked = plain.clone().ssl_mode(PgSslMode::VerifyFull);
    let known = checked.clone().ssl_root_cert_from_pem(certificate_of_server.into_bytes());
    assert!(is_encrypted(&known).await.unwrap());
    let (another, _) = certificate();
    assert!(is_encrypted(&checked.ssl_root_cert_from_pem(another.into_bytes())).await.is_err());
    server.stop().await;
}
