//! The audit service in another process.

use std::time::Duration;

use async_trait::async_trait;
use tracecontext::Traced as _;

use crate::{AuditError, AuditLog, Event};

const TIMEOUT: Duration = Duration::from_secs(10);

/// The audit service at a base URL such as `http://audit-service`.
#[derive(Debug, Clone)]
pub struct HttpAuditLog {
    base: String,
    client: reqwest::Client,
}

impl HttpAuditLog {
    /// Writes to the audit service at `base`.
    pub fn new(base: &str, client: reqwest::Client) -> Self {
        Self { base: base.trim_end_matches('/').to_owned(), client }
    }

    async fn post(&self, event: &Event) -> Result<(), AuditError> {
        let request = self.client.post(format!("{}/log/{}", self.base, event.category().name()));
        let request = match event {
            Event::Login(login) => request.json(login),
            Event::PresignedUrl(url) => request.json(url),
        };
        let unavailable = |error: reqwest::Error| AuditError::Unavailable(error.without_url().into());
        let answer = request.timeout(TIMEOUT).traced().send().await.map_err(unavailable)?;
        match answer.status().as_u16() {
            200..=299 => Ok(()),
            status @ 400..=499 => Err(AuditError::Refused(format!("status {status}"))),
            status => Err(AuditError::Unavailable(format!("status {status}").into())),
        }
    }
}

#[async_trait]
impl AuditLog for HttpAuditLog {
    async fn record(&self, events: &[Event]) -> Result<(), AuditError> {
        for event in events {
            self.post(event).await?;
        }
        Ok(())
    }

    /// The service takes one record in a request.
    fn at_once(&self) -> usize {
        1
    }
}
