//! Following [`crate::life`] until there is nothing to do about a workspace, or somebody has to be waited
//! for.

use apikeys::KeyId;
use executor::{Executor, Running, Seen};
use turn::Turn;

use crate::{
    error::Error,
    life::{self, Allowed, Phase, Step},
    model::Stored,
    service::Workspaces,
    store::rows,
};

/// More steps than this are taken about one workspace only at the next look.
const MOST_STEPS: usize = 8;

impl Workspaces {
    /// Does what there is to do about the workspace of this user, if nobody else works on it.
    pub(crate) async fn settle(&self, username: &str) -> Result<(), Error> {
        let Some(executor) = self.executor.clone() else { return Ok(()) };
        let Some(mut turn) = Turn::take(&self.pool, &turn_of(username)).await? else { return Ok(()) };
        let settled = self.settle_in_turn(&mut turn, username, executor.as_ref()).await;
        turn.end().await;
        settled.map(drop)
    }

    /// As [`Workspaces::settle`], for one whose turn it is; whether nothing is left.
    pub(crate) async fn settle_in_turn(
        &self,
        turn: &mut Turn,
        username: &str,
        executor: &dyn Executor,
    ) -> Result<bool, Error> {
        for _ in 0..MOST_STEPS {
            let Some(row) = rows::by_name(turn.connection(), username).await? else { return Ok(true) };
            let seen = self.seen(executor, &row).await?;
            let step = life::next(row.known(), &seen, self.allowed(&row));
            self.take(turn, executor, &row, step).await?;
            match step {
                Step::Nothing => return Ok(false),
                Step::Forget => return Ok(true),
                Step::End => tracing::info!(workspace = %row.id, seen = seen_word(&seen), "a workspace ends"),
                Step::TakeKeyBack | Step::Remove => {}
            }
        }
        Ok(false)
    }

    async fn take(
        &self,
        turn: &mut Turn,
        executor: &dyn Executor,
        row: &Stored,
        step: Step,
    ) -> Result<(), Error> {
        match step {
            Step::Nothing => {}
            Step::End => rows::end_launch(turn.connection(), row.id).await?,
            Step::TakeKeyBack => {
                let taken = self.keys.take_back(KeyId::of(row.key)).await;
                taken.map_err(|error| Error::Undecided(error.to_string()))?;
                rows::key_taken_back(turn.connection(), row.id).await?;
            }
            Step::Remove => {
                if let Some(workspace) = row.workspace() {
                    executor.stop(&workspace).await?;
                }
            }
            Step::Forget => rows::forget(turn.connection(), row.id).await?,
        }
        Ok(())
    }

    /// A program's own limit counts before ours.
    pub(crate) fn allowed(&self, row: &Stored) -> Allowed {
        let own = row.container.idle.and_then(|millis| u64::try_from(millis).ok());
        let own = own.map(std::time::Duration::from_millis);
        let ours = Some(self.config.limits.idle).filter(|idle| !idle.is_zero());
        Allowed { idle: own.or(ours), stopped: self.config.limits.stopped }
    }

    /// Looks at all workspaces, and at what runs without one. Returns how many are on their way out.
    pub(crate) async fn look_at_all(&self) -> Result<usize, Error> {
        let Some(executor) = self.executor.clone() else { return Ok(0) };
        // Before the rows: what is started after this has its row by then.
        let running = executor.running().await?;
        let rows = rows::all(&mut *self.pool.acquire().await?).await?;
        let mut leaving = 0;
        for row in &rows {
            if let Err(error) = self.look_at(executor.as_ref(), row).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(workspace = %row.id, error, "not looked after");
            }
            leaving += usize::from(row.phase() == Phase::Ending);
        }
        for orphan in running.iter().filter(|found| !rows.iter().any(|row| row.id == found.id)) {
            self.remove_orphan(executor.as_ref(), orphan).await?;
        }
        Ok(leaving)
    }

    async fn look_at(&self, executor: &dyn Executor, row: &Stored) -> Result<(), Error> {
        let seen = self.seen(executor, row).await?;
        let mut known = row.known();
        if seen == Seen::Ready
            && row.phase() == Phase::Running
            && let Some(last) = self.last_use(executor, row).await
        {
            rows::used(&mut *self.pool.acquire().await?, row.id, last).await?;
            known.idle = Some((chrono::Utc::now() - last).to_std().unwrap_or_default());
        }
        match life::next(known, &seen, self.allowed(row)) {
            Step::Nothing => Ok(()),
            _ => self.settle(&row.username).await,
        }
    }

    /// What runs and has no row belongs to nobody.
    async fn remove_orphan(&self, executor: &dyn Executor, orphan: &Running) -> Result<(), Error> {
        let Some(names) = hatchery::Names::of(&orphan.user) else { return Ok(()) };
        let Some(mut turn) = Turn::take(&self.pool, &turn_of(&orphan.user)).await? else { return Ok(()) };
        let row = rows::by_name(turn.connection(), &orphan.user).await?;
        if row.is_none_or(|row| row.id != orphan.id) {
            tracing::warn!(workspace = %orphan.id, "a workspace that nobody knows is removed");
            executor.stop(&executor::Workspace { names, id: orphan.id, port: 0, tls: false }).await?;
        }
        turn.end().await;
        Ok(())
    }
}

/// What one has who works on a user's workspace.
pub(super) fn turn_of(username: &str) -> String {
    format!("workspace of {username}")
}

fn seen_word(seen: &Seen) -> &'static str {
    match seen {
        Seen::Absent => "absent",
        Seen::Starting { .. } => "starting",
        Seen::Ready => "ready",
        Seen::Ended => "ended",
        Seen::Leaving => "leaving",
    }
}
