//! Who may do what with requests.

use std::marker::PhantomData;

use authz::{AuthzError, Grant, Permission, Subject};
use tokens::{Claims, Expect};

use crate::{error::Error, model::StoredRequest, policy::Covered, service::Requestor};

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident $method:literal)*) => { $(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl Permission for $name {
            const SERVICE: &'static str = "requestor";
            const METHODS: &'static [&'static str] = &[$method];
        }
    )* };
}

permissions! {
    /// Requesting.
    Create "create"
    /// Seeing a request.
    Read "read"
    /// Deciding about a request.
    Update "update"
    /// Deleting a request.
    Delete "delete"
}

/// The proof that somebody may request what a policy with these resources gives.
#[derive(Debug)]
pub struct MayRequest {
    grant: Grant<Create>,
    decides: Option<Grant<Update>>,
}

impl MayRequest {
    /// The resources.
    pub(crate) fn resources(&self) -> &[String] {
        self.grant.resources()
    }

    /// Whether the request may have a status at once that changes somebody's access.
    pub(crate) fn may_decide(&self) -> bool {
        self.decides.is_some()
    }
}

/// The proof that `A` is permitted on a request. Without it no request is changed:
///
/// ```no_run
/// use requestor::permits::{Delete, May, delete};
///
/// async fn example(connection: &mut sqlx::PgConnection, permit: &May<Delete>) {
///     let _ = delete(connection, permit).await;
/// }
/// ```
///
/// ```compile_fail,E0308
/// use requestor::permits::{May, Update, delete};
///
/// async fn example(connection: &mut sqlx::PgConnection, permit: &May<Update>) {
///     let _ = delete(connection, permit).await;
/// }
/// ```
#[derive(Debug)]
pub struct May<A> {
    request: StoredRequest,
    resources: Vec<String>,
    permission: PhantomData<fn() -> A>,
}

impl<A> May<A> {
    /// The request.
    pub(crate) fn request(&self) -> &StoredRequest {
        &self.request
    }

    /// The resources of its policy.
    pub(crate) fn resources(&self) -> &[String] {
        &self.resources
    }

    /// The request itself.
    pub(crate) fn into_request(self) -> StoredRequest {
        self.request
    }
}

/// Who asks, as a valid token says.
pub(crate) struct Caller(Claims);

impl Caller {
    /// The user.
    pub(crate) fn username(&self) -> Option<&str> {
        self.0.username()
    }

    /// The user, where only a user is of use.
    pub(crate) fn user(&self) -> Result<&str, Error> {
        let refusal = "This endpoint does not support tokens that are not linked to a user";
        self.username().ok_or(Error::Forbidden(refusal))
    }
}

impl Requestor {
    /// Who the token speaks for.
    ///
    /// # Errors
    /// 401 without a valid access token.
    pub(crate) async fn caller(&self, subject: &Subject) -> Result<Caller, Error> {
        let Subject::Token(token) = subject else {
            return Err(Error::Unauthenticated("Must provide an access token."));
        };
        let claims = self.verifier.verify(token, Expect::of_access(&["openid", "user"])).await?;
        // arborist alone knows who was shut out after the token was made.
        self.authz.user_name(subject).await.map_err(|error| match error {
            AuthzError::Unauthenticated(_) => Error::Unauthenticated("The user is not active."),
            other => other.into(),
        })?;
        Ok(Caller(claims))
    }

    /// Asks whether `subject` may request access to `resources`, and decide about it at once if `decides`.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may_request(
        &self,
        subject: &Subject,
        resources: Vec<String>,
        decides: bool,
    ) -> Result<MayRequest, Error> {
        let grant = self.authz.require::<Create>(subject, resources.clone()).await?;
        let decides =
            if decides { Some(self.authz.require::<Update>(subject, resources).await?) } else { None };
        Ok(MayRequest { grant, decides })
    }

    /// Asks whether `subject` may do `A` with `request`, whose policy has these `resources`. If it has
    /// none, nobody may.
    ///
    /// # Errors
    /// 403.
    pub(crate) async fn may<A: Permission>(
        &self,
        subject: &Subject,
        request: StoredRequest,
        resources: Vec<String>,
    ) -> Result<May<A>, Error> {
        if resources.is_empty() {
            return Err(AuthzError::Denied.into());
        }
        self.authz.require::<A>(subject, resources.clone()).await?;
        Ok(May { request, resources, permission: PhantomData })
    }

    /// The proof that `request` is the caller's own and not decided, so that it may be withdrawn. Whoever is
    /// not known has none.
    pub(crate) async fn may_withdraw(
        &self,
        subject: &Subject,
        request: StoredRequest,
    ) -> Option<May<Delete>> {
        let caller = self.caller(subject).await.ok()?;
        let config = &self.config;
        let is_decided =
            config.updates_access(&request.status) || config.final_statuses.contains(&request.status);
        let is_own = caller.username() == Some(request.username.as_str());
        let permit = May { request, resources: Vec::new(), permission: PhantomData };
        (is_own && !is_decided).then_some(permit)
    }

    /// The resources on which the caller may read requests. A client that acts for a user reads what both
    /// may.
    ///
    /// # Errors
    /// 401 for a token of nobody.
    pub(crate) async fn readable(&self, caller: &Caller) -> Result<MayReadOn, Error> {
        let user = caller.username().map(|name| Subject::User(name.to_owned()));
        let client = caller.0.client_id().map(|id| Subject::Client(id.to_owned()));
        let mut covered = Vec::new();
        for subject in user.into_iter().chain(client) {
            let mapping = self.authz.mapping(&subject).await?;
            let may = |wanted: &str, granted: &str| granted == "*" || granted == wanted;
            let readable = mapping.iter().filter(|(_, actions)| {
                actions.iter().any(|action| may("requestor", &action.service) && may("read", &action.method))
            });
            covered.push(Covered::of(readable.map(|(path, _)| path.as_str())));
        }
        if covered.is_empty() {
            let refusal = "The provided token does not include a username or a client ID";
            return Err(Error::Unauthenticated(refusal));
        }
        Ok(MayReadOn(covered))
    }
}

/// The proof of the resources on which somebody may read requests.
pub(crate) struct MayReadOn(Vec<Covered>);

impl MayReadOn {
    /// Whether requests about a policy with these resources may be read.
    pub(crate) fn all(&self, resources: &[String]) -> bool {
        let covers = |covered: &Covered| resources.iter().all(|path| covered.has(path));
        !resources.is_empty() && self.0.iter().all(covers)
    }
}
