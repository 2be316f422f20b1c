//! One private PostgreSQL a test process; one database a test, cloned from a prepared template.

use std::collections::HashMap;

use postgres::{Durability, Options, Postgres};
use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio::sync::{Mutex, OnceCell};

static SERVER: OnceCell<TestServer> = OnceCell::const_new();

struct TestServer {
    postgres: Postgres,
    /// Template name to database name, made once; the lock also serialises cloning, which PostgreSQL
    /// refuses to do twice at once from one template.
    templates: Mutex<HashMap<String, String>>,
}

/// A database of a test's own.
pub struct TestDatabase {
    /// Connection URL.
    pub url: String,
    /// Connected pool.
    pub pool: PgPool,
    /// How to connect.
    pub options: PgConnectOptions,
}

impl TestDatabase {
    /// A fresh clone of the template `template`, which `migrate` prepares when the process first asks for it.
    ///
    /// # Panics
    /// When PostgreSQL cannot be started (the message says how to get it) or `migrate` fails.
    pub async fn new<F>(template: &str, migrate: F) -> Self
    where
        F: AsyncFnOnce(&PgPool) -> anyhow::Result<()>,
    {
        let server = SERVER.get_or_init(start).await;
        let mut templates = server.templates.lock().await;
        let template_database = match templates.get(template) {
            Some(name) => name.clone(),
            None => {
                let name = format!("template_{}", templates.len());
                server.create(&name, "template1").await;
                let pool = server.pool(&name).await;
                migrate(&pool).await.expect("the template database can be migrated");
                pool.close().await;
                templates.insert(template.to_owned(), name.clone());
                name
            }
        };
        let name = format!("test_{}", next_number());
        server.create(&name, &template_database).await;
        drop(templates);
        let pool = server.pool(&name).await;
        Self { url: server.postgres.url(&name), pool, options: server.postgres.connect_options(&name) }
    }

    /// An empty database.
    pub async fn empty() -> Self {
        Self::new("empty", async |_| Ok(())).await
    }
}

impl TestServer {
    async fn create(&self, name: &str, template: &str) {
        let mut connection = PgConnection::connect_with(&self.postgres.connect_options("postgres"))
            .await
            .expect("the test server answers");
        let statement = format!("create database {name} template {template} strategy wal_log");
        execute(&mut connection, statement).await;
        let _ = connection.close().await;
    }

    async fn pool(&self, name: &str) -> PgPool {
        PgPoolOptions::new()
            .max_connections(8)
            .connect_with(self.postgres.connect_options(name))
            .await
            .expect("the new database answers")
    }
}

#[expect(clippy::disallowed_methods, reason = "names made here, in tests")]
async fn execute(connection: &mut PgConnection, statement: String) {
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(connection)
        .await
        .expect("a database can be created");
}

fn next_number() -> String {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::Relaxed).to_string()
}

/// A server of the test's own, for what concerns whole servers: roles, settings. It lives as long as the
/// value.
///
/// # Panics
/// When PostgreSQL cannot be started; the message says how to get it.
pub async fn own_server() -> Postgres {
    match Postgres::start(options(20)).await {
        Ok(postgres) => postgres,
        Err(error) => panic!("{error}"),
    }
}

fn options(max_connections: u16) -> Options {
    let folder = tempfile::Builder::new().prefix("commons-test-").tempdir().expect("a folder").keep();
    Options {
        data: folder.join("data"),
        log: folder.join("postgres.log"),
        port: None,
        loopback: false,
        password: "test".into(),
        durability: Durability::None,
        remove_afterwards: Some(folder),
        max_connections,
    }
}

async fn start() -> TestServer {
    // Each test has a runtime of its own; the server's pipe must outlive the first one, so it is started on
    // a runtime that lives as long as the process.
    let (sender, receiver) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let started = Postgres::start(options(300)).await;
            let _ = sender.send(started);
            std::future::pending::<()>().await;
        });
    });
    match receiver.await.expect("the starting thread answers") {
        Ok(postgres) => TestServer { postgres, templates: Mutex::new(HashMap::new()) },
        Err(error) => panic!("{error}"),
    }
}
