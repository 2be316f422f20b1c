//! The operations that clear away what is over.

use std::sync::Arc;

use async_trait::async_trait;
use fence::Fence;
use serde_json::{Map, Value, json};
use sqlx::PgPool;
use workqueue::{Failed, Kind, Work};

use super::params::only;

pub(super) const ACCESS: &str = "expired-access";
pub(super) const CLIENTS: &str = "expired-clients";

/// Forgets revoked tokens that are over, and gives up uploads that nobody ends.
pub(crate) struct ExpiredAccess {
    pub(crate) fence: Arc<Fence>,
    pub(crate) pool: PgPool,
}

#[async_trait]
impl Kind for ExpiredAccess {
    fn name(&self) -> &'static str {
        ACCESS
    }

    fn purpose(&self) -> &'static str {
        "Forget revoked tokens that are over, and give up uploads in parts that nobody will end"
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &[])
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let tokens = fence::forget_tokens(&self.pool).await.map_err(Failed::passing)?;
        work.log(format!("{tokens} revoked tokens were forgotten"));
        let uploads = self.fence.give_up_unfinished().await.map_err(Failed::passing)?;
        work.log(format!("{uploads} uploads were given up"));
        Ok(json!({ "tokens_forgotten": tokens, "uploads_given_up": uploads }))
    }
}

/// Deletes OAuth clients that have expired.
pub(crate) struct ExpiredClients(pub(crate) PgPool);

#[async_trait]
impl Kind for ExpiredClients {
    fn name(&self) -> &'static str {
        CLIENTS
    }

    fn purpose(&self) -> &'static str {
        "Delete OAuth clients that have expired"
    }

    fn check(&self, params: &Map<String, Value>) -> Result<(), String> {
        only(params, &[])
    }

    async fn run(&self, work: &Arc<Work>) -> Result<Value, Failed> {
        let deleted = fence::clients::delete_expired(&self.0).await.map_err(Failed::passing)?;
        for client in &deleted {
            work.log(format!("{} ({}) has expired and was deleted", client.name, client.client_id));
        }
        Ok(json!({ "clients_deleted": deleted.len() }))
    }
}
