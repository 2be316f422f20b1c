//! Telling what never ends by itself, such as a tunnel, that the server stops.

use actix_web::HttpRequest;
use tokio::sync::watch;

/// What the server says to its requests.
#[derive(Debug)]
pub(super) struct Stop(watch::Sender<bool>);

/// What a request hears of it.
#[derive(Debug, Clone)]
pub(super) struct Stops(watch::Receiver<bool>);

impl Stops {
    /// Whether the server stops.
    pub(super) fn have_come(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the server begins to stop. One whose handle is gone goes on.
    pub(super) async fn come(mut self) {
        if self.0.wait_for(|stops| *stops).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

impl Stop {
    pub(super) fn new() -> (Self, Stops) {
        let (sender, receiver) = watch::channel(false);
        (Self(sender), Stops(receiver))
    }

    pub(super) fn now(&self) {
        self.0.send_replace(true);
    }
}

/// Returns when the server to which `request` came begins to stop, and waits for its requests. An answer that
/// has no end of its own ends then.
pub fn stopping(request: &HttpRequest) -> impl Future<Output = ()> + 'static {
    let stops = request.conn_data::<Stops>().cloned();
    async move {
        match stops {
            // A server that is gone has stopped, too.
            Some(mut stops) => drop(stops.0.wait_for(|stops| *stops).await),
            None => std::future::pending().await,
        }
    }
}
