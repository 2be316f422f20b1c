//! Who may do what with tasks: users with their own, and others by their rights.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use authz::{Action, Authz, Grant, Permission, Subject};
use tokens::Expect;

use crate::{error::Error, model::Stored, service::Workflows};

/// The service of the rights, as policies name it.
const SERVICE: &str = "gen3-workflow";
/// The resource of all tasks. Those of a user are below it, `/<user id>/<task>`.
const TASKS: &str = "/services/workflow/gen3-workflow/tasks";

/// The right to make tasks.
#[derive(Debug)]
pub struct CreateTasks;

impl Permission for CreateTasks {
    const SERVICE: &'static str = SERVICE;
    const METHODS: &'static [&'static str] = &["create"];
}

/// A user, by a valid token.
#[derive(Debug)]
pub struct User {
    id: String,
    name: String,
    subject: Subject,
    header: String,
}

impl User {
    /// fence's id of the user.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// For whom fence signs URLs.
    pub(crate) fn caller(&self) -> dataaccess::Caller {
        dataaccess::Caller(Some(self.header.clone()))
    }
}

/// The proof that a user may make tasks. Only arborist's answer makes one:
///
/// ```compile_fail,E0451
/// fn forged(user: workflow::access::User) -> workflow::access::MayCreate {
///     workflow::access::MayCreate { user }
/// }
/// ```
///
/// ```no_run
/// fn of(may: &workflow::access::MayCreate) -> &workflow::access::User {
///     may.user()
/// }
/// ```
#[derive(Debug)]
pub struct MayCreate {
    user: User,
    _grant: Grant<CreateTasks>,
}

impl MayCreate {
    /// The user.
    pub fn user(&self) -> &User {
        &self.user
    }
}

/// The proof that a user may see a task, with the task.
#[derive(Debug)]
pub(crate) struct MayRead {
    task: Stored,
}

impl MayRead {
    pub(crate) fn task(&self) -> &Stored {
        &self.task
    }
}

/// The proof that a user may cancel a task, with the task.
#[derive(Debug)]
pub(crate) struct MayCancel {
    task: Stored,
}

impl MayCancel {
    pub(crate) fn task(&self) -> &Stored {
        &self.task
    }
}

/// The tasks that a user may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Visible {
    pub(crate) all: bool,
    pub(crate) users: Vec<String>,
    pub(crate) tasks: Vec<uuid::Uuid>,
}

impl Visible {
    /// The user's own, and those that `mapping` lets them read.
    fn of(user: &User, mapping: &authz::Mapping) -> Self {
        let mut visible = Self { all: false, users: vec![user.id.clone()], tasks: Vec::new() };
        for (path, actions) in mapping {
            if !actions.iter().any(reads) {
                continue;
            }
            match path.strip_prefix(TASKS) {
                Some("") => visible.all = true,
                Some(rest) => match rest.strip_prefix('/').map(|rest| rest.split_once('/').ok_or(rest)) {
                    Some(Err(user)) => visible.users.push(user.to_owned()),
                    Some(Ok((_, task))) => visible.tasks.extend(uuid::Uuid::parse_str(task).ok()),
                    None => {}
                },
                // Rights on a resource hold for everything below it.
                None => {
                    visible.all |= TASKS
                        .strip_prefix(path.trim_end_matches('/'))
                        .is_some_and(|rest| rest.starts_with('/'))
                }
            }
        }
        visible
    }
}

fn reads(action: &Action) -> bool {
    let is = |granted: &str, asked: &str| granted == "*" || granted == asked;
    is(&action.service, SERVICE) && is(&action.method, "read")
}

impl Workflows {
    /// The user whose token a request has.
    ///
    /// # Errors
    /// 401, also for users who are not active any more.
    pub(crate) async fn user(&self, headers: &HeaderMap) -> Result<User, Error> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = header.ok_or(Error::Unauthenticated)?;
        let token = tokens::bearer(header).ok_or(Error::Unauthenticated)?;
        let claims = self.verifier.verify(token, Expect::of_access(&["openid", "user"])).await?;
        let subject = Subject::Token(token.to_owned());
        let name = self.authz.user_name(&subject).await?.ok_or(Error::Unauthenticated)?;
        // It becomes a part of paths.
        let is_id = |id: &String| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let id = claims.sub.filter(is_id).ok_or(Error::Unauthenticated)?;
        Ok(User { id, name, subject, header: header.to_owned() })
    }

    /// Whether the user may make tasks.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may_create(&self, user: User) -> Result<MayCreate, Error> {
        let grant = self.authz.require::<CreateTasks>(&user.subject, vec![TASKS.to_owned()]).await?;
        Ok(MayCreate { user, _grant: grant })
    }

    /// # Errors
    /// 404 alike for a task that is not there and one of others that the user may not read.
    pub(crate) async fn may_read(&self, user: &User, task: Option<Stored>) -> Result<MayRead, Error> {
        Ok(MayRead { task: permitted(&*self.authz, user, task, "read").await? })
    }

    /// # Errors
    /// As [`Self::may_read`].
    pub(crate) async fn may_cancel(&self, user: &User, task: Option<Stored>) -> Result<MayCancel, Error> {
        Ok(MayCancel { task: permitted(&*self.authz, user, task, "delete").await? })
    }

    /// The tasks that the user may see.
    pub(crate) async fn visible(&self, user: &User) -> Result<Visible, Error> {
        Ok(Visible::of(user, &self.authz.mapping(&user.subject).await?))
    }
}

async fn permitted(
    authz: &dyn Authz,
    user: &User,
    task: Option<Stored>,
    method: &str,
) -> Result<Stored, Error> {
    let task = task.ok_or(Error::NotFound)?;
    if task.user_id == user.id {
        return Ok(task);
    }
    let path = format!("{TASKS}/{}/{}", task.user_id, task.id);
    let asked = authz::Request::new(&path, SERVICE, method);
    if authz.decide(&user.subject, &[asked]).await? { Ok(task) } else { Err(Error::NotFound) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ones_own_tasks_are_seen_and_those_that_rights_lead_to() {
        let user = || User {
            id: "7".into(),
            name: "ada".into(),
            subject: Subject::Anonymous,
            header: String::new(),
        };
        let action = |service: &str, method: &str| Action { service: service.into(), method: method.into() };
        let task = uuid::Uuid::from_u128(5);
        let below = |rest: &str| format!("{TASKS}{rest}");
        let visible = |path: &str, action: Action| {
            Visible::of(&user(), &authz::Mapping::from([(path.to_owned(), vec![action])]))
        };
        let own = Visible { all: false, users: vec!["7".into()], tasks: Vec::new() };
        let read = || action(SERVICE, "read");
        assert_eq!(visible("/programs", read()), own);
        assert_eq!(visible(&below("-not"), read()), own);
        assert_eq!(visible(TASKS, action(SERVICE, "create")), own);
        assert_eq!(visible(TASKS, action("fence", "read")), own);
        for path in [TASKS, "/services/workflow", "/services", "/"] {
            assert!(visible(path, read()).all, "{path}");
            assert!(visible(path, action("*", "*")).all, "{path}");
        }
        assert_eq!(visible(&below("/8"), read()).users, ["7", "8"]);
        assert_eq!(visible(&below(&format!("/8/{task}")), read()).tasks, [task]);
    }
}
