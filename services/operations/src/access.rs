//! Who may start, see and end runs.
//!
//! Everything that is done with a run takes a proof of this module:
//!
//! ```compile_fail,E0451
//! fn forged() -> operations::access::MayStart {
//!     operations::access::MayStart { kind: "etl".to_owned(), caller: todo!() }
//! }
//! ```
//!
//! ```no_run
//! fn shown(permit: &operations::access::MayStart) -> &str {
//!     permit.kind()
//! }
//! ```

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use authz::{AuthzError, Permission, Request, Subject};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use uuid::Uuid;
use workqueue::{Filter, Kind, Readers, Run};

use crate::{
    manifest::Wanted,
    model::{ArchiverJob, JobFilter},
    problem::Problem,
    service::Operations,
};

/// arborist's name of the service.
const SERVICE: &str = "gen3-ops";
/// The resource above those of all kinds.
const ALL: &str = "/services/ops";
/// Where argo-wrapper's permission is given.
const WORKFLOWS: &str = "/services/workflow/argo/admin";
/// Whoever has a right to files here has it to all of them.
const ALL_FILES: &str = "/services/indexd/admin";
/// Resources of a manifest.
const MOST_GUARDS: usize = 1_000;
/// Resources that a refusal names.
const NAMED: usize = 20;
/// Questions to arborist at the same time.
const AT_ONCE: usize = 8;

/// What may be permitted with operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Create,
    Read,
    Update,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Read => "read",
            Self::Update => "update",
        }
    }
}

/// sower's permission, on `/sower`.
struct Jobs;

impl Permission for Jobs {
    const SERVICE: &'static str = "job";
    const METHODS: &'static [&'static str] = &["access"];
}

/// argo-wrapper's permission.
struct Workflows;

impl Permission for Workflows {
    const SERVICE: &'static str = "argo_workflow";
    const METHODS: &'static [&'static str] = &["access"];
}

/// To bring records of files to what a manifest says: new ones, and such as there are.
struct Files;

impl Permission for Files {
    const SERVICE: &'static str = "indexd";
    const METHODS: &'static [&'static str] = &["create", "update"];
}

/// Who asks: a user whose token arborist accepts.
#[derive(Debug, Clone)]
pub struct Caller {
    subject: Subject,
    name: String,
}

impl Caller {
    /// The name of the user.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The proof that a caller may start runs of a kind.
#[derive(Debug, Clone)]
pub struct MayStart {
    kind: String,
    caller: Caller,
}

impl MayStart {
    /// The kind.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// Who may.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// The proof that a caller may see a run.
#[derive(Debug, Clone)]
pub struct MaySee {
    run: Run,
}

impl MaySee {
    /// The run.
    pub fn run(&self) -> &Run {
        &self.run
    }
}

/// The proof that a caller may change limits.
#[derive(Debug, Clone)]
pub struct MaySetLimits(());

/// The proof that a caller may know what there is of a kind.
#[derive(Debug, Clone)]
pub struct MayRead(());

/// The proof that a caller may know with which settings the commons runs.
#[derive(Debug, Clone)]
pub struct MayReadConfiguration(());

/// The proof that a caller may know the stores of the commons.
#[derive(Debug, Clone)]
pub struct MayReadStorage(());

/// The proof that a caller may start a run that writes records guarded by what a manifest names.
#[derive(Debug, Clone)]
pub struct MayIngest {
    start: MayStart,
    wanted: Wanted,
}

impl MayIngest {
    /// That the run may be started.
    pub fn start(&self) -> &MayStart {
        &self.start
    }

    /// What it may touch.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }
}

/// The proof that a caller may use workflows as argo-wrapper has them.
#[derive(Debug, Clone)]
pub struct MayUseWorkflows {
    caller: Caller,
}

impl MayUseWorkflows {
    /// Who may.
    pub fn caller(&self) -> &Caller {
        &self.caller
    }
}

/// The proof that a caller may end a run.
#[derive(Debug, Clone)]
pub struct MayEnd {
    run: Run,
}

impl MayEnd {
    /// The run.
    pub fn run(&self) -> &Run {
        &self.run
    }
}

/// The proof that a caller may see a job of the archiver.
#[derive(Debug, Clone)]
pub(crate) struct MaySeeJob {
    job: ArchiverJob,
}

impl MaySeeJob {
    /// The job.
    pub(crate) fn job(&self) -> &ArchiverJob {
        &self.job
    }
}

/// The proof that a caller may give a job of the archiver up.
#[derive(Debug, Clone)]
pub(crate) struct MayGiveUp {
    job: ArchiverJob,
}

impl MayGiveUp {
    /// The job.
    pub(crate) fn job(&self) -> &ArchiverJob {
        &self.job
    }
}

/// Which jobs of the archiver a caller may see: types, and the caller's own.
#[derive(Debug, Clone)]
pub(crate) struct VisibleJobs {
    filter: JobFilter,
}

impl VisibleJobs {
    /// The list of all that may be seen.
    pub(crate) fn filter(&self) -> JobFilter {
        self.filter.clone()
    }
}

/// Which runs a caller may see: kinds, and the caller's own.
#[derive(Debug, Clone)]
pub struct Visible {
    filter: Filter,
}

impl Visible {
    /// The list of all that may be seen.
    pub(crate) fn filter(&self) -> Filter {
        self.filter.clone()
    }

    /// Whether all runs of a kind may be seen.
    pub(crate) fn has(&self, kind: &str) -> bool {
        self.filter.kinds.iter().any(|known| known == kind)
    }
}

impl Operations {
    /// The user whose token a request has.
    ///
    /// # Errors
    /// 401; 503 when arborist gives no answer.
    pub(crate) async fn caller(&self, headers: &HeaderMap) -> Result<Caller, Problem> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let subject = Subject::from_authorization(header).filter(|subject| *subject != Subject::Anonymous);
        let subject = subject.ok_or(Problem::Unauthenticated("log in, and send your access token"))?;
        let name = self.authz.user_name(&subject).await.map_err(undecided)?;
        let name = name.ok_or(Problem::Unauthenticated("the token is not one of a user"))?;
        Ok(Caller { subject, name })
    }

    /// # Errors
    /// 404 for an unknown kind, 403.
    pub(crate) async fn may_start(&self, caller: Caller, kind: &str) -> Result<MayStart, Problem> {
        if self.queue.kinds().get(kind).is_none() {
            return Err(Problem::UnknownKind(kind.to_owned()));
        }
        self.require(&caller, Method::Create, kind).await?;
        Ok(MayStart { kind: kind.to_owned(), caller })
    }

    /// Who repeats a run starts one: as any other, or as the caller's own job.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may_repeat(&self, caller: Caller, permit: &MaySee) -> Result<MayStart, Problem> {
        let kind = permit.run.kind.clone();
        let is_job = self.is_own(&caller, &permit.run) && self.config.actions.values().any(|of| *of == kind);
        if is_job && self.may_have_jobs(&caller).await.is_ok() {
            return Ok(MayStart { kind, caller });
        }
        self.may_start(caller, &kind).await
    }

    /// Whether the caller may change how many runs there are at once.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may_set_limits(&self, caller: &Caller) -> Result<MaySetLimits, Problem> {
        if self.decide(caller, Method::Update, &resource("limits")).await? {
            return Ok(MaySetLimits(()));
        }
        Err(Problem::NoLimits)
    }

    /// Whether the caller may read runs of a kind that there is.
    ///
    /// # Errors
    /// 404, 403.
    pub(crate) async fn may_read(&self, caller: &Caller, kind: &str) -> Result<MayRead, Problem> {
        if self.queue.kinds().get(kind).is_none() {
            return Err(Problem::UnknownKind(kind.to_owned()));
        }
        self.require(caller, Method::Read, kind).await?;
        Ok(MayRead(()))
    }

    /// Whether the caller may know with which settings the commons runs.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may_read_configuration(
        &self,
        caller: &Caller,
    ) -> Result<MayReadConfiguration, Problem> {
        self.administers(caller, "config").await?;
        Ok(MayReadConfiguration(()))
    }

    /// Whether the caller may know the stores of the commons.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may_read_storage(&self, caller: &Caller) -> Result<MayReadStorage, Problem> {
        self.administers(caller, "storage").await?;
        Ok(MayReadStorage(()))
    }

    async fn administers(&self, caller: &Caller, what: &'static str) -> Result<(), Problem> {
        if self.decide(caller, Method::Read, &resource(what)).await? {
            return Ok(());
        }
        Err(Problem::ForAdministrators(what))
    }

    /// Whether the bearer of a request's token may know why a service cannot serve.
    pub(crate) async fn may_know_why(&self, headers: &HeaderMap) -> bool {
        let Ok(caller) = self.caller(headers).await else { return false };
        self.decide(&caller, Method::Read, &resource("health")).await.unwrap_or(false)
    }

    /// # Errors
    /// 404, 403.
    pub(crate) async fn may_see(&self, caller: &Caller, id: Uuid) -> Result<MaySee, Problem> {
        let run = self.permitted(caller, id, Method::Read).await?;
        Ok(MaySee { run })
    }

    /// # Errors
    /// 404, 403.
    pub(crate) async fn may_end(&self, caller: &Caller, id: Uuid) -> Result<MayEnd, Problem> {
        let run = self.permitted(caller, id, Method::Update).await?;
        Ok(MayEnd { run })
    }

    async fn permitted(&self, caller: &Caller, id: Uuid, method: Method) -> Result<Run, Problem> {
        let run = self.queue.find(id).await?.ok_or(Problem::NotFound("there is no such run"))?;
        if !self.is_own(caller, &run) {
            self.require(caller, method, &run.kind).await?;
        }
        Ok(run)
    }

    fn is_own(&self, caller: &Caller, run: &Run) -> bool {
        let kind = self.queue.kinds().get(&run.kind);
        kind.is_some_and(|kind| kind.policy().readers == Readers::AskerToo)
            && run.requested_by.as_ref() == Some(&caller.name)
    }

    /// What a caller may see.
    ///
    /// # Errors
    /// 503 when arborist gives no answer.
    pub(crate) async fn visible(&self, caller: &Caller) -> Result<Visible, Problem> {
        let own_kinds = |kind: &&std::sync::Arc<dyn Kind>| kind.policy().readers == Readers::AskerToo;
        let own_kinds = self.queue.kinds().iter().filter(own_kinds).map(|kind| kind.name().to_owned());
        let (own, own_kinds) = (Some(caller.name.clone()), own_kinds.collect());
        let names = self.queue.kinds().names();
        let kinds = if self.decide(caller, Method::Read, ALL).await? {
            names
        } else {
            let asked = names.into_iter().map(|kind| async move {
                let may = self.decide(caller, Method::Read, &resource(&kind)).await?;
                Ok::<_, Problem>(may.then_some(kind))
            });
            let answers: Vec<Option<String>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
            answers.into_iter().flatten().collect()
        };
        Ok(Visible { filter: Filter { kinds, own, own_kinds, ..Filter::default() } })
    }

    /// # Errors
    /// 404, 403 for jobs of others without the right.
    pub(crate) async fn may_see_job(&self, caller: &Caller, id: Uuid) -> Result<MaySeeJob, Problem> {
        Ok(MaySeeJob { job: self.permitted_job(caller, id, Method::Read).await? })
    }

    /// # Errors
    /// 404, 403 for jobs of others without the right.
    pub(crate) async fn may_give_up(&self, caller: &Caller, id: Uuid) -> Result<MayGiveUp, Problem> {
        Ok(MayGiveUp { job: self.permitted_job(caller, id, Method::Update).await? })
    }

    /// A job is its asker's; others need the right to its type.
    async fn permitted_job(&self, caller: &Caller, id: Uuid, method: Method) -> Result<ArchiverJob, Problem> {
        let job = self.job(id).await?.ok_or(Problem::NotFound("there is no such job"))?;
        if job.requested_by != caller.name {
            self.require(caller, method, &job.kind).await?;
        }
        Ok(job)
    }

    /// Which jobs of the archiver a caller may see.
    ///
    /// # Errors
    /// 404 where there is no archive; 503 when arborist gives no answer.
    pub(crate) async fn visible_jobs(&self, caller: &Caller) -> Result<VisibleJobs, Problem> {
        let mut types = Vec::new();
        for kind in [archive::ARCHIVE, archive::RETRIEVE] {
            if self.queue.kinds().get(kind).is_none() {
                return Err(Problem::UnknownKind(kind.to_owned()));
            }
            if self.decide(caller, Method::Read, &resource(kind)).await? {
                types.push(kind.to_owned());
            }
        }
        Ok(VisibleJobs { filter: JobFilter { types, own: caller.name.clone(), ..JobFilter::default() } })
    }

    /// # Errors
    /// 403 for who may not start jobs as sower has them; 404 for a kind that is none.
    pub(crate) async fn may_dispatch(&self, caller: Caller, kind: &str) -> Result<MayStart, Problem> {
        self.may_have_jobs(&caller).await?;
        if self.queue.kinds().get(kind).is_none() {
            return Err(Problem::UnknownKind(kind.to_owned()));
        }
        Ok(MayStart { kind: kind.to_owned(), caller })
    }

    /// # Errors
    /// 403 for who may not start jobs as sower has them.
    pub(crate) async fn may_have_jobs(&self, caller: &Caller) -> Result<(), Problem> {
        let asked = self.authz.require::<Jobs>(&caller.subject, vec!["/sower".to_owned()]).await;
        asked.map(drop).map_err(|error| match error {
            AuthzError::Denied | AuthzError::Forbidden(_) => Problem::NoJobs,
            error => undecided(error),
        })
    }

    /// Whether the caller may create and update files that are guarded as a manifest wants it. arborist is
    /// asked once for all resources.
    ///
    /// # Errors
    /// 403 with the resources for which that is not so; 400 for too many.
    pub(crate) async fn may_ingest(&self, start: MayStart, wanted: Wanted) -> Result<MayIngest, Problem> {
        if wanted.guards.len() > MOST_GUARDS {
            return Err(Problem::Invalid(format!(
                "authz: the rows name more than {MOST_GUARDS} resources; make several manifests"
            )));
        }
        let (caller, all) = (&start.caller, Vec::from_iter(wanted.guards.iter().cloned()));
        let is_guarded = wanted.unguarded.is_none() && !all.is_empty();
        if is_guarded && self.may_write_files(caller, all.clone()).await?
            || self.may_write_files(caller, vec![ALL_FILES.to_owned()]).await?
        {
            return Ok(MayIngest { start, wanted });
        }
        if let Some(row) = wanted.unguarded {
            return Err(Problem::FilesForbidden(format!(
                "row {row}, column authz: it is empty, and only administrators write files that nothing \
                 guards; name a resource such as /programs/P/projects/p"
            )));
        }
        let asked = all.into_iter().map(|guard| async move {
            let may = self.may_write_files(caller, vec![guard.clone()]).await?;
            Ok::<_, Problem>((!may).then_some(guard))
        });
        let answers: Vec<Option<String>> = stream::iter(asked).buffered(AT_ONCE).try_collect().await?;
        let missing: Vec<String> = answers.into_iter().flatten().take(NAMED).collect();
        Err(Problem::FilesForbidden(format!(
            "authz: it needs create and update of the service indexd on {}; leave these rows out, or ask for \
             these rights",
            missing.join(", ")
        )))
    }

    async fn may_write_files(&self, caller: &Caller, resources: Vec<String>) -> Result<bool, Problem> {
        match self.authz.require::<Files>(&caller.subject, resources).await {
            Ok(_) => Ok(true),
            // What arborist finds malformed is nobody's.
            Err(AuthzError::Denied | AuthzError::Forbidden(_) | AuthzError::BadRequest(_)) => Ok(false),
            Err(error) => Err(undecided(error)),
        }
    }

    /// # Errors
    /// 403 for who may not use workflows as argo-wrapper has them.
    pub(crate) async fn may_use_workflows(&self, caller: Caller) -> Result<MayUseWorkflows, Problem> {
        let asked = self.authz.require::<Workflows>(&caller.subject, vec![WORKFLOWS.to_owned()]).await;
        match asked {
            Ok(_) => Ok(MayUseWorkflows { caller }),
            Err(AuthzError::Denied | AuthzError::Forbidden(_)) => Err(Problem::NoWorkflows),
            Err(error) => Err(undecided(error)),
        }
    }

    /// A job of the caller's own.
    ///
    /// # Errors
    /// 404 for jobs of others too.
    pub(crate) async fn own_job(&self, caller: &Caller, id: Uuid) -> Result<MaySee, Problem> {
        let run = self.queue.find(id).await?.filter(|run| self.is_own(caller, run));
        Ok(MaySee { run: run.ok_or(Problem::NotFound("there is no job of this UID"))? })
    }

    async fn require(&self, caller: &Caller, method: Method, kind: &str) -> Result<(), Problem> {
        if self.decide(caller, method, &resource(kind)).await? {
            return Ok(());
        }
        Err(Problem::Forbidden { method: method.as_str(), kind: kind.to_owned() })
    }

    async fn decide(&self, caller: &Caller, method: Method, resource: &str) -> Result<bool, Problem> {
        let request = Request::new(resource, SERVICE, method.as_str());
        self.authz.decide(&caller.subject, &[request]).await.map_err(undecided)
    }
}

fn resource(kind: &str) -> String {
    format!("{ALL}/{kind}")
}

fn undecided(error: AuthzError) -> Problem {
    match error {
        AuthzError::Unavailable(_) => Problem::Undecided(error),
        _ => Problem::Unauthenticated("the access token is not accepted"),
    }
}
