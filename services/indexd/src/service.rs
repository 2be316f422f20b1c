//! indexd as one of the services of a commons.

use std::{error::Error as _, sync::Arc};

use actix_web::web::ServiceConfig;
use async_trait::async_trait;
use web::Service;

use crate::{Indexd, routes, store::health};

#[async_trait]
impl Service for Indexd {
    fn name(&self) -> &'static str {
        "indexd"
    }

    fn configure(self: Arc<Self>, config: &mut ServiceConfig) {
        routes::configure(self, config);
    }

    async fn ready(&self) -> Result<(), String> {
        health::check(&self.pool)
            .await
            .map_err(|error| format!("the index database does not answer: {error}"))?;
        let layout = self.layout().await.map(drop);
        layout.map_err(|error| error.source().map_or_else(|| error.to_string(), ToString::to_string))
    }
}
