//! Groups, their members, and the policies granted to them.

use sqlx::PgConnection;

use crate::{
    Arborist, Error,
    model::{Group, Held, Label, Membership, NewMember, PolicyName, is_built_in},
    store::{group, links, policy, user},
};

impl Arborist {
    pub(crate) async fn groups(&self) -> Result<Vec<Group>, Error> {
        Ok(group::load(&mut *self.connection().await?, None).await?)
    }

    pub(crate) async fn group(&self, name: &str) -> Result<Group, Error> {
        let found = group::load(&mut *self.connection().await?, Some(name)).await?.pop();
        found.ok_or_else(|| Error::NotFound(format!("no group found with name: {name}")))
    }

    pub(crate) async fn create_group(&self, new: &Group, label: &Label) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if group::insert(&mut transaction, &[&new.name]).await?.is_empty() {
            let text = format!("failed to insert group: group with this name already exists: {}", new.name);
            return Err(Error::Conflict(text));
        }
        check_parts(&mut transaction, new).await?;
        fill(&mut transaction, new, label).await?;
        Ok(transaction.commit().await?)
    }

    /// Creates a group, or replaces its members and policies: those under `label` alone if there is one.
    pub(crate) async fn put_group(&self, new: &Group, label: &Label) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        check_parts(&mut transaction, new).await?;
        if group::insert(&mut transaction, &[&new.name]).await?.is_empty() {
            group::remove_members(&mut transaction, &new.name, label).await?;
            links::remove(&mut transaction, &links::GROUP_POLICIES, &new.name, Held::All, label).await?;
        }
        fill(&mut transaction, new, label).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn delete_group(&self, name: &str) -> Result<(), Error> {
        if is_built_in(name) {
            return Err(Error::BadRequest("can't delete built-in groups".into()));
        }
        let mut transaction = self.begin().await?;
        group::delete(&mut transaction, name).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn add_member(
        &self,
        name: &str,
        member: &NewMember,
        label: &Label,
    ) -> Result<(), Error> {
        if is_built_in(name) {
            return Err(Error::BadRequest("can't add users to built-in groups".into()));
        }
        if member.username.is_empty() {
            return Err(Error::BadRequest("missing `username` argument".into()));
        }
        let mut transaction = self.begin().await?;
        if !user::exists(&mut transaction, &member.username).await? {
            let text = format!("failed to add user to group: user does not exist: `{}`", member.username);
            return Err(Error::BadRequest(text));
        }
        if !group::exists(&mut transaction, name).await? {
            let text = format!("failed to add user to group: group does not exist: {name}");
            return Err(Error::NotFound(text));
        }
        group::add_member(&mut transaction, name, member, label).await?;
        Ok(transaction.commit().await?)
    }

    /// Ends a membership, if it is under `label` or there is no label.
    pub(crate) async fn remove_member(&self, membership: &Membership, label: &Label) -> Result<(), Error> {
        let Membership { group, user } = membership;
        let mut transaction = self.begin().await?;
        links::remove(&mut transaction, &links::MEMBERS, user, Held::One(group), label).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn grant_to_group(
        &self,
        name: &str,
        policy: &PolicyName,
        label: &Label,
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if !group::exists(&mut transaction, name).await? {
            let text = format!("failed to grant policy to group: group does not exist: {name}");
            return Err(Error::NotFound(text));
        }
        let policy = policy.0.as_str();
        if policy::existing(&mut transaction, &[policy]).await?.is_empty() {
            let text = format!("failed to grant policy to group: policy does not exist: {policy}");
            return Err(Error::BadRequest(text));
        }
        group::grant(&mut transaction, name, &[policy], label).await?;
        Ok(transaction.commit().await?)
    }
}

/// Refuses a group with users or policies that do not exist, or that are named twice.
async fn check_parts(connection: &mut PgConnection, group: &Group) -> Result<(), Error> {
    let (users, policies) = (users(group), policies(group));
    let refuse = |what: &str, some: &str| {
        let text =
            format!("failed to create group {} while adding {what}: Some {some} do not exist", group.name);
        Err(Error::BadRequest(text))
    };
    if user::existing(connection, &users).await?.len() < users.len() {
        return refuse("users", "users");
    }
    if policy::existing(connection, &policies).await?.len() < policies.len() {
        return refuse("policies", "policies");
    }
    Ok(())
}

async fn fill(connection: &mut PgConnection, group: &Group, label: &Label) -> Result<(), sqlx::Error> {
    group::add_members(connection, &group.name, &users(group), label).await?;
    group::grant(connection, &group.name, &policies(group), label).await
}

fn users(group: &Group) -> Vec<&str> {
    group.users.iter().flatten().map(String::as_str).collect()
}

fn policies(group: &Group) -> Vec<&str> {
    group.policies.iter().flatten().map(String::as_str).collect()
}
