//! Reads a PFB.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use apache_avro::types::Value as Avro;
use serde_json::{Map, Number, Value};

use crate::{error::PfbError, escape::decode, model::NodeLink, relation::Relation, shape::Shape};

/// Most bytes of one block, and of one list or text. Blocks of known writers have some tens of thousands.
const LARGEST: usize = 64 << 20;

/// An entity.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Its id, if it has one.
    pub id: Option<String>,
    /// Its node type.
    pub node: String,
    /// What it has of properties; those that are null are left out.
    pub properties: Map<String, Value>,
    /// What it is linked to.
    pub relations: Vec<Relation>,
}

/// Tells when the end has been seen.
struct Watched<R> {
    input: R,
    ended: Arc<AtomicBool>,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        if count == 0 && !buffer.is_empty() {
            self.ended.store(true, Ordering::Relaxed);
        }
        Ok(count)
    }
}

/// Reads a PFB, one entity after another.
pub struct Reader<R> {
    avro: apache_avro::Reader<'static, Watched<R>>,
    ended: Arc<AtomicBool>,
    shape: Shape,
    links: Vec<(String, Vec<NodeLink>)>,
    number: u64,
    is_broken: bool,
}

impl<R: Read> Reader<R> {
    /// Reads the beginning of a file: its model.
    ///
    /// # Errors
    /// When it is no PFB.
    pub fn open(input: R) -> Result<Self, PfbError> {
        // Of the whole process; nothing else in it reads Avro.
        apache_avro::util::max_allocation_bytes(LARGEST);
        let ended = Arc::new(AtomicBool::new(false));
        let avro = apache_avro::Reader::new(Watched { input, ended: ended.clone() })
            .map_err(|error| PfbError::NotAvro(error.to_string()))?;
        let shape = Shape::of(avro.writer_schema())?;
        let mut reader = Self { avro, ended, shape, links: Vec::new(), number: 0, is_broken: false };
        let first = reader.next_value().ok_or_else(|| PfbError::NotPfb("it has no metadata".to_owned()))?;
        let fields = Fields::of(first?);
        if fields.position != 0 {
            return Err(PfbError::NotPfb("its first entity is not its metadata".to_owned()));
        }
        reader.links = links(&fields.object);
        Ok(reader)
    }

    /// The node types of the model with the names of their properties.
    #[must_use]
    pub fn nodes(&self) -> &[(String, Vec<String>)] {
        &self.shape.nodes
    }

    /// The links of a node type, as the metadata name them.
    #[must_use]
    pub fn links(&self, node: &str) -> &[NodeLink] {
        self.links.iter().find(|(name, _)| name == node).map_or(&[], |(_, links)| links)
    }

    fn next_value(&mut self) -> Option<Result<Avro, PfbError>> {
        loop {
            match self.avro.next() {
                Some(Ok(value)) => return Some(Ok(value)),
                Some(Err(error)) => {
                    self.is_broken = true;
                    let (after, reason) = (self.number, error.to_string());
                    return Some(Err(PfbError::Damaged { after, reason }));
                }
                // A block without entities is no end.
                None if self.ended.load(Ordering::Relaxed) => return None,
                None => {}
            }
        }
    }

    fn entity(&mut self, value: Avro) -> Result<Entity, PfbError> {
        let fields = Fields::of(value);
        let Some((node, _)) = fields.position.checked_sub(1).and_then(|place| self.shape.nodes.get(place))
        else {
            return Err(PfbError::Metadata(self.number));
        };
        if fields.name != *node {
            let (name, found) = (fields.name, node.clone());
            return Err(PfbError::Name { number: self.number, name, found });
        }
        let mut properties = Map::new();
        for (name, value) in fields.object {
            let number = self.number;
            let value =
                json(value).map_err(|NotFinite| PfbError::Number { number, property: name.clone() })?;
            if !value.is_null() {
                properties.insert(name, value);
            }
        }
        Ok(Entity { id: fields.id, node: fields.name, properties, relations: fields.relations })
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Entity, PfbError>;

    /// The next entity; nothing follows an error of the file itself.
    fn next(&mut self) -> Option<Self::Item> {
        if self.is_broken {
            return None;
        }
        let value = match self.next_value()? {
            Ok(value) => value,
            Err(error) => return Some(Err(error)),
        };
        self.number += 1;
        Some(self.entity(value))
    }
}

/// The parts of a record, whose schema has been checked.
#[derive(Default)]
struct Fields {
    id: Option<String>,
    name: String,
    position: usize,
    object: Vec<(String, Avro)>,
    relations: Vec<Relation>,
}

impl Fields {
    fn of(value: Avro) -> Self {
        let mut fields = Self::default();
        let Avro::Record(members) = value else { return fields };
        for (name, value) in members {
            match (name.as_str(), value) {
                ("id", value) => fields.id = text(value),
                ("name", value) => fields.name = text(value).unwrap_or_default(),
                ("object", Avro::Union(position, object)) => {
                    fields.position = usize::try_from(position).unwrap_or(usize::MAX);
                    if let Avro::Record(members) = *object {
                        fields.object = members;
                    }
                }
                ("relations", Avro::Array(relations)) => {
                    fields.relations = relations.into_iter().map(relation).collect();
                }
                _ => {}
            }
        }
        fields
    }
}

fn relation(value: Avro) -> Relation {
    let mut relation = Relation { id: String::new(), name: String::new() };
    if let Avro::Record(members) = value {
        for (name, value) in members {
            let text = text(value).unwrap_or_default();
            if name == "dst_id" { relation.id = text } else { relation.name = text }
        }
    }
    relation
}

fn text(value: Avro) -> Option<String> {
    match value {
        Avro::Union(_, inner) => text(*inner),
        Avro::String(text) => Some(text),
        Avro::Enum(_, symbol) => Some(symbol),
        _ => None,
    }
}

/// A number that JSON does not have.
struct NotFinite;

fn json(value: Avro) -> Result<Value, NotFinite> {
    Ok(match value {
        Avro::Union(_, inner) => json(*inner)?,
        Avro::Boolean(flag) => flag.into(),
        Avro::Int(number) => number.into(),
        Avro::Long(number) => number.into(),
        Avro::Float(number) => finite(f64::from(number))?,
        Avro::Double(number) => finite(number)?,
        Avro::String(text) => text.into(),
        Avro::Enum(_, symbol) => decode(&symbol).into(),
        Avro::Array(items) => Value::Array(items.into_iter().map(json).collect::<Result<_, _>>()?),
        _ => Value::Null,
    })
}

/// Whole numbers are written without a point, as they were before.
fn finite(number: f64) -> Result<Value, NotFinite> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() <= EXACT && !(number == 0.0 && number.is_sign_negative()) {
        return Ok((number as i64).into());
    }
    Number::from_f64(number).map(Value::Number).ok_or(NotFinite)
}

/// The links that metadata name.
fn links(metadata: &[(String, Avro)]) -> Vec<(String, Vec<NodeLink>)> {
    let list = |record: &[(String, Avro)], wanted: &str| -> Vec<Vec<(String, Avro)>> {
        let found = record.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        let Some(Avro::Array(items)) = found else { return Vec::new() };
        let members = |item| if let Avro::Record(members) = item { Some(members) } else { None };
        items.into_iter().filter_map(members).collect()
    };
    let word = |record: &[(String, Avro)], wanted: &str| {
        let found = record.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.clone());
        found.and_then(text).unwrap_or_default()
    };
    let node = |record: Vec<(String, Avro)>| {
        let link = |link: Vec<(String, Avro)>| NodeLink {
            name: word(&link, "name"),
            target: word(&link, "dst"),
            multiplicity: word(&link, "multiplicity"),
        };
        (word(&record, "name"), list(&record, "links").into_iter().map(link).collect())
    };
    list(metadata, "nodes").into_iter().map(node).collect()
}
