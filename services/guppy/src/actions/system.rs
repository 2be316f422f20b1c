//! What the service says of itself, and reading the mappings anew.

use authz::Subject;
use serde_json::{Map, Value, json};
use web::Failure;

use crate::{access::may_refresh, error::Error, service::Guppy};

impl Guppy {
    /// The indices and aliases that the configuration means, and which of their fields are lists.
    pub(crate) async fn status(&self) -> Result<Value, Error> {
        let names = self.config.indices.iter().map(|index| &index.index);
        let mut indices = Map::new();
        for name in names.chain(&self.config.config_index) {
            for (concrete, aliases) in self.engine.aliases(name).await? {
                let aliases: Map<String, Value> =
                    aliases.into_iter().map(|alias| (alias, json!({}))).collect();
                indices.insert(concrete, json!({ "aliases": aliases }));
            }
        }
        for index in &self.served().catalog.indices {
            if let Some(arrays) = &index.arrays {
                let entry = indices.entry(index.name.clone()).or_insert_with(|| json!({}));
                entry["arrayFields"] = json!(arrays);
            }
        }
        Ok(json!({ "statusCode": 200, "warnings": null, "indices": indices }))
    }

    /// Reads all mappings anew, for who may.
    pub(crate) async fn refresh_for(&self, subject: &Subject) -> Result<(), Error> {
        if !self.config.refresh {
            return Err(Error::NoRefresh);
        }
        if *subject == Subject::Anonymous {
            return Err(Error::RefreshWithoutToken);
        }
        let mapping = self.authz.mapping(subject).await;
        if !mapping.is_ok_and(|mapping| may_refresh(&mapping)) {
            return Err(Error::RefreshForbidden);
        }
        self.refresh().await.map_err(|error| Failure::internal("reading the mappings", error).into())
    }
}
