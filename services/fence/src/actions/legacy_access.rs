//! Groups and projects of commons that were there before arborist. What they permit counts for files that
//! only an access list guards.

use serde_json::{Value, json};

use super::administration::known;
use crate::{
    error::Error,
    identity::permits::MayAdminister,
    service::Fence,
    store::legacy_access::{self as store, Group, Project},
};

/// The longest name of a group or a project, and the longest description.
const LONGEST_NAME: usize = 255;
const LONGEST_DESCRIPTION: usize = 10_000;

fn check_name(name: &str) -> Result<(), Error> {
    if name.len() > LONGEST_NAME || name.chars().any(char::is_control) {
        let text = format!("a name has at most {LONGEST_NAME} bytes and no control characters");
        return Err(Error::BadRequest(text));
    }
    Ok(())
}

fn check_description(description: Option<&str>) -> Result<(), Error> {
    if description.is_some_and(|text| text.len() > LONGEST_DESCRIPTION || text.contains('\0')) {
        return Err(Error::BadRequest(format!("a description has at most {LONGEST_DESCRIPTION} bytes")));
    }
    Ok(())
}

/// The most names that one request has.
pub(crate) const MOST_NAMES: usize = 1000;

/// A project, and what somebody may do with its files.
pub(crate) struct Access {
    pub(crate) auth_id: String,
    pub(crate) privileges: Vec<String>,
}

impl Fence {
    /// All groups.
    pub(crate) async fn groups(&self, _: &MayAdminister) -> Result<Vec<Group>, Error> {
        Ok(store::groups(&mut *self.pool.acquire().await?).await?)
    }

    /// The group of this name.
    ///
    /// # Errors
    /// 400 when there is none, as in the original.
    pub(crate) async fn group(&self, _: &MayAdminister, name: &str) -> Result<Group, Error> {
        let group = store::group(&mut *self.pool.acquire().await?, name).await?;
        group.ok_or_else(|| Error::BadRequest("Error: group doesn't exist".into()))
    }

    /// Makes a group.
    ///
    /// # Errors
    /// 400 when there is one of this name.
    pub(crate) async fn add_group(
        &self,
        proof: &MayAdminister,
        name: &str,
        description: Option<&str>,
    ) -> Result<Group, Error> {
        let mut transaction = self.pool.begin().await?;
        check_name(name)?;
        check_description(description)?;
        if !store::create_group(&mut transaction, name, description).await? {
            return Err(Error::BadRequest("Group already exists".into()));
        }
        transaction.commit().await?;
        self.group(proof, name).await
    }

    /// Changes a group.
    ///
    /// # Errors
    /// 400 when there is none, or another one of the new name.
    pub(crate) async fn change_group(
        &self,
        proof: &MayAdminister,
        name: &str,
        new_name: Option<&str>,
        description: Option<&str>,
    ) -> Result<Group, Error> {
        let group = self.group(proof, name).await?;
        new_name.map_or(Ok(()), check_name)?;
        check_description(description)?;
        let mut transaction = self.pool.begin().await?;
        store::update_group(&mut transaction, group.id, new_name, description).await.map_err(|error| {
            match &error {
                sqlx::Error::Database(cause) if cause.is_unique_violation() => {
                    Error::BadRequest("Group already exists".into())
                }
                _ => error.into(),
            }
        })?;
        transaction.commit().await?;
        self.group(proof, new_name.unwrap_or(name)).await
    }

    /// Deletes a group.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn delete_group(&self, _: &MayAdminister, name: &str) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let group = store::group(&mut transaction, name).await?.ok_or_else(|| no_group(name))?;
        store::delete_group(&mut transaction, group.id).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Names and roles of a group's users.
    ///
    /// # Errors
    /// 404 when there is no such group.
    pub(crate) async fn members(&self, _: &MayAdminister, name: &str) -> Result<Vec<(String, bool)>, Error> {
        let mut connection = self.pool.acquire().await?;
        let group = store::group(&mut connection, name).await?.ok_or_else(|| no_group(name))?;
        Ok(store::members(&mut connection, group.id).await?)
    }

    /// The groups of a user.
    ///
    /// # Errors
    /// 404 when there is no such user.
    pub(crate) async fn groups_of(&self, _: &MayAdminister, username: &str) -> Result<Vec<Group>, Error> {
        let mut connection = self.pool.acquire().await?;
        let user = known(&mut connection, username).await?;
        Ok(store::groups_of(&mut connection, user.id).await?)
    }

    /// Puts a user into groups.
    ///
    /// # Errors
    /// 404 when there is no such user, 400 for an unknown group; nothing is changed then.
    pub(crate) async fn join_groups(
        &self,
        _: &MayAdminister,
        username: &str,
        groups: &[String],
    ) -> Result<Value, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        let mut results = Vec::new();
        for name in groups {
            let group = store::group(&mut transaction, name).await?;
            let group = group.ok_or_else(|| Error::BadRequest(format!("Group {name} doesn't exist")))?;
            store::join_group(&mut transaction, user.id, group.id).await?;
            let text = format!("User: {} SUCCESFULLY connected to Group: {name}", user.username);
            results.push(json!([{ "result": text }]));
        }
        transaction.commit().await?;
        Ok(json!({ "result": results }))
    }

    /// Takes a user out of groups.
    ///
    /// # Errors
    /// 404 for an unknown user or group, or one that the user is not in; nothing is changed then.
    pub(crate) async fn leave_groups(
        &self,
        _: &MayAdminister,
        username: &str,
        groups: &[String],
    ) -> Result<Value, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        let mut results = Vec::new();
        for name in groups {
            let group = store::group(&mut transaction, name).await?.ok_or_else(|| no_group(name))?;
            if !store::leave_group(&mut transaction, user.id, group.id).await? {
                let text = format!("User {} and Group {name} are not linked", user.username);
                return Err(Error::NotFound(text));
            }
            let text = format!("User: {} SUCCESFULLY removed from Group: {name}", user.username);
            results.push(json!({ "result": text }));
        }
        transaction.commit().await?;
        Ok(json!({ "result": results }))
    }

    /// Gives a user access to projects.
    ///
    /// # Errors
    /// 404 for an unknown user or project; nothing is changed then.
    pub(crate) async fn grant_projects(
        &self,
        _: &MayAdminister,
        username: &str,
        accesses: &[Access],
    ) -> Result<Value, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        for access in accesses {
            let project = store::project_by_auth_id(&mut transaction, &access.auth_id).await?;
            let missing = || Error::NotFound(format!("error: auth_id name {} not found", access.auth_id));
            let project = project.ok_or_else(missing)?;
            store::grant(&mut transaction, user.id, project.id, &access.privileges).await?;
        }
        transaction.commit().await?;
        // The original lists here what it changed in object stores, which is nothing.
        Ok(json!({ "result": vec![json!([]); accesses.len()] }))
    }

    /// Takes a user's access to projects away.
    ///
    /// # Errors
    /// 404 for an unknown user or project, or one without access; nothing is changed then.
    pub(crate) async fn revoke_projects(
        &self,
        _: &MayAdminister,
        username: &str,
        projects: &[String],
    ) -> Result<Value, Error> {
        let mut transaction = self.pool.begin().await?;
        let user = known(&mut transaction, username).await?;
        for name in projects {
            let project = store::project(&mut transaction, name).await?.ok_or_else(|| no_project(name))?;
            if !store::revoke(&mut transaction, user.id, project.id).await? {
                let text = format!("Project {name} not connected to user {}", user.username);
                return Err(Error::NotFound(text));
            }
        }
        transaction.commit().await?;
        Ok(json!({ "result": vec![Value::Null; projects.len()] }))
    }

    /// All projects.
    pub(crate) async fn projects(&self, _: &MayAdminister) -> Result<Vec<Project>, Error> {
        Ok(store::projects(&mut *self.pool.acquire().await?).await?)
    }

    /// The project of this name.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn project(&self, _: &MayAdminister, name: &str) -> Result<Project, Error> {
        let project = store::project(&mut *self.pool.acquire().await?, name).await?;
        project.ok_or_else(|| no_project(name))
    }

    /// Makes a project.
    ///
    /// # Errors
    /// 400 when there is one of this name or identifier.
    pub(crate) async fn add_project(
        &self,
        _: &MayAdminister,
        name: &str,
        auth_id: Option<&str>,
    ) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        for name in [Some(name), auth_id].into_iter().flatten() {
            check_name(name)?;
        }
        if !store::create_project(&mut transaction, name, auth_id).await? {
            let text = format!("Error: there is a project {name} already, or one of its auth_id");
            return Err(Error::BadRequest(text));
        }
        transaction.commit().await?;
        Ok(())
    }

    /// Deletes a project.
    ///
    /// # Errors
    /// 404 when there is none.
    pub(crate) async fn delete_project(&self, _: &MayAdminister, name: &str) -> Result<(), Error> {
        let mut transaction = self.pool.begin().await?;
        let project = store::project(&mut transaction, name).await?.ok_or_else(|| no_project(name))?;
        store::delete_project(&mut transaction, project.id).await?;
        transaction.commit().await?;
        Ok(())
    }

    /// Connects projects with groups, all with all.
    ///
    /// # Errors
    /// 404 for an unknown group, 400 for an unknown project; nothing is changed then.
    pub(crate) async fn connect(
        &self,
        _: &MayAdminister,
        groups: &[String],
        projects: &[String],
    ) -> Result<Value, Error> {
        let mut transaction = self.pool.begin().await?;
        let mut results = Vec::new();
        for group_name in groups {
            let group = store::group(&mut transaction, group_name).await?;
            let group = group.ok_or_else(|| no_group(group_name))?;
            for name in projects {
                let project = store::project(&mut transaction, name).await?;
                let missing = || Error::BadRequest(format!("Project {name} doesn't exist"));
                store::add_to_group(&mut transaction, project.ok_or_else(missing)?.id, group.id).await?;
                let text = format!("Group: {group_name} SUCCESFULLY connected to Project: {name}");
                results.push(json!({ "result": text }));
            }
        }
        transaction.commit().await?;
        Ok(json!({ "result": results }))
    }

    /// Takes projects out of a group.
    ///
    /// # Errors
    /// 404 for an unknown group or a project that is not in it; nothing is changed then.
    pub(crate) async fn disconnect(
        &self,
        _: &MayAdminister,
        group_name: &str,
        projects: &[String],
    ) -> Result<Value, Error> {
        let mut transaction = self.pool.begin().await?;
        let group = store::group(&mut transaction, group_name).await?.ok_or_else(|| no_group(group_name))?;
        let mut results = Vec::new();
        for name in projects {
            let Some(project) = store::project(&mut transaction, name).await? else {
                results.push(json!({ "warning": format!("Project {name} doesn't exist") }));
                continue;
            };
            if !store::remove_from_group(&mut transaction, project.id, group.id).await? {
                let text = format!("Project {name} and Group {group_name} are not linked");
                return Err(Error::NotFound(text));
            }
            let text = format!("Project: {name} SUCCESFULLY removed from Group: {group_name}");
            results.push(json!({ "result": text }));
        }
        transaction.commit().await?;
        Ok(json!({ "result": results }))
    }
}

fn no_group(name: &str) -> Error {
    Error::NotFound(format!("Group {name} does not exist"))
}

fn no_project(name: &str) -> Error {
    Error::NotFound(format!("Error: project {name} not found"))
}
