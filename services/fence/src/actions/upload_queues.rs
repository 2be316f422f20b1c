//! Queues in which stores tell of uploads. What a message tells is noted in the table of uploads before the
//! message is deleted, so that nothing is lost; a message that comes twice changes nothing.

use std::{collections::BTreeSet, error::Error as _, sync::Arc, time::Duration};

use aws::{Queue, QueueError, Received};
use tokio_util::sync::CancellationToken;

use crate::{
    error::Error,
    identity::teller::Teller,
    service::Fence,
    upload_events::{Message, Topics, read_queued},
};

/// A message that nobody understands stays, so that the queue's own policy may set it aside; when it has come
/// so often, the queue has no such policy, and it is deleted.
const MOST_TIMES: u32 = 10;
/// The wait after a failure; each further one doubles it.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Why messages stay in their queue.
#[derive(Debug, thiserror::Error)]
enum Unheard {
    #[error("the queue failed")]
    Queue(#[from] QueueError),
    #[error("what the messages tell cannot be noted")]
    Notes(#[from] Error),
}

impl Fence {
    /// Notes the uploads of which the messages of `queue` tell, until `stopping` says that it is enough.
    pub(crate) async fn hear_queue(self: Arc<Self>, queue: Queue, stopping: CancellationToken) {
        let mut wait = FIRST_WAIT;
        loop {
            // What is received and not noted comes again.
            let heard = tokio::select! {
                () = stopping.cancelled() => return,
                received = queue.receive() => match received {
                    Ok(messages) => self.hear_messages(&queue, messages).await,
                    Err(error) => Err(error.into()),
                },
            };
            let Err(error) = heard else {
                wait = FIRST_WAIT;
                continue;
            };
            tracing::warn!(
                queue = queue.url().as_str(),
                error = &error as &dyn std::error::Error,
                wait_ms = wait.as_millis(),
                "a queue that tells of uploads cannot be heard, trying again"
            );
            tokio::select! {
                () = stopping.cancelled() => return,
                () = tokio::time::sleep(wait) => {}
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Notes what `messages` tell, in one statement, and then deletes them.
    async fn hear_messages(&self, queue: &Queue, messages: Vec<Received>) -> Result<(), Unheard> {
        let teller = Teller::of_queue(queue);
        let (mut urls, mut understood) = (BTreeSet::new(), Vec::new());
        for message in messages {
            match self.understand(&teller, &message).await {
                Ok(told) => {
                    urls.extend(told);
                    understood.push(message);
                }
                Err(reason) if message.times < MOST_TIMES => {
                    tracing::warn!(message.id, reason, "a message of the queue of uploads stays there");
                }
                Err(reason) => {
                    tracing::error!(
                        message.id,
                        reason,
                        "a message of the queue of uploads is deleted unread"
                    );
                    understood.push(message);
                }
            }
        }
        self.uploads_are_there(&teller, urls).await?;
        Ok(queue.delete(&understood).await?)
    }

    /// The objects that a message names, or why it says nothing.
    async fn understand(&self, teller: &Teller, message: &Received) -> Result<BTreeSet<String>, String> {
        let settings = &self.config.upload_indexing;
        let topics = Topics { names: &settings.sns_topics, endpoint: settings.sns_endpoint.as_ref() };
        match read_queued(message.body.as_bytes(), topics).map_err(|refused| refused.to_string())? {
            Message::Uploaded(urls) => Ok(urls),
            Message::Confirm(address) => {
                let confirmed = self.confirm_subscription(teller, address).await;
                let cause =
                    |error: Error| error.source().map_or_else(|| error.to_string(), ToString::to_string);
                confirmed.map(|()| BTreeSet::new()).map_err(cause)
            }
            Message::Repeat(_) => Ok(BTreeSet::new()),
        }
    }
}
