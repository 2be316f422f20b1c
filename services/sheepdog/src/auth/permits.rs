//! The proofs. Only the checks of this folder make them, from arborist's answer.

use std::{marker::PhantomData, ops::Deref};

use authz::{Grant, Permission, Subject};
use psqlgraph::transactions::Role;

use super::permissions::{
    Administration, Contains, Create, HandleFiles, ManagePrograms, ManageProjects, Read, Update,
};
use crate::model::{
    project::{Project, ProjectPath},
    scope::{Scope, Writes},
};

/// A stored project, and a caller to whom something on it was permitted: what all kinds of [`ProjectPermit`]
/// share.
#[derive(Debug)]
pub struct Permitted {
    project: Project,
    /// On whose behalf further questions are asked.
    caller: Subject,
    submitter: Option<String>,
}

impl Permitted {
    pub(crate) fn project(&self) -> &Project {
        &self.project
    }

    /// Whoever the permission was given to.
    pub(super) fn caller(&self) -> &Subject {
        &self.caller
    }

    /// Name of the user, or id of the client, as the transaction log has it.
    pub(crate) fn submitter(&self) -> Option<&str> {
        self.submitter.as_deref()
    }
}

/// Proof that the caller may do `P` in a stored project.
///
/// Work on a project takes the proof and no other name of the project, so it cannot be begun for a caller, or
/// on a project, that nobody asked about. A deletion needs the permission to delete:
///
/// ```no_run
/// use sheepdog::{
///     auth::{Delete, ProjectPermit},
///     deletion::{DeletionRequest, Removal},
/// };
///
/// fn delete(permit: ProjectPermit<Delete>) -> DeletionRequest {
///     DeletionRequest::new(permit, vec!["node-id".to_owned()], Removal::Nodes)
/// }
/// ```
///
/// Another permission does not compile:
///
/// ```compile_fail,E0308
/// use sheepdog::{
///     auth::{ProjectPermit, Update},
///     deletion::{DeletionRequest, Removal},
/// };
///
/// fn delete(permit: ProjectPermit<Update>) -> DeletionRequest {
///     DeletionRequest::new(permit, vec!["node-id".to_owned()], Removal::Nodes)
/// }
/// ```
#[derive(Debug)]
pub struct ProjectPermit<P> {
    permitted: Permitted,
    permission: PhantomData<fn() -> P>,
}

impl<P: Permission> ProjectPermit<P> {
    /// `grant` is that of the project's resource.
    pub(super) fn of(grant: Grant<P>, project: Project, caller: Subject, submitter: Option<String>) -> Self {
        debug_assert_eq!(grant.resources(), [project.path.resource()]);
        Self { permitted: Permitted { project, caller, submitter }, permission: PhantomData }
    }

    /// The proof of a permission that `P` contains:
    ///
    /// ```no_run
    /// use sheepdog::auth::{CommitDryRun, Delete, ProjectPermit};
    ///
    /// fn narrowed(permit: ProjectPermit<CommitDryRun>) -> ProjectPermit<Delete> {
    ///     permit.narrowed()
    /// }
    /// ```
    ///
    /// ```compile_fail,E0277
    /// use sheepdog::auth::{ChangeState, Delete, ProjectPermit};
    ///
    /// fn narrowed(permit: ProjectPermit<ChangeState>) -> ProjectPermit<Delete> {
    ///     permit.narrowed()
    /// }
    /// ```
    pub fn narrowed<Q: Permission>(self) -> ProjectPermit<Q>
    where
        P: Contains<Q>,
    {
        ProjectPermit { permitted: self.permitted, permission: PhantomData }
    }
}

impl<P: Contains<Read>> ProjectPermit<P> {
    /// The proof that the caller may read the project.
    pub(crate) fn reading(&self) -> ReadPermit {
        ReadPermit { path: self.permitted.project.path.clone() }
    }
}

impl<P> Deref for ProjectPermit<P> {
    type Target = Permitted;

    fn deref(&self) -> &Permitted {
        &self.permitted
    }
}

/// Proof that the caller may submit entities to a project, and in which way:
///
/// ```no_run
/// use sheepdog::auth::{ProjectPermit, SubmissionPermit, Update};
///
/// fn submit(permit: ProjectPermit<Update>) -> SubmissionPermit {
///     permit.into()
/// }
/// ```
///
/// ```compile_fail,E0277
/// use sheepdog::auth::{Delete, ProjectPermit, SubmissionPermit};
///
/// fn submit(permit: ProjectPermit<Delete>) -> SubmissionPermit {
///     permit.into()
/// }
/// ```
#[derive(Debug)]
pub struct SubmissionPermit {
    permitted: Permitted,
    writes: Writes,
}

impl SubmissionPermit {
    /// Where its nodes belong.
    pub(crate) fn scope(&self) -> Scope {
        Scope::of(&self.permitted.project, self.writes)
    }

    /// As the transaction log has it.
    pub(crate) fn role(&self) -> Role {
        match self.writes {
            Writes::Creations => Role::Create,
            Writes::CreationsAndUpdates => Role::Update,
        }
    }

    /// The status of a success.
    pub(crate) fn success_code(&self) -> u16 {
        match self.writes {
            Writes::Creations => 201,
            Writes::CreationsAndUpdates => 200,
        }
    }
}

impl From<ProjectPermit<Create>> for SubmissionPermit {
    fn from(permit: ProjectPermit<Create>) -> Self {
        Self { permitted: permit.permitted, writes: Writes::Creations }
    }
}

impl From<ProjectPermit<Update>> for SubmissionPermit {
    fn from(permit: ProjectPermit<Update>) -> Self {
        Self { permitted: permit.permitted, writes: Writes::CreationsAndUpdates }
    }
}

impl Deref for SubmissionPermit {
    type Target = Permitted;

    fn deref(&self) -> &Permitted {
        &self.permitted
    }
}

/// Proof that the caller may read the records of a project, which need not exist:
///
/// ```no_run
/// use sheepdog::{Error, Sheepdog, auth::ReadPermit, export::manifest};
///
/// async fn manifest_of(sheepdog: &Sheepdog, permit: &ReadPermit) -> Result<String, Error> {
///     manifest::of(sheepdog, permit, &["node-id".to_owned()]).await
/// }
/// ```
///
/// ```compile_fail,E0308
/// use sheepdog::{Error, Sheepdog, auth::LoggedIn, export::manifest};
///
/// async fn manifest_of(sheepdog: &Sheepdog, permit: &LoggedIn) -> Result<String, Error> {
///     manifest::of(sheepdog, permit, &["node-id".to_owned()]).await
/// }
/// ```
#[derive(Debug)]
pub struct ReadPermit {
    path: ProjectPath,
}

impl ReadPermit {
    /// `grant` is that of the project's resource.
    pub(super) fn of(grant: Grant<Read>, path: ProjectPath) -> Self {
        debug_assert_eq!(grant.resources(), [path.resource()]);
        Self { path }
    }

    pub(crate) fn path(&self) -> &ProjectPath {
        &self.path
    }

    /// See [`ProjectPath::project_id`].
    pub(crate) fn project_id(&self) -> String {
        self.path.project_id()
    }
}

/// Proof that the caller may administer what `P` is about:
///
/// ```no_run
/// use std::sync::Arc;
///
/// use sheepdog::{
///     Error, Sheepdog,
///     auth::{AdminPermit, ManagePrograms},
///     projects::program,
/// };
///
/// async fn make(sheepdog: Arc<Sheepdog>, permit: AdminPermit<ManagePrograms>) -> Result<(), Error> {
///     program::put(sheepdog, permit, &serde_json::Map::new()).await.map(drop)
/// }
/// ```
///
/// ```compile_fail,E0308
/// use std::sync::Arc;
///
/// use sheepdog::{
///     Error, Sheepdog,
///     auth::{AdminPermit, ManageProjects},
///     projects::program,
/// };
///
/// async fn make(sheepdog: Arc<Sheepdog>, permit: AdminPermit<ManageProjects>) -> Result<(), Error> {
///     program::put(sheepdog, permit, &serde_json::Map::new()).await.map(drop)
/// }
/// ```
#[derive(Debug)]
pub struct AdminPermit<P> {
    submitter: Option<String>,
    permission: PhantomData<fn() -> P>,
}

impl<P: Administration> AdminPermit<P> {
    /// `grant` is that of [`Administration::RESOURCE`].
    pub(super) fn of(grant: Grant<P>, submitter: Option<String>) -> Self {
        debug_assert_eq!(grant.resources(), [P::RESOURCE]);
        Self { submitter, permission: PhantomData }
    }

    /// As the transaction log has it.
    pub(crate) fn submitter(&self) -> Option<&str> {
        self.submitter.as_deref()
    }
}

/// Proof that the caller may handle the files of a project: they may do everything with its nodes, and
/// administer programs and projects.
#[derive(Debug)]
pub struct FilesPermit {
    project: ProjectPermit<HandleFiles>,
}

impl FilesPermit {
    /// All three are needed.
    pub(super) fn of(
        project: ProjectPermit<HandleFiles>,
        _programs: AdminPermit<ManagePrograms>,
        _projects: AdminPermit<ManageProjects>,
    ) -> Self {
        Self { project }
    }

    /// The proof that they may read the project.
    pub(crate) fn reading(&self) -> ReadPermit {
        self.project.reading()
    }
}

impl Deref for FilesPermit {
    type Target = Permitted;

    fn deref(&self) -> &Permitted {
        &self.project
    }
}

/// Proof that the caller is a user whose token has the scope `openid`:
///
/// ```no_run
/// use sheepdog::{Error, Sheepdog, auth::LoggedIn, projects::program};
///
/// async fn names(sheepdog: &Sheepdog, caller: &LoggedIn) -> Result<Vec<String>, Error> {
///     program::names(sheepdog, caller).await
/// }
/// ```
///
/// ```compile_fail,E0308
/// use sheepdog::{Error, Sheepdog, auth::ReadPermit, projects::program};
///
/// async fn names(sheepdog: &Sheepdog, caller: &ReadPermit) -> Result<Vec<String>, Error> {
///     program::names(sheepdog, caller).await
/// }
/// ```
#[derive(Debug)]
pub struct LoggedIn(());

impl LoggedIn {
    pub(super) fn of(_claims: &tokens::Claims) -> Self {
        Self(())
    }
}
