//! The page that Prometheus reads.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    web::{self, Data},
};
use async_trait::async_trait;

use crate::Measures;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// `GET /metrics`, for a port of its own.
pub struct Page(Measures);

impl Page {
    /// Shows these.
    pub fn new(measures: Measures) -> Arc<Self> {
        Arc::new(Self(measures))
    }
}

async fn metrics(measures: Data<Measures>) -> HttpResponse {
    match measures.text() {
        Ok(text) => HttpResponse::Ok().content_type(OPEN_METRICS).body(text),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "figures cannot be written");
            HttpResponse::InternalServerError().finish()
        }
    }
}

#[async_trait]
impl ::web::Service for Page {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn configure(self: Arc<Self>, config: &mut web::ServiceConfig) {
        config.app_data(Data::new(self.0.clone())).route("/metrics", web::get().to(metrics));
    }

    async fn ready(&self) -> Result<(), String> {
        Ok(())
    }

    fn may_be_dropped(&self) -> bool {
        // It only reads.
        true
    }
}
