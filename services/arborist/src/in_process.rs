//! arborist for services in the same process: the core functions of the routes without HTTP.

use async_trait::async_trait;
use authz::{Authz, AuthzError, Mapping, Request, ResourceSpec, Subject as Asker};

use crate::{
    Arborist, Error,
    model::NewResource,
    path::ResourcePath,
    question::AskedUser,
    store::{decision::Subject, resource},
};

impl Arborist {
    async fn decide_in_process(&self, asker: &Asker, requests: &[Request]) -> Result<bool, Error> {
        let subject = match asker {
            Asker::Client(_) => {
                return Err(Error::BadRequest("arborist decides for a client by its token only".into()));
            }
            _ if requests.is_empty() => {
                return Err(Error::BadRequest("auth request missing resources".into()));
            }
            Asker::Token(token) => {
                let asked = AskedUser { token: Some(token.clone()), ..AskedUser::default() };
                self.subject_of(&asked).await?
            }
            Asker::User(name) if !name.is_empty() => Subject::user(name),
            Asker::User(_) | Asker::Anonymous => Subject::anonymous(),
        };
        self.permits(&subject, requests, &[]).await
    }

    async fn mapping_in_process(&self, asker: &Asker) -> Result<Mapping, Error> {
        let subject = match asker {
            Asker::Token(token) => self.holder(token).await?,
            Asker::User(name) | Asker::Client(name) if name.is_empty() => {
                return Err(Error::BadRequest(
                    "must specify exactly one of `username` and `clientID`".into(),
                ));
            }
            Asker::User(name) => Subject::user(name),
            Asker::Client(id) => Subject::client(id),
            Asker::Anonymous => Subject::anonymous(),
        };
        self.mapping_of(subject).await
    }

    async fn ensure_in_process(&self, path: &str, spec: &ResourceSpec) -> Result<(), Error> {
        let path = ResourcePath::parse(&::web::collapse_slashes(path))
            .map_err(|error| Error::BadRequest(format!("cannot use the resource path `{path}`: {error}")))?;
        let new = NewResource { path, description: spec.description.clone(), children: Vec::new() };
        let mut tx = self.begin().await?;
        match resource::create(&mut tx, &new, true).await {
            Ok(_) => Ok(tx.commit().await?),
            // Somebody else has just made it, or it was there before.
            Err(Error::ResourceExists(_) | Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Authz for Arborist {
    async fn decide(&self, subject: &Asker, requests: &[Request]) -> Result<bool, AuthzError> {
        Ok(self.decide_in_process(subject, requests).await?)
    }

    async fn mapping(&self, subject: &Asker) -> Result<Mapping, AuthzError> {
        Ok(self.mapping_in_process(subject).await?)
    }

    async fn ensure_resource(&self, path: &str, spec: &ResourceSpec) -> Result<(), AuthzError> {
        Ok(self.ensure_in_process(path, spec).await?)
    }

    async fn healthy(&self) -> bool {
        self.database_answers().await.is_ok()
    }
}
