//! Who calls, and whether they may.

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use authz::{AuthzError, Request, Subject};
use tokens::{Claims, Expect, TokenError};

use crate::Error;
use crate::Sheepdog;

/// The resource of a project: rights are given by program **name** and project **code**.
pub(crate) fn project_resource(program: &str, project: &str) -> String {
    format!("/programs/{program}/projects/{project}")
}

/// Who has the right to make programs.
pub(crate) const PROGRAM_ADMIN: Admin = Admin {
    resource: "/services/sheepdog/submission/program",
    refusal: "Unauthorized: User must be Sheepdog program admin",
};
/// Who has the right to make projects.
pub(crate) const PROJECT_ADMIN: Admin = Admin {
    resource: "/services/sheepdog/submission/project",
    refusal: "Unauthorized: User must be Sheepdog project admin",
};

/// An administrator's right: method `*` on a resource of sheepdog's own.
#[derive(Clone, Copy)]
pub(crate) struct Admin {
    resource: &'static str,
    refusal: &'static str,
}

/// A caller whom arborist permitted something. Work that changes a project takes it by value, so that it cannot
/// be begun for somebody who was never asked about.
pub(crate) struct Permitted {
    /// Name of the user, or id of the client, as written to the transaction log.
    pub submitter: Option<String>,
}

impl Sheepdog {
    /// Permits `methods` (all of them) on the project, or says why not. The project need not exist.
    pub(crate) async fn permit(
        &self,
        request: &HttpRequest,
        methods: &[&str],
        program: &str,
        project: &str,
    ) -> Result<Permitted, Error> {
        let token = arborist_token(request)?;
        let resource = project_resource(program, project);
        self.ask(&token, &resource, methods).await?;
        self.permitted(&token).await
    }

    /// Permits administration of programs or projects.
    pub(crate) async fn permit_admin(&self, request: &HttpRequest, admin: Admin) -> Result<Permitted, Error> {
        let token = arborist_token(request)?;
        match self.ask(&token, admin.resource, &["*"]).await {
            Ok(()) => self.permitted(&token).await,
            Err(AuthzError::Denied) => Err(Error::Forbidden(admin.refusal)),
            Err(other) => Err(other.into()),
        }
    }

    /// A valid token with the scope `openid`, which sheepdog checks itself.
    pub(crate) async fn require_openid(&self, request: &HttpRequest) -> Result<Claims, Error> {
        let unauthenticated = |text: &str| Error::Unauthenticated(text.to_owned());
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .ok_or_else(|| unauthenticated("no authorization header provided"))?;
        let words: Vec<&str> = header.to_str().unwrap_or_default().split_ascii_whitespace().collect();
        let [_, token] = words[..] else {
            return Err(unauthenticated("could not parse authorization header"));
        };
        let expect = Expect { scopes: &["openid"], ..Expect::default() };
        self.verifier.verify(token, expect).await.map_err(|error| match error {
            TokenError::Scope(_) => unauthenticated("token is missing required scopes: {'openid'}"),
            other => Error::Unauthenticated(other.to_string()),
        })
    }

    async fn ask(&self, token: &str, resource: &str, methods: &[&str]) -> Result<(), AuthzError> {
        let questions: Vec<Request> =
            methods.iter().map(|method| Request::new(resource, "sheepdog", method)).collect();
        if self.authz.decide(&Subject::Token(token.to_owned()), &questions).await? {
            Ok(())
        } else {
            Err(AuthzError::Denied)
        }
    }

    async fn permitted(&self, token: &str) -> Result<Permitted, Error> {
        // arborist has accepted the token; the name is only for the log.
        let claims = self.verifier.verify(token, Expect::default()).await.ok();
        let submitter = claims.and_then(|c| c.username().or(c.client_id()).map(str::to_owned));
        Ok(Permitted { submitter })
    }
}

fn arborist_token(request: &HttpRequest) -> Result<String, Error> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(tokens::bearer);
    token.map(str::to_owned).ok_or_else(|| Error::Unauthenticated("Didn't receive JWT correctly".to_owned()))
}
