//! Logs: as they are, and followed while they grow.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use actix_web::web::Bytes;
use futures_util::{Stream, stream};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, sleep},
};

use crate::{access::MaySee, event, problem::Problem, service::Operations};

/// Lines of a log that are read in one statement.
const LINES: u32 = 1_000;
/// How often it is looked for new lines.
const LOOK: Duration = Duration::from_millis(700);
/// A quiet connection says something after this time.
const QUIET: Duration = Duration::from_secs(15);

/// Who follows a log.
struct Follower {
    operations: Arc<Operations>,
    permit: MaySee,
    after: i64,
    until: Instant,
    waiting: VecDeque<Bytes>,
    is_over: bool,
    _place: OwnedSemaphorePermit,
}

impl Operations {
    /// All lines so far, each with its time.
    pub(crate) fn log(
        self: Arc<Self>,
        permit: MaySee,
    ) -> impl Stream<Item = Result<Bytes, sqlx::Error>> + use<> {
        stream::try_unfold((self, permit, Some(0)), |(operations, permit, after)| async move {
            let Some(after) = after else { return Ok(None) };
            let lines = operations.queue.log(permit.run().id, after, LINES).await?;
            let mut text = String::new();
            for line in &lines {
                let told = line.told.to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
                text.extend([&told, " ", &line.line, "\n"]);
            }
            let next = lines.last().filter(|_| lines.len() == LINES as usize).map(|line| line.number);
            Ok(Some((Bytes::from(text), (operations, permit, next))))
        })
    }

    /// The lines after the one numbered `after` as events, until the run ends or the time is over.
    ///
    /// # Errors
    /// 429 when too many follow.
    pub(crate) fn follow(
        self: Arc<Self>,
        permit: MaySee,
        after: i64,
    ) -> Result<impl Stream<Item = Result<Bytes, sqlx::Error>> + use<>, Problem> {
        let place = self.followers.clone().try_acquire_owned();
        let place = place.map_err(|_| Problem::TooMany("too many follow logs now; try again in a minute"))?;
        let until = Instant::now() + self.config.follow;
        let (waiting, is_over) = (VecDeque::new(), false);
        let follower = Follower { operations: self, permit, after, until, waiting, is_over, _place: place };
        Ok(stream::try_unfold(follower, |mut follower| async move {
            Ok(follower.next().await?.map(|bytes| (bytes, follower)))
        }))
    }
}

impl Follower {
    async fn next(&mut self) -> Result<Option<Bytes>, sqlx::Error> {
        let quiet = Instant::now() + QUIET;
        loop {
            if let Some(bytes) = self.waiting.pop_front() {
                return Ok(Some(bytes));
            }
            if self.is_over || Instant::now() > self.until {
                return Ok(None);
            }
            // The state first: what is written with the end is in the log then.
            let state = self.operations.state(&self.permit).await?;
            let lines = self.operations.queue.log(self.permit.run().id, self.after, LINES).await?;
            if let Some(last) = lines.last() {
                self.after = last.number;
                self.waiting.push_back(Bytes::from(event::lines(&lines)));
            }
            let has_all = lines.len() < LINES as usize;
            if state.is_end() && has_all {
                self.waiting.push_back(Bytes::from(event::end(state)));
                self.is_over = true;
            } else if lines.is_empty() {
                if Instant::now() > quiet {
                    return Ok(Some(Bytes::from_static(event::NOTHING.as_bytes())));
                }
                sleep(LOOK).await;
            }
        }
    }
}
