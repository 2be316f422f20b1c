//! Names in a request that must exist.

use std::collections::HashSet;

use sqlx::PgConnection;

use crate::{
    Error,
    model::Policy,
    path::ResourcePath,
    store::{resource, role},
};

/// Returns the names that are not among `known`, in one string; `None` if all are.
fn missing<'a>(names: impl IntoIterator<Item = &'a str>, known: &HashSet<String>) -> Option<String> {
    joined(names.into_iter().filter(|name| !known.contains(*name)))
}

fn joined<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<&str> = names.collect();
    (!names.is_empty()).then(|| names.join(", "))
}

/// What exists of all that some policies refer to.
pub(crate) struct References {
    paths: HashSet<String>,
    roles: HashSet<String>,
}

impl References {
    /// Looks up everything that `policies` refer to.
    pub(crate) async fn of<'a>(
        connection: &mut PgConnection,
        policies: impl Iterator<Item = &'a Policy> + Clone,
    ) -> Result<Self, sqlx::Error> {
        let paths: Vec<ResourcePath> = policies
            .clone()
            .flat_map(|policy| &policy.resource_paths)
            .filter_map(|path| ResourcePath::parse_exact(path))
            .collect();
        let paths: Vec<&str> = paths.iter().map(ResourcePath::ltree).collect();
        let roles: Vec<&str> = policies.flat_map(|policy| &policy.role_ids).map(String::as_str).collect();
        Ok(Self {
            paths: resource::existing(connection, &paths).await?,
            roles: role::existing(connection, &roles).await?,
        })
    }

    /// Refuses a policy that refers to nothing.
    pub(crate) fn require_some(policy: &Policy) -> Result<(), Error> {
        if policy.resource_paths.is_empty() {
            return Err(Error::BadRequest("no resource paths specified".into()));
        }
        if policy.role_ids.is_empty() {
            return Err(Error::BadRequest("no role IDs specified".into()));
        }
        Ok(())
    }

    /// Refuses a policy that refers to what does not exist; `failed` begins the message.
    pub(crate) fn check(&self, policy: &Policy, failed: &str) -> Result<(), Error> {
        let is_known = |path: &str| {
            ResourcePath::parse_exact(path).is_some_and(|path| self.paths.contains(path.ltree()))
        };
        let paths = policy.resource_paths.iter().map(String::as_str);
        if let Some(missing) = joined(paths.filter(|path| !is_known(path))) {
            return Err(Error::BadRequest(format!("{failed}: resources do not exist: {missing}")));
        }
        match missing(policy.role_ids.iter().map(String::as_str), &self.roles) {
            Some(missing) => Err(Error::BadRequest(format!("{failed}: roles do not exist: {missing}"))),
            None => Ok(()),
        }
    }
}
