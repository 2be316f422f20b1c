//! Who works on a user's workspace works on it alone, among all processes.

use sqlx::{Connection as _, PgConnection, PgPool};

/// The turn of one who works on a user's workspace. It is a lock of a connection of its own, so that it ends
/// however its process ends.
#[derive(Debug)]
pub(crate) struct Turn {
    connection: PgConnection,
}

impl Turn {
    /// Takes the turn, if nobody has it.
    pub(crate) async fn take(pool: &PgPool, username: &str) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = pool.acquire().await?.detach();
        let is_free: bool =
            sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended('workspace of ' || $1, 0))")
                .bind(username)
                .fetch_one(&mut connection)
                .await?;
        Ok(is_free.then_some(Self { connection }))
    }

    /// The connection, for what is written during the turn.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Gives it back.
    pub(crate) async fn end(self) {
        // Without an answer the server notices the end of the connection by itself.
        let _ = self.connection.close().await;
    }
}
