//! OAuth clients and the policies granted to them.

use indexmap::IndexSet;

use crate::{
    Arborist, Error,
    model::{Client, Label, PolicyName},
    store::{client, policy},
};

impl Arborist {
    pub(crate) async fn clients(&self) -> Result<Vec<Client>, Error> {
        Ok(client::load(&mut *self.connection().await?, None).await?)
    }

    pub(crate) async fn client(&self, id: &str) -> Result<Client, Error> {
        let found = client::load(&mut *self.connection().await?, Some(id)).await?.pop();
        found.ok_or_else(|| Error::NotFound(format!("no client found with clientID: {id}")))
    }

    pub(crate) async fn create_client(&self, new: &Client, label: &Label) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        let id = new.client_id.as_str();
        let policies: Vec<&str> = new.policies.iter().flatten().map(String::as_str).collect();
        if client::insert(&mut transaction, &[id]).await?.is_empty() {
            let text = format!("failed to insert client: client with this ID already exists: {id}");
            return Err(Error::Conflict(text));
        }
        let known = policy::existing(&mut transaction, &policies).await?;
        let missing: IndexSet<&str> =
            policies.iter().copied().filter(|policy| !known.contains(*policy)).collect();
        if !missing.is_empty() {
            let missing = missing.into_iter().collect::<Vec<_>>().join(" ");
            let text = format!("failed to grant policy to client: policies does not exist: [{missing}]");
            return Err(Error::NotFound(text));
        }
        client::grant(&mut transaction, id, &policies, label).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn delete_client(&self, id: &str) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        client::delete(&mut transaction, id).await?;
        Ok(transaction.commit().await?)
    }

    pub(crate) async fn grant_to_client(
        &self,
        id: &str,
        policy: &PolicyName,
        label: &Label,
    ) -> Result<(), Error> {
        let mut transaction = self.begin().await?;
        if client::load(&mut transaction, Some(id)).await?.is_empty() {
            let text = format!("failed to grant policy to client: client does not exist: {id}");
            return Err(Error::NotFound(text));
        }
        let policy = policy.0.as_str();
        if policy::existing(&mut transaction, &[policy]).await?.is_empty() {
            let text = format!("failed to grant policy to client: policy does not exist: {policy}");
            return Err(Error::NotFound(text));
        }
        client::grant(&mut transaction, id, &[policy], label).await?;
        Ok(transaction.commit().await?)
    }
}
