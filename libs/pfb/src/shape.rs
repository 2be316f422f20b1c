//! Checks that the schema of an Avro file is that of a PFB, before anything is read by it: schemas may be
//! recursive, and nothing that they say is to be trusted.

use std::collections::HashMap;

use apache_avro::{Schema, schema::RecordSchema};

use crate::error::PfbError;

/// Most node types of a file, and properties of one.
const MOST: usize = 10_000;
/// How deep the types of a property may be.
const DEEPEST: usize = 8;

/// What has to be known of a file's schema.
#[derive(Debug)]
pub(crate) struct Shape {
    /// Node types with the names of their properties, in the order of the union.
    pub(crate) nodes: Vec<(String, Vec<String>)>,
}

fn not_pfb<T>(told: impl Into<String>) -> Result<T, PfbError> {
    Err(PfbError::NotPfb(told.into()))
}

impl Shape {
    /// # Errors
    /// [`PfbError::NotPfb`], with what is otherwise.
    pub(crate) fn of(schema: &Schema) -> Result<Self, PfbError> {
        let Schema::Record(entity) = schema else { return not_pfb("its entries are no records") };
        let names: Vec<&str> = entity.fields.iter().map(|field| field.name.as_str()).collect();
        if names != ["id", "name", "object", "relations"] {
            return not_pfb(format!(
                "its records have the fields {}, and not id, name, object and relations",
                names.join(", ")
            ));
        }
        let mut known = Known::default();
        let is_right = is_optional_text(&entity.fields[0].schema)
            && matches!(entity.fields[1].schema, Schema::String)
            && is_relations(&entity.fields[3].schema, &mut known);
        if !is_right {
            return not_pfb("id, name or relations have other types than in a PFB");
        }
        let Schema::Union(objects) = &entity.fields[2].schema else {
            return not_pfb("the object is no union");
        };
        let mut nodes = Vec::new();
        for (position, object) in objects.variants().iter().enumerate() {
            let Schema::Record(object) = object else { return not_pfb("an object is no record") };
            let name = object.name.name();
            match position {
                0 if name == "Metadata" => known.metadata(object)?,
                0 => return not_pfb(format!("its first object is {name}, and not Metadata")),
                _ => nodes.push((name.to_owned(), known.node(object)?)),
            }
            if nodes.len() > MOST {
                return not_pfb(format!("it has more than {MOST} node types"));
            }
        }
        Ok(Self { nodes })
    }
}

fn is_optional_text(schema: &Schema) -> bool {
    match schema {
        Schema::Union(union) => {
            union.variants().iter().all(|schema| matches!(schema, Schema::Null | Schema::String))
        }
        schema => matches!(schema, Schema::String),
    }
}

fn is_relations(schema: &Schema, known: &mut Known) -> bool {
    let Schema::Array(relations) = schema else { return false };
    let Schema::Record(relation) = &*relations.items else { return false };
    known.names.insert(relation.name.to_string(), Kind::Other);
    let names: Vec<&str> = relation.fields.iter().map(|field| field.name.as_str()).collect();
    names == ["dst_id", "dst_name"]
        && relation.fields.iter().all(|field| matches!(field.schema, Schema::String))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Enum,
    Other,
}

/// Named types that were met.
#[derive(Default)]
struct Known {
    names: HashMap<String, Kind>,
}

impl Known {
    /// The metadata may have any fields, as long as they are not deep and not recursive.
    fn metadata(&mut self, record: &RecordSchema) -> Result<(), PfbError> {
        self.any(&Schema::Record(record.clone()), DEEPEST, "Metadata")
    }

    fn any(&mut self, schema: &Schema, deepest: usize, place: &str) -> Result<(), PfbError> {
        let Some(deeper) = deepest.checked_sub(1) else { return not_pfb(format!("{place} is too deep")) };
        match schema {
            Schema::Record(record) => {
                for field in &record.fields {
                    self.any(&field.schema, deeper, place)?;
                }
                self.names.insert(record.name.to_string(), Kind::Other);
                Ok(())
            }
            Schema::Array(list) => match &*list.items {
                Schema::Null => not_pfb(format!("{place} has a list of nothing")),
                items => self.any(items, deeper, place),
            },
            Schema::Map(map) => self.any(&map.types, deeper, place),
            Schema::Union(union) => {
                union.variants().iter().try_for_each(|schema| self.any(schema, deeper, place))
            }
            schema => self.plain(schema, place),
        }
    }

    fn plain(&mut self, schema: &Schema, place: &str) -> Result<(), PfbError> {
        match schema {
            Schema::Null
            | Schema::Boolean
            | Schema::Int
            | Schema::Long
            | Schema::Float
            | Schema::Double
            | Schema::String => Ok(()),
            Schema::Enum(named) => {
                self.names.insert(named.name.to_string(), Kind::Enum);
                Ok(())
            }
            Schema::Ref { name } if self.names.get(&name.to_string()) == Some(&Kind::Enum) => Ok(()),
            _ => not_pfb(format!("{place} has a type that no PFB has")),
        }
    }

    fn node(&mut self, record: &RecordSchema) -> Result<Vec<String>, PfbError> {
        let node = record.name.name();
        if record.fields.len() > MOST {
            return not_pfb(format!("{node} has more than {MOST} properties"));
        }
        for field in &record.fields {
            let place = format!("{node}.{}", field.name);
            match &field.schema {
                Schema::Union(union) => {
                    for branch in union.variants() {
                        self.branch(branch, &place)?;
                    }
                }
                other => self.branch(other, &place)?,
            }
        }
        self.names.insert(record.name.to_string(), Kind::Other);
        Ok(record.fields.iter().map(|field| field.name.clone()).collect())
    }

    fn branch(&mut self, schema: &Schema, place: &str) -> Result<(), PfbError> {
        let Schema::Array(list) = schema else { return self.plain(schema, place) };
        match &*list.items {
            Schema::Union(union) => union.variants().iter().try_for_each(|schema| self.plain(schema, place)),
            Schema::Null => not_pfb(format!("{place} has a list of nothing")),
            items => self.plain(items, place),
        }
    }
}
