//! Making and ending tasks.

use std::collections::BTreeMap;

use dataaccess::AccessError;
use uuid::Uuid;

use crate::{
    access::{MayCancel, MayCreate, User},
    error::Error,
    model::Stored,
    service::Workflows,
    store::rows::{self, NewTask},
    task::{Checked, Source, Sources, Task, check},
};

impl Workflows {
    /// What the tasks of a user may read and write.
    pub(crate) fn sources<'a>(&'a self, user: &'a str) -> Sources<'a> {
        Sources {
            bucket: self.config.bucket.as_deref(),
            user,
            public_url: &self.config.public_url,
            store_url: self.config.store_url.as_ref(),
        }
    }

    /// Makes a task. What it reads of the commons is signed for the user now, since the token may have ended
    /// when the task begins.
    ///
    /// # Errors
    /// 400 for what is no task, and for inputs that the user may not read; 403 for images that are not
    /// allowed; 429 for too many tasks.
    pub(crate) async fn create(&self, may: &MayCreate, body: &[u8]) -> Result<Uuid, Error> {
        let user = may.user();
        let checked = check(body, &self.sources(user.id()), self.config.limits.machine);
        let checked = checked.map_err(Error::BadRequest)?;
        self.allow_images(user, &checked.task)?;
        let fetched = self.sign(user, &checked).await?;
        let failed = |error| Error::Failed(web::Failure::internal("writing a task", error));
        let document = serde_json::to_string(&checked.task).map_err(failed)?;
        let new = NewTask { id: Uuid::new_v4(), task: &checked.task, document: &document, fetched: &fetched };
        let most = self.config.limits.unfinished;
        if !rows::note(&mut *self.pool.acquire().await?, may, &new, most).await? {
            return Err(Error::TooMany(format!("you have {most} tasks that have not ended")));
        }
        self.wake.notify_one();
        tracing::info!(task = %new.id, "a task was made");
        Ok(new.id)
    }

    fn allow_images(&self, user: &User, task: &Task) -> Result<(), Error> {
        let named = task.executors.iter().map(|executor| executor.image.as_str());
        let mut refused: Vec<_> =
            named.filter(|image| !self.config.images.allow(image, user.name())).collect();
        refused.sort_unstable();
        refused.dedup();
        if refused.is_empty() {
            return Ok(());
        }
        Err(Error::Forbidden(format!("The specified images are not allowed: {refused:?}")))
    }

    /// Signed URLs of the inputs that are files of the commons, by their places.
    async fn sign(&self, user: &User, checked: &Checked) -> Result<BTreeMap<String, String>, Error> {
        let mut signed = BTreeMap::new();
        for (at, input) in checked.inputs.iter().enumerate() {
            let Source::File(guid) = &input.source else { continue };
            let url = self.files.download_url(&user.caller(), guid).await.map_err(|error| match error {
                AccessError::Refused { .. } => Error::BadRequest(format!(
                    "inputs[{at}]: there is no file {guid}, or you may not read it"
                )),
                AccessError::Unavailable(why) => Error::Undecided(why),
            })?;
            // A record may name any address, such as one that only this machine reaches.
            if self.sources(user.id()).signed(&url).is_err() {
                return Err(Error::BadRequest(format!(
                    "inputs[{at}]: the bytes of {guid} are not in the store of this commons"
                )));
            }
            signed.insert(at.to_string(), url);
        }
        Ok(signed)
    }

    /// A task, for a proof to be made of.
    pub(crate) async fn find(&self, id: &Uuid) -> Result<Option<Stored>, Error> {
        Ok(rows::find(&mut *self.pool.acquire().await?, *id).await?)
    }

    /// Ends a task. One that is over stays as it is.
    pub(crate) async fn cancel(&self, may: &MayCancel) -> Result<(), Error> {
        rows::cancel(&mut *self.pool.acquire().await?, may).await?;
        self.stop_running(may.task().id);
        self.wake.notify_one();
        Ok(())
    }
}
