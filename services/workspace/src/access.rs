//! Whose workspace somebody uses: their own.

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use apikeys::Owner;
use authz::{Grant, Permission, Subject};
use hatchery::{Container, Names};
use tokens::Expect;

use crate::{error::Error, service::Workspaces};

/// The right to have a workspace.
#[derive(Debug)]
pub struct UseWorkspaces;

impl Permission for UseWorkspaces {
    const SERVICE: &'static str = "jupyterhub";
    const METHODS: &'static [&'static str] = &["access"];
}

/// The resource of that right.
const RESOURCE: &str = "/workspace";

/// The proof that a request comes from a user who may have a workspace, and so is about this user's.
/// Everything that reads, launches, ends or reaches a workspace takes its user from it. Only a valid token
/// makes one:
///
/// ```compile_fail,E0451
/// fn forged(names: hatchery::Names) -> workspace::access::Holder {
///     workspace::access::Holder { names }
/// }
/// ```
///
/// ```no_run
/// fn shown(holder: &workspace::access::Holder) -> &str {
///     holder.names().user()
/// }
/// ```
#[derive(Debug)]
pub struct Holder {
    names: Names,
    subject: Subject,
    owner: Owner,
    _grant: Grant<UseWorkspaces>,
}

impl Holder {
    /// The user, and what their things are called.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// For whom fence makes a key.
    pub(crate) fn owner(&self) -> &Owner {
        &self.owner
    }
}

/// The proof that its user may launch this container.
#[derive(Debug)]
pub(crate) struct MayLaunch<'w> {
    pub(crate) holder: &'w Holder,
    container: &'w Container,
}

impl<'w> MayLaunch<'w> {
    pub(crate) fn container(&self) -> &'w Container {
        self.container
    }
}

impl Workspaces {
    /// The user whose token a request has.
    ///
    /// # Errors
    /// 401 also for users who are not active any more; 403 for those without the right; 400 for a name of
    /// which no names of things can be made.
    pub(crate) async fn holder(&self, headers: &HeaderMap) -> Result<Holder, Error> {
        let header = headers.get(AUTHORIZATION).and_then(|value| value.to_str().ok());
        let header = header.ok_or(Error::Unauthenticated)?;
        let token = tokens::bearer(header).ok_or(Error::Unauthenticated)?;
        self.verifier.verify(token, Expect::of_access(&["openid", "user"])).await?;
        let subject = Subject::Token(token.to_owned());
        let name = self.authz.user_name(&subject).await?.ok_or(Error::Unauthenticated)?;
        let grant = self.authz.require::<UseWorkspaces>(&subject, vec![RESOURCE.to_owned()]).await?;
        let too_long =
            || Error::BadRequest("this user's name is too long for the names of a workspace".into());
        let names = Names::of(&name).ok_or_else(too_long)?;
        Ok(Holder { names, subject, owner: Owner(header.to_owned()), _grant: grant })
    }

    /// Whether the user may launch `container`; `None` for "no".
    ///
    /// # Errors
    /// When arborist gives no answer.
    pub(crate) async fn may_launch<'w>(
        &self,
        holder: &'w Holder,
        container: &'w Container,
    ) -> Result<Option<MayLaunch<'w>>, Error> {
        let may = MayLaunch { holder, container };
        let Some(rule) = &container.rule else { return Ok(Some(may)) };
        let mut permitted = Vec::new();
        for resources in rule.resources() {
            let requests: Vec<_> =
                resources.iter().map(|path| authz::Request::new(path, "jupyterhub", "launch")).collect();
            if self.authz.decide(&holder.subject, &requests).await? {
                permitted.push(resources);
            }
        }
        let decided = rule.permits(&|resources| permitted.contains(&resources));
        Ok(decided.then_some(may))
    }
}
