//! Writes a PFB.

use std::{collections::HashMap, io::Write};

use apache_avro::types::Value as Avro;
use serde_json::{Map, Value};

use crate::{
    error::{Misfit, PfbError},
    escape::encode,
    model::Model,
    relation::Relation,
    types::{Branch, Field},
};

/// A block is written when it has so many bytes; readers hold a whole one.
const BLOCK: usize = 64 << 10;
/// Characters of a value that a message shows.
const SHOWN: usize = 80;

/// Writes a PFB while it is made.
pub struct Writer<'m, W: Write> {
    model: &'m Model,
    positions: HashMap<&'m str, usize>,
    avro: apache_avro::Writer<'m, W>,
}

impl<'m, W: Write> Writer<'m, W> {
    /// Begins a file with the model.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(model: &'m Model, output: W) -> Result<Self, PfbError> {
        let avro = apache_avro::Writer::builder().schema(&model.schema).writer(output).block_size(BLOCK);
        let mut avro = avro.build().map_err(output_error)?;
        let nodes = model.nodes.iter().map(|node| metadata(&node.metadata())).collect();
        let metadata = record([("nodes", Avro::Array(nodes)), ("misc", Avro::Map(HashMap::new()))]);
        avro.unvalidated_append_value(entity(None, "Metadata", 0, metadata, &[])).map_err(output_error)?;
        let positions =
            model.nodes.iter().enumerate().map(|(position, node)| (node.name.as_str(), position)).collect();
        Ok(Self { model, positions, avro })
    }

    /// Adds an entity of a node type. Properties that the model does not have are left out; `misfit` hears of
    /// every value that it does not allow, and says whether the entity goes without it.
    ///
    /// # Errors
    /// For an unknown node type, for a value that `misfit` does not want to be left out, and when the file
    /// cannot be written.
    pub fn write(
        &mut self,
        node: &str,
        id: &str,
        properties: &Map<String, Value>,
        relations: &[Relation],
        mut misfit: impl FnMut(&Misfit) -> bool,
    ) -> Result<(), PfbError> {
        let position = *self.positions.get(node).ok_or_else(|| PfbError::UnknownNode(node.to_owned()))?;
        let mut fields = Vec::new();
        for field in &self.model.nodes[position].fields {
            let value = properties.get(&field.name).unwrap_or(&Value::Null);
            let value = match field.value(value) {
                Some(value) => value,
                None => {
                    let misfit_of = field.misfit(value);
                    if !misfit(&misfit_of) {
                        return Err(misfit_of.into());
                    }
                    field.nothing()
                }
            };
            fields.push((field.name.clone(), value));
        }
        let object = Avro::Record(fields);
        let position = u32::try_from(position + 1).unwrap_or(u32::MAX);
        self.avro
            .unvalidated_append_value(entity(Some(id), node, position, object, relations))
            .map_err(output_error)?;
        Ok(())
    }

    /// Ends the file and gives back what it was written to.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn finish(self) -> Result<W, PfbError> {
        self.avro.into_inner().map_err(output_error)
    }
}

fn output_error(error: apache_avro::Error) -> PfbError {
    PfbError::Output(error.to_string())
}

impl Field {
    fn value(&self, value: &Value) -> Option<Avro> {
        let (position, branch) = self.branches.iter().enumerate().find(|(_, branch)| branch.allows(value))?;
        Some(Avro::Union(u32::try_from(position).ok()?, Box::new(branch.value(value)?)))
    }

    fn nothing(&self) -> Avro {
        let null = self.branches.iter().position(|branch| *branch == Branch::Null).unwrap_or_default();
        Avro::Union(u32::try_from(null).unwrap_or_default(), Box::new(Avro::Null))
    }

    fn misfit(&self, value: &Value) -> Misfit {
        let mut shown = value.to_string();
        if let Some((end, _)) = shown.char_indices().nth(SHOWN) {
            shown.truncate(end);
            shown.push('…');
        }
        Misfit { property: self.name.clone(), value: shown, allowed: self.allowed() }
    }
}

impl Branch {
    fn value(&self, value: &Value) -> Option<Avro> {
        Some(match (self, value) {
            (Self::Null, _) => Avro::Null,
            (Self::Boolean, value) => Avro::Boolean(value.as_bool()?),
            (Self::Long, value) => Avro::Long(value.as_i64()?),
            (Self::Double, value) => Avro::Double(value.as_f64()?),
            (Self::Text, Value::String(text)) => Avro::String(text.clone()),
            (Self::Text | Self::Json, value) => Avro::String(value.to_string()),
            (Self::Enum { values, .. }, value) => {
                let value = value.as_str()?;
                Avro::Enum(u32::try_from(values.get_index_of(value)?).ok()?, encode(value))
            }
            (Self::List(items), value) => {
                let items = value.as_array()?.iter().map(|item| items.value(item));
                Avro::Array(items.collect::<Option<_>>()?)
            }
        })
    }
}

fn record<const N: usize>(fields: [(&str, Avro); N]) -> Avro {
    Avro::Record(fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

fn text(text: &str) -> Avro {
    Avro::String(text.to_owned())
}

fn entity(id: Option<&str>, name: &str, position: u32, object: Avro, relations: &[Relation]) -> Avro {
    let id = match id {
        None => Avro::Union(0, Box::new(Avro::Null)),
        Some(id) => Avro::Union(1, Box::new(text(id))),
    };
    let relation =
        |relation: &Relation| record([("dst_id", text(&relation.id)), ("dst_name", text(&relation.name))]);
    record([
        ("id", id),
        ("name", text(name)),
        ("object", Avro::Union(position, Box::new(object))),
        ("relations", Avro::Array(relations.iter().map(relation).collect())),
    ])
}

/// What the metadata say of a node type.
fn metadata(value: &Value) -> Avro {
    match value {
        Value::Object(members) => {
            let is_map = |name: &str| name == "values";
            let member = |(name, value): (&String, &Value)| {
                let texts = |members: &Map<String, Value>| {
                    members.iter().map(|(name, value)| (name.clone(), metadata(value))).collect()
                };
                let value = match value {
                    Value::Object(members) if is_map(name) => Avro::Map(texts(members)),
                    Value::String(word) if name == "multiplicity" => multiplicity(word),
                    value => metadata(value),
                };
                (name.clone(), value)
            };
            Avro::Record(members.iter().map(member).collect())
        }
        Value::Array(items) => Avro::Array(items.iter().map(metadata).collect()),
        Value::String(word) => text(word),
        other => text(&other.to_string()),
    }
}

fn multiplicity(word: &str) -> Avro {
    let words = ["ONE_TO_ONE", "ONE_TO_MANY", "MANY_TO_ONE", "MANY_TO_MANY"];
    let position = words.iter().position(|known| *known == word).unwrap_or(3);
    Avro::Enum(u32::try_from(position).unwrap_or_default(), words[position].to_owned())
}
