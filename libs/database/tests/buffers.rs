//! What a large statement leaves behind.

#![expect(clippy::unwrap_used, reason = "tests panic")]

mod server;

use database::Work;
use postgres::Postgres;

/// Memory that is freed in such pieces goes back to the system at once, whatever was freed before.
const LARGE: usize = 40 << 20;
const CONNECTIONS: u32 = 4;

/// Resident memory of this process in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.split_whitespace().next().unwrap().parse::<usize>().unwrap() << 10
}

#[tokio::test]
async fn connections_do_not_keep_the_memory_of_large_statements() {
    let folder = tempfile::tempdir().unwrap();
    let server = Postgres::start(server::options(folder.path())).await.unwrap();
    let pool = database::pool(server.connect_options("postgres"), Work::Large, CONNECTIONS);
    let before = resident();
    // All of them are used, because none comes back before the last one has been taken.
    let mut taken = Vec::new();
    for _ in 0..CONNECTIONS {
        let mut connection = pool.acquire().await.unwrap();
        let length: i32 = sqlx::query_scalar("select length($1)")
            .bind("x".repeat(LARGE))
            .fetch_one(&mut *connection)
            .await
            .unwrap();
        assert_eq!(usize::try_from(length).unwrap(), LARGE);
        taken.push(connection);
    }
    let grown = |now: usize| now.saturating_sub(before) / LARGE;
    assert!(grown(resident()) >= CONNECTIONS as usize / 2, "a connection that is at work keeps its buffer");
    drop(taken);
    // They go back in tasks of their own.
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while grown(resident()) >= 2 {
        assert!(std::time::Instant::now() < end, "{} buffers are still there", grown(resident()));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    server.stop().await;
}
