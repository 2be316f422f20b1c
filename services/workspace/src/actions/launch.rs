//! Launching a workspace.

use apikeys::{ApiKey, KeyError, KeyId};
use executor::{Executor, Launch, Seen};
use hatchery::Memory;
use serde_json::json;
use turn::Turn;
use uuid::Uuid;

use super::settle::turn_of;
use crate::{
    access::{Holder, MayLaunch},
    error::Error,
    life::{self, Status},
    secrets,
    service::Workspaces,
    store::rows,
};

/// The storage of a user where the configuration says nothing.
const USUAL_STORAGE: &str = "10Gi";

impl Workspaces {
    /// Launches the container of this id for the user.
    ///
    /// # Errors
    /// 400 alike for an id that is not known and one that the user may not launch; 409 when there is a
    /// workspace; 503 when there are too many; 500 with the reason when it cannot be started.
    pub(crate) async fn launch(&self, holder: &Holder, id: &str) -> Result<(), Error> {
        let unknown = || Error::BadRequest(format!("Invalid 'id' parameter '{id}'"));
        let container = self.config.hatchery.container(id).ok_or_else(unknown)?;
        let may = self.may_launch(holder, container).await?.ok_or_else(unknown)?;
        let executor = self.executor.clone().ok_or_else(unknown)?;
        let busy =
            Error::Conflict("Your workspace is being launched or terminated; try again when that is done");
        let Some(mut turn) = Turn::take(&self.pool, &turn_of(holder.names().user())).await? else {
            return Err(busy);
        };
        let launched = self.launch_in_turn(&mut turn, &may, executor.as_ref()).await;
        turn.end().await;
        if launched.is_err() {
            self.wake.notify_one();
        }
        launched
    }

    async fn launch_in_turn(
        &self,
        turn: &mut Turn,
        may: &MayLaunch<'_>,
        executor: &dyn Executor,
    ) -> Result<(), Error> {
        self.make_room(turn, may.holder, executor).await?;
        let (id, key) = (Uuid::new_v4(), KeyId::random());
        if !rows::note(turn.connection(), may, id, key.uuid(), self.config.limits.most).await? {
            return Err(Error::NotNow("There are too many workspaces at the moment; try again later".into()));
        }
        let started = self.start(may, executor, id, key).await;
        if started.is_ok() && rows::started(turn.connection(), id).await? {
            tracing::info!(workspace = %id, container = may.container().name, "a workspace was launched");
            return Ok(());
        }
        // It was terminated meanwhile, or could not be started.
        rows::end_launch(turn.connection(), id).await?;
        started?;
        Err(Error::Conflict("The workspace was terminated while it was launched"))
    }

    /// What is left of an earlier workspace, if it does not run any more, is cleared away.
    async fn make_room(
        &self,
        turn: &mut Turn,
        holder: &Holder,
        executor: &dyn Executor,
    ) -> Result<(), Error> {
        let Some(row) = rows::find(turn.connection(), holder).await? else { return Ok(()) };
        let seen = self.seen(executor, &row).await?;
        let status = life::status(Some(row.phase()), &seen);
        if matches!(status, Status::Running)
            || matches!(seen, Seen::Starting { .. }) && status == Status::Launching
        {
            return Err(Error::Conflict("You have a workspace already; terminate it first"));
        }
        rows::end_launch(turn.connection(), row.id).await?;
        if self.settle_in_turn(turn, holder.names().user(), executor).await? {
            return Ok(());
        }
        Err(Error::Conflict("Your last workspace is still being terminated; try again in a moment"))
    }

    async fn start(
        &self,
        may: &MayLaunch<'_>,
        executor: &dyn Executor,
        id: Uuid,
        key: KeyId,
    ) -> Result<(), Error> {
        let (holder, container) = (may.holder, may.container());
        let ApiKey(api_key) = self.keys.make(holder.owner(), key).await.map_err(|error| {
            match error {
            KeyError::Refused { .. } => Error::Historic(
                "fence makes no API key for this token; log in with a browser, because a token that was made \
                 from an API key makes no other keys"
                    .into(),
            ),
            error => Error::Undecided(error.to_string()),
        }
        })?;
        let workspace = executor::Workspace {
            names: holder.names().clone(),
            id,
            port: container.port,
            tls: container.tls,
        };
        let usual = || Memory::parse(USUAL_STORAGE).expect("it is an amount of bytes");
        let hatchery = &self.config.hatchery;
        let volume_size = hatchery.volume_size.clone().unwrap_or_else(usual);
        let credentials = json!({ "key_id": key.to_string(), "api_key": &api_key }).to_string();
        let url = &self.config.public_url;
        let host = url.host_str().unwrap_or_default();
        let endpoint = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let launch = Launch {
            workspace: &workspace,
            container,
            sidecar: hatchery.sidecar.as_ref(),
            volume_size: &volume_size,
            env: vec![
                ("WORKSPACE_FLAVOR", container.flavour().to_owned()),
                ("API_KEY", api_key),
                ("API_KEY_ID", key.to_string()),
                ("GEN3_ENDPOINT", endpoint),
            ],
            credentials,
            secret: secrets::of_launch(&self.config.secret, id),
            public_url: url,
        };
        Ok(executor.start(launch).await?)
    }

    /// Ends the user's workspace. Its key is of no use from now on; the program may take a moment to go.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn terminate(&self, holder: &Holder) -> Result<(), Error> {
        if !rows::end(&mut *self.pool.acquire().await?, holder).await? {
            return Err(Error::NotFound("You have no workspace".into()));
        }
        self.wake.notify_one();
        self.settle(holder.names().user()).await
    }
}
