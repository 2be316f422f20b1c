//! The file of a landing page.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::{
    auth::Reader,
    citation::COLLECTIONS,
    error::Error,
    graph::{Graph, NodeModel},
    service::Peregrine,
};

/// Properties that are shown of a file where its type has them.
const FILE_FIELDS: [&str; 8] = [
    "type",
    "file_name",
    "data_format",
    "file_size",
    "project_id",
    "object_id",
    "updated_datetime",
    "md5sum",
];
/// Properties that are shown of the first collection of core metadata that the file is in.
const COLLECTION_FIELDS: [&str; 10] = [
    "title",
    "description",
    "creator",
    "contributor",
    "coverage",
    "language",
    "publisher",
    "rights",
    "source",
    "subject",
];

impl Peregrine {
    /// The file with this object id, with its first collection of core metadata.
    pub(crate) async fn file(self: &Arc<Self>, reader: &Reader, object_id: &str) -> Result<Value, Error> {
        let not_found = || Error::NotFound(format!("object_id \"{object_id}\" not found"));
        let graph = &self.compiler.graph;
        let has_object_id = |node: &NodeModel| node.is_file() && node.properties.contains_key("object_id");
        if !graph.types.models().iter().any(has_object_id) {
            return Err(not_found());
        }
        let id = Map::from_iter([("id".to_owned(), json!(object_id))]);
        let found = self.ask(reader, "query ($id: String) {datanode(object_id: $id) {type}}", &id).await?;
        let label = found["datanode"][0]["type"].as_str().ok_or_else(not_found)?;
        let node = graph.find(label).map(|node| &graph.types[node]).ok_or_else(not_found)?;
        let ids = Map::from_iter([("id".to_owned(), json!([object_id]))]);
        match self.ask(reader, &file_query(graph, node), &ids).await?[label][0].take() {
            Value::Null => Err(not_found()),
            file => Ok(file),
        }
    }
}

/// A query for what is shown of a file of this type.
fn file_query(graph: &Graph, node: &NodeModel) -> String {
    let is_known =
        |name: &&str| matches!(*name, "type" | "project_id") || node.properties.contains_key(*name);
    let mut fields: Vec<&str> = FILE_FIELDS.into_iter().filter(is_known).collect();
    let collection = node.links.get(COLLECTIONS).map(|link| &graph.types[link.target].properties);
    let is_collected = |name: &&str| collection.is_some_and(|collection| collection.contains_key(*name));
    let collected: Vec<&str> = COLLECTION_FIELDS.into_iter().filter(is_collected).collect();
    let collection = format!("{COLLECTIONS}(first: 1) {{{}}}", collected.join(" "));
    if !collected.is_empty() {
        fields.insert(0, &collection);
    }
    format!("query ($id: [String]) {{{}(object_id: $id) {{{}}}}}", node.label, fields.join(" "))
}
