//! A whole dictionary: its node types and the paths between them.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
};

use dictionary::{Dictionary, NodeType, is_graphql_type};

use super::{
    model::{NodeTypes, TypeId},
    paths::Paths,
};

/// A dictionary, as queries are planned on it.
pub struct Graph {
    pub(crate) types: NodeTypes,
    /// The paths between two types, worked out when they are first asked for.
    paths: RwLock<KnownPaths>,
}

type KnownPaths = HashMap<(TypeId, TypeId), Option<Arc<Paths>>>;

impl Graph {
    /// All types that GraphQL can name. Others are left out, with an error in the log.
    pub(crate) fn new(dictionary: &Dictionary) -> Self {
        let (named, unnamed): (Vec<&NodeType>, Vec<&NodeType>) =
            dictionary.nodes.values().partition(|node| is_graphql_type(&node.id));
        for node in unnamed {
            tracing::error!(
                node.label = node.id,
                "the type cannot be queried: GraphQL does not take its name"
            );
        }
        Self { types: NodeTypes::new(&named), paths: RwLock::default() }
    }

    pub(crate) fn find(&self, label: &str) -> Option<TypeId> {
        self.types.find(label)
    }

    /// The paths from `from` to `to` that a `with_path_to` takes; `None` when there is none.
    pub(crate) fn paths(&self, from: TypeId, to: TypeId) -> Option<Arc<Paths>> {
        let known = self.paths.read().ok().and_then(|paths| paths.get(&(from, to)).cloned());
        if let Some(known) = known {
            return known;
        }
        let found = Paths::find(&self.types, from, to).map(Arc::new);
        // A poisoned lock only costs the saved work.
        if let Ok(mut paths) = self.paths.write() {
            paths.insert((from, to), found.clone());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_type_that_graphql_cannot_name_is_left_out() {
        let mut files: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/dictionary.json")).unwrap();
        for id in ["viewer", "String", "10x"] {
            let mut node = files["case.yaml"].clone();
            node["id"] = json!(id);
            node["links"] = json!([]);
            files[format!("{id}.yaml")] = node;
        }
        let dictionary = Dictionary::from_files(serde_json::from_value(files).unwrap()).unwrap();
        let graph = Graph::new(&dictionary);
        assert_eq!(graph.types.models().len(), dictionary.nodes.len() - 3);
        assert!(graph.types.iter().all(|(id, node)| graph.find(&node.label) == Some(id)));
        crate::schema::build(&dictionary, &graph).unwrap();
    }
}
