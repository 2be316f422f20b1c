//! arborist for services in the same process: what the routes answer, without HTTP.

use async_trait::async_trait;
use authz::{Authz, AuthzError, Mapping, Request, ResourceSpec, Standing, Subject};

use crate::{
    Arborist, Error,
    decision::Principal,
    input::{AskedUser, Users},
    model::{Group, Label, MissingParents, NewMember, NewResource, NewUser},
    path::ResourcePath,
};

#[async_trait]
impl Authz for Arborist {
    async fn decide(&self, subject: &Subject, requests: &[Request]) -> Result<bool, AuthzError> {
        Ok(self.decide_in_process(subject, requests).await?)
    }

    async fn user_name(&self, subject: &Subject) -> Result<Option<String>, AuthzError> {
        Ok(match subject {
            Subject::Token(token) => self.bearer(token).await?.user,
            Subject::User(name) => Some(name.clone()),
            Subject::Client(_) | Subject::Anonymous => None,
        })
    }

    async fn mapping(&self, subject: &Subject) -> Result<Mapping, AuthzError> {
        Ok(self.mapping_in_process(subject).await?)
    }

    async fn ensure_resource(&self, path: &str, spec: &ResourceSpec) -> Result<(), AuthzError> {
        Ok(self.ensure_in_process(path, spec).await?)
    }

    async fn set_standing(
        &self,
        usernames: &[String],
        standing: Standing,
    ) -> Result<Option<u64>, AuthzError> {
        let users = Users::of(usernames.to_vec()).map_err(AuthzError::from)?;
        Ok(Some(self.change_standing(&users, standing).await?))
    }

    async fn ensure_member(&self, username: &str, group: &str) -> Result<(), AuthzError> {
        Ok(self.ensure_member_in_process(username, group).await?)
    }
}

impl Arborist {
    async fn decide_in_process(&self, subject: &Subject, requests: &[Request]) -> Result<bool, Error> {
        let principal = match subject {
            Subject::Client(_) => {
                return Err(Error::BadRequest("arborist decides for a client by its token only".into()));
            }
            Subject::Token(token) => {
                let asked = AskedUser { token: Some(token.clone()), ..AskedUser::default() };
                self.principal_asking(&asked, requests).await?
            }
            _ if requests.is_empty() => {
                return Err(Error::BadRequest("auth request missing resources".into()));
            }
            Subject::User(name) if !name.is_empty() => Principal::user(name),
            Subject::User(_) | Subject::Anonymous => Principal::anonymous(),
        };
        self.permits(&principal, requests, &[]).await
    }

    async fn mapping_in_process(&self, subject: &Subject) -> Result<Mapping, Error> {
        let principal = match subject {
            Subject::Token(token) => self.named_bearer(token).await?,
            Subject::User(name) | Subject::Client(name) if name.is_empty() => {
                let text = "must provide a token or specify exactly one of `username` or `clientID` \
                            in the request body";
                return Err(Error::BadRequest(text.into()));
            }
            Subject::User(name) => Principal::user(name),
            Subject::Client(id) => Principal::client(id),
            Subject::Anonymous => Principal::anonymous(),
        };
        self.mapping_of(principal).await
    }

    async fn ensure_in_process(&self, path: &str, spec: &ResourceSpec) -> Result<(), Error> {
        let path = ResourcePath::parse(&::web::collapse_slashes(path))
            .map_err(|error| Error::BadRequest(format!("cannot use the resource path `{path}`: {error}")))?;
        let new = NewResource { path, description: spec.description.clone(), children: Vec::new() };
        match self.create_resource(&new, MissingParents::Create).await {
            // Somebody else has just made it, or it was there before.
            Ok(_) | Err(Error::ResourceExists(_) | Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn ensure_member_in_process(&self, username: &str, group: &str) -> Result<(), Error> {
        let there = |made| match made {
            Ok(()) | Err(Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        };
        let user = NewUser { name: username.to_owned(), email: None, groups: None, policies: None };
        there(self.create_user(&user).await)?;
        let new = Group { name: group.to_owned(), users: None, policies: None };
        there(self.create_group(&new, &Label(None)).await)?;
        let member = NewMember { username: username.to_owned(), expires_at: None };
        self.add_member(group, &member, &Label(None)).await
    }
}
