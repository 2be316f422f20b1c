//! What is shown of each node.

use graphql::Selected;
use serde_json::Value;

use super::{
    args::without_nul,
    fields::{Fields, objects},
    lists::Place,
    logs,
    lowering::Lowering,
};
use crate::{
    graph::{Scalar, TypeId},
    ir::{Child, Column, Level, Piece, Render},
    schema::Meaning,
};

impl Lowering<'_> {
    /// The template of a node's JSON.
    pub(super) fn level(&self, node: TypeId, fields: Fields<'_, '_>) -> Level {
        let mut level = Level::default();
        let mut text = String::from("{");
        for (position, field) in fields.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            text += &Value::from(field.key.as_str()).to_string();
            text.push(':');
            match self.piece(node, field, &mut level) {
                Piece::Text(more) => text += &more,
                piece => {
                    level.pieces.push(Piece::Text(std::mem::take(&mut text)));
                    level.pieces.push(piece);
                }
            }
        }
        text.push('}');
        level.pieces.push(Piece::Text(text));
        level
    }

    fn piece(&self, node: TypeId, field: &Selected<'_, Meaning>, level: &mut Level) -> Piece {
        let label = &self.graph.types[node].label;
        match field.field.meaning {
            // Only `__typename` has no meaning here. It is the node's own type unless asked of a DataNode.
            None if field.parent == "DataNode" => Piece::Text("\"DataNode\"".to_owned()),
            None | Some(Meaning::Type) => Piece::Text(Value::from(label.as_str()).to_string()),
            Some(Meaning::Id) => Piece::Id,
            Some(Meaning::ProjectName) => Piece::ProjectName,
            Some(Meaning::Property(scalar)) => {
                // The node's own property decides: the union types know only one of several.
                let scalar =
                    self.graph.types[node].properties.get(&field.field.name).copied().unwrap_or(scalar);
                let column = Column { property: field.field.name.clone(), render: render(scalar) };
                let known = level.columns.iter().position(|other| *other == column);
                Piece::Column(known.unwrap_or_else(|| {
                    level.columns.push(column);
                    level.columns.len() - 1
                }))
            }
            Some(meaning) => match self.child(node, meaning, field) {
                Ok(Some(child)) => push_child(level, child),
                Ok(None) => Piece::Text("null".to_owned()),
                Err(message) => push_child(level, Child::Failed(message)),
            },
        }
    }

    fn child(
        &self,
        node: TypeId,
        meaning: Meaning,
        field: &Selected<'_, Meaning>,
    ) -> Result<Option<Child>, String> {
        let links = &self.graph.types[node].links;
        without_nul(&field.args)?;
        Ok(Some(match meaning {
            Meaning::Link => {
                let name = &field.field.name;
                let mut branch = self.branch(links[name].target, &field.args, objects(field))?;
                branch.link = Some(name.clone());
                Child::Linked(Box::new(branch))
            }
            Meaning::LinkCount => {
                let name = field.field.name.strip_prefix('_').and_then(|name| name.strip_suffix("_count"));
                let link = name.expect("invariant: the schema names counts so").to_owned();
                match self.count(links[&link].target, &field.args, Place::Node)? {
                    Some(count) => Child::Count { link, count },
                    None => return Ok(None),
                }
            }
            Meaning::Neighbours => Child::Neighbours(self.neighbours(node, field)?),
            Meaning::NodeLogs => Child::Logs(logs::scan(field)),
            Meaning::NodeLogCount => Child::LogCount(logs::count(&field.args)),
            other => unreachable!("invariant: {other:?} is no field of a node"),
        }))
    }
}

fn push_child(level: &mut Level, child: Child) -> Piece {
    level.children.push(child);
    Piece::Child(level.children.len() - 1)
}

fn render(scalar: Scalar) -> Render {
    match scalar {
        Scalar::String => Render::Text,
        Scalar::Float => Render::Float,
        Scalar::Boolean => Render::Boolean,
        Scalar::List => Render::Texts,
    }
}
