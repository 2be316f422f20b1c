//! Asking arborist, and checking tokens.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, http::header::AUTHORIZATION};
use authz::{AuthzError, Grant, Permission, Subject};
use tokens::{Expect, TokenError};

use super::{
    permissions::{Administration, HandleFiles, Read},
    permits::{AdminPermit, FilesPermit, LoggedIn, Permitted, ProjectPermit, ReadPermit},
};
use crate::{
    Error, Sheepdog,
    model::project::{Project, ProjectPath},
};

/// Where the file index looks for the right to all of its records.
const FILE_ADMINISTRATION: [&str; 2] = ["/services/indexd/admin", "/programs"];

/// Changing records of the file index.
struct UpdateFiles;

impl Permission for UpdateFiles {
    const SERVICE: &'static str = "indexd";
    const METHODS: &'static [&'static str] = &["update"];
}

impl Sheepdog {
    /// Permits `P` in the project.
    pub(crate) async fn permit<P: Permission>(
        &self,
        request: &HttpRequest,
        project: Project,
    ) -> Result<ProjectPermit<P>, Error> {
        let token = arborist_token(request)?;
        let grant = self.ask(&token, project.path.resource()).await?;
        let submitter = self.submitter(&token).await;
        Ok(ProjectPermit::of(grant, project, Subject::Token(token), submitter))
    }

    /// Which of the projects whoever has the permit may read as well: nothing is told of the records of
    /// others. Those of which arborist says nothing are among the others.
    pub(crate) async fn readable(&self, permitted: &Permitted, project_ids: BTreeSet<String>) -> Vec<String> {
        /// More projects are not asked about in one go.
        const MOST_ASKED: usize = 20;
        let mut readable = Vec::new();
        for project_id in project_ids.into_iter().take(MOST_ASKED) {
            let Some((program, code)) = psqlgraph::ids::split_project_id(&project_id) else { continue };
            let path = ProjectPath { program: program.to_owned(), code: code.to_owned() };
            let answer = self.authz.require::<Read>(permitted.caller(), vec![path.resource()]).await;
            if answer.is_ok() {
                readable.push(project_id);
            }
        }
        readable
    }

    /// Whether whoever has the permit administers the file index: they may do with all of its records what
    /// they do with their own.
    ///
    /// # Errors
    /// When arborist does not answer.
    pub(crate) async fn administers_files(&self, permitted: &Permitted) -> Result<bool, Error> {
        for resource in FILE_ADMINISTRATION {
            match self.authz.require::<UpdateFiles>(permitted.caller(), vec![resource.to_owned()]).await {
                Ok(_) => return Ok(true),
                Err(AuthzError::Denied | AuthzError::BadRequest(_) | AuthzError::Forbidden(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(false)
    }

    /// Permits reading the project, which need not exist.
    pub(crate) async fn permit_reading(
        &self,
        request: &HttpRequest,
        path: ProjectPath,
    ) -> Result<ReadPermit, Error> {
        let token = arborist_token(request)?;
        let grant: Grant<Read> = self.ask(&token, path.resource()).await?;
        Ok(ReadPermit::of(grant, path))
    }

    /// The name under which the work of the caller is counted.
    pub(crate) async fn caller(&self, request: &HttpRequest) -> String {
        match arborist_token(request) {
            Ok(token) => self.submitter(&token).await.unwrap_or_default(),
            Err(_) => String::new(),
        }
    }

    /// Permits administration of programs or projects.
    pub(crate) async fn permit_admin<P: Administration>(
        &self,
        request: &HttpRequest,
    ) -> Result<AdminPermit<P>, Error> {
        let token = arborist_token(request)?;
        match self.ask::<P>(&token, P::RESOURCE.to_owned()).await {
            Ok(grant) => Ok(AdminPermit::of(grant, self.submitter(&token).await)),
            Err(AuthzError::Denied) => Err(Error::Forbidden(P::REFUSAL)),
            Err(other) => Err(other.into()),
        }
    }

    /// Permits handling the files of the project.
    pub(crate) async fn permit_files(
        &self,
        request: &HttpRequest,
        project: Project,
    ) -> Result<FilesPermit, Error> {
        let project = self.permit::<HandleFiles>(request, project).await?;
        let programs = self.permit_admin(request).await?;
        let projects = self.permit_admin(request).await?;
        Ok(FilesPermit::of(project, programs, projects))
    }

    /// A valid token with the scope `openid`, which sheepdog checks itself.
    pub(crate) async fn require_openid(&self, request: &HttpRequest) -> Result<LoggedIn, Error> {
        let unauthenticated = |text: &str| Error::Unauthenticated(text.to_owned());
        let header = request
            .headers()
            .get(AUTHORIZATION)
            .ok_or_else(|| unauthenticated("no authorization header provided"))?;
        let words: Vec<&str> = header.to_str().unwrap_or_default().split_ascii_whitespace().collect();
        let [_, token] = words[..] else {
            return Err(unauthenticated("could not parse authorization header"));
        };
        let expect = Expect::of_access(&["openid"]);
        let claims = self.verifier.verify(token, expect).await.map_err(|error| match error {
            TokenError::Scope(_) => unauthenticated("token is missing required scopes: {'openid'}"),
            other => Error::Unauthenticated(other.to_string()),
        })?;
        // arborist alone knows who was shut out after the token was made.
        self.authz.user_name(&Subject::Token(token.to_owned())).await?;
        Ok(LoggedIn::of(&claims))
    }

    async fn ask<P: Permission>(&self, token: &str, resource: String) -> Result<Grant<P>, AuthzError> {
        self.authz.require::<P>(&Subject::Token(token.to_owned()), vec![resource]).await
    }

    /// arborist has accepted the token; the name is only for the log.
    async fn submitter(&self, token: &str) -> Option<String> {
        let claims = self.verifier.verify(token, Expect::default()).await.ok()?;
        claims.username().or(claims.client_id()).map(str::to_owned)
    }
}

fn arborist_token(request: &HttpRequest) -> Result<String, Error> {
    let header = request.headers().get(AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = header.and_then(tokens::bearer);
    token.map(str::to_owned).ok_or_else(|| Error::Unauthenticated("Didn't receive JWT correctly".to_owned()))
}
