//! The top level of a query.

use graphql::{Selected, introspect};
use serde_json::Value;

use super::{
    args::without_nul,
    fields::{Fields, objects},
    lists::Place,
    logs,
    lowering::{Lowering, MOST_KNOWN},
    node_types,
};
use crate::{
    ir::{Root, RootValue, Scan},
    schema::Meaning,
};

impl Lowering<'_> {
    /// The meaning of what is selected of the root.
    pub(crate) fn roots(&self, fields: Fields<'_, '_>) -> Vec<Root> {
        let root = |field: &Selected<'_, Meaning>| {
            let value = self.root(field).unwrap_or_else(RootValue::Failed);
            Root { key: field.key.clone(), value }
        };
        fields.iter().map(root).collect()
    }

    fn root(&self, field: &Selected<'_, Meaning>) -> Result<RootValue, String> {
        let Some(meaning) = field.field.meaning else {
            let mut known = String::new();
            match field.field.name.as_str() {
                "__typename" => known = Value::from(field.parent).to_string(),
                _ => introspect(self.schema, field, self.known_left.get(), &mut known).map_err(too_much)?,
            }
            return self.known(known);
        };
        without_nul(&field.args)?;
        Ok(match meaning {
            Meaning::Nodes(node) => {
                let branch = self.branch(node, &field.args, objects(field))?;
                RootValue::Scan(Scan { branches: vec![branch], together: None })
            }
            Meaning::NodeCount(node) => match self.count(node, &field.args, Place::Root)? {
                Some(count) => RootValue::Count(count),
                None => RootValue::Known("null".to_owned()),
            },
            Meaning::AnyNodes => RootValue::Scan(self.any_nodes(field)?),
            Meaning::DataNodes => RootValue::Scan(self.data_nodes(field)?),
            Meaning::NodeTypes if self.known_left.get() == 0 => return Err(too_much(())),
            Meaning::NodeTypes => self.known(node_types::known(self.dictionary, field)?)?,
            Meaning::Viewer => RootValue::Viewer(self.roots(objects(field))),
            Meaning::Logs => RootValue::Logs(logs::scan(field)),
            Meaning::LogCount => RootValue::LogCount(logs::count(&field.args)),
            other => unreachable!("invariant: {other:?} is no field of the root"),
        })
    }

    fn known(&self, json: String) -> Result<RootValue, String> {
        let left = self.known_left.get().checked_sub(json.len());
        self.known_left.set(left.unwrap_or_default());
        left.map(|_| RootValue::Known(json)).ok_or_else(|| too_much(()))
    }
}

fn too_much<E>(_: E) -> String {
    format!("The schema and node types of an answer have at most {MOST_KNOWN} bytes.")
}
