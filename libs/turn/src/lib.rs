//! Who works on something works on it alone, among all processes.

use sqlx::{Connection as _, PgConnection, PgPool};

/// The turn of one who works on something. It is a lock of a connection of its own, so that it ends however
/// its process ends.
#[derive(Debug)]
pub struct Turn {
    connection: PgConnection,
}

impl Turn {
    /// Takes the turn at `what`, if nobody has it.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn take(pool: &PgPool, what: &str) -> Result<Option<Self>, sqlx::Error> {
        let mut connection = pool.acquire().await?.detach();
        let is_free: bool = sqlx::query_scalar("select pg_try_advisory_lock(hashtextextended($1, 0))")
            .bind(what)
            .fetch_one(&mut connection)
            .await?;
        Ok(is_free.then_some(Self { connection }))
    }

    /// The connection, for what is written during the turn.
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// Gives it back.
    pub async fn end(self) {
        // Without an answer the server notices the end of the connection by itself.
        let _ = self.connection.close().await;
    }
}
