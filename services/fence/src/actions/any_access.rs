//! Whether a user may do anything, which a proxy asks before it lets them through.

use authz::{Mapping, Subject};

use crate::{
    error::Error,
    service::Fence,
    store::users::{self, User},
};

impl Fence {
    /// Whether the user has access to `project`, or to any, that not everybody has.
    ///
    /// # Errors
    /// When arborist does not answer.
    pub(crate) async fn has_any_access(&self, user: &User, project: Option<&str>) -> Result<bool, Error> {
        let legacy = users::project_access(&mut *self.pool.acquire().await?, user.id).await?;
        let listed = legacy.iter().filter(|(_, privileges)| !privileges.is_empty());
        if listed.into_iter().any(|(name, _)| project.is_none_or(|project| project == name)) {
            return Ok(true);
        }
        let own = self.authz.mapping(&Subject::User(user.username.clone())).await?;
        let public = self.authz.mapping(&Subject::Anonymous).await?;
        Ok(is_more(&own, &public, project))
    }
}

/// Whether `own` permits anything on the project, or anywhere, that `public` does not.
fn is_more(own: &Mapping, public: &Mapping, project: Option<&str>) -> bool {
    let concerns = |path: &str| {
        project.is_none_or(|project| path == project || path.rsplit('/').next() == Some(project))
    };
    own.iter().filter(|(path, _)| concerns(path)).any(|(path, actions)| {
        let known = public.get(path).map(Vec::as_slice).unwrap_or_default();
        actions.iter().any(|action| !known.contains(action))
    })
}
