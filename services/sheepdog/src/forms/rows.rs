//! Very many records as rows of a table, or as JSON objects without what they do not have. What a value looks
//! like in the database it looks like in the file, in most cases; so it is copied, and read only where it
//! would look otherwise.

use std::{cmp::Ordering, fmt};

use documents::{is_usual, write_link_cell};
use serde::{
    Deserializer,
    de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use super::layout::{Ids, Layout};
use crate::model::record::{RawRecord, RawTarget};

/// Characters between cells, and between the targets in the cell of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delimiters {
    pub cell: char,
    pub target: char,
}

impl Delimiters {
    pub(crate) const TSV: Self = Self { cell: '\t', target: ',' };
    pub(crate) const CSV: Self = Self { cell: ',', target: '#' };
}

/// Writes records of one type.
pub(crate) struct RowWriter<'a> {
    layout: Layout<'a>,
    delimiters: Delimiters,
    /// The end of a row.
    end: &'static str,
    /// The names of the properties with their numbers, in the order of [`as_stored`].
    places: Vec<(&'a str, usize)>,
    /// The beginnings of members of an object: `"name":`. None for a property whose name is needed for
    /// something else.
    members: Vec<Option<String>>,
    /// The same for links, each with that of the key by which targets are named.
    link_members: Vec<(String, String)>,
}

impl<'a> RowWriter<'a> {
    /// For records in this layout; rows end with `end`.
    pub(crate) fn new(layout: Layout<'a>, delimiters: Delimiters, end: &'static str) -> Self {
        let mut places: Vec<_> = layout.names().enumerate().map(|(number, name)| (name, number)).collect();
        places.sort_unstable_by(|(one, _), (other, _)| as_stored(one, other));
        let is_taken = |name: &str| {
            let is_link = layout.links.iter().any(|(link, _)| link.name == name);
            is_link || name == "type" || (name == "id" && layout.ids == Ids::Shown)
        };
        let member = |name: &str| format!("{}:", Value::from(name));
        let members = layout.names().map(|name| (!is_taken(name)).then(|| member(name))).collect();
        let link_members = layout.links.iter().map(|(link, key)| (member(&link.name), member(key))).collect();
        Self { layout, delimiters, end, places, members, link_members }
    }

    /// What is written.
    pub(crate) fn layout(&self) -> &Layout<'a> {
        &self.layout
    }

    /// The names of the columns, as a row.
    pub(crate) fn header(&self) -> String {
        let mut text = String::new();
        let mut row = Row { text: &mut text, delimiters: self.delimiters, cells: 0 };
        for name in self.layout.header() {
            row.cell(|text| text.push_str(&name));
        }
        text + self.end
    }

    /// Adds the row of a record.
    ///
    /// # Errors
    /// When its properties are no object.
    pub(crate) fn row(&self, record: &RawRecord<'_>, text: &mut String) -> Result<(), serde_json::Error> {
        let values = self.values(record)?;
        let mut row = Row { text, delimiters: self.delimiters, cells: 0 };
        row.cell(|text| text.push_str(&self.layout.node.id));
        if self.layout.ids == Ids::Shown {
            row.cell(|text| text.push_str(record.id));
        }
        for ((_, cell_type), value) in self.layout.properties.iter().zip(values) {
            row.try_cell(|text| value.map_or(Ok(()), |value| cell_type.write_json(value.get(), text)))?;
        }
        for targets in &record.links {
            if self.layout.ids == Ids::Shown {
                row.cell(|text| write_ids(targets, self.delimiters.target, text));
            }
            row.try_cell(|text| write_keys(targets, self.delimiters.target, text))?;
        }
        text.push_str(self.end);
        Ok(())
    }

    /// Adds the record as an object of what it has: no nulls, no links without targets.
    ///
    /// # Errors
    /// When its properties are no object.
    pub(crate) fn object(&self, record: &RawRecord<'_>, text: &mut String) -> Result<(), serde_json::Error> {
        let mut separator = '{';
        for (member, value) in self.members.iter().zip(self.values(record)?) {
            let (Some(member), Some(value)) = (member, value.map(RawValue::get)) else { continue };
            if value != "null" {
                text.push(std::mem::replace(&mut separator, ','));
                text.push_str(member);
                write_value(value, text)?;
            }
        }
        for ((member, key), targets) in self.link_members.iter().zip(&record.links) {
            if !targets.is_empty() {
                text.push(std::mem::replace(&mut separator, ','));
                text.push_str(member);
                self.targets(key, targets, text)?;
            }
        }
        if self.layout.ids == Ids::Shown {
            text.push(std::mem::replace(&mut separator, ','));
            text.push_str("\"id\":");
            write_text(record.id, text);
        }
        text.push(separator);
        text.push_str("\"type\":");
        write_text(&self.layout.node.id, text);
        text.push('}');
        Ok(())
    }

    fn targets(
        &self,
        key: &str,
        targets: &[RawTarget<'_>],
        text: &mut String,
    ) -> Result<(), serde_json::Error> {
        let mut separator = '[';
        for target in targets {
            text.push(std::mem::replace(&mut separator, ','));
            text.push('{');
            if self.layout.ids == Ids::Shown {
                text.push_str("\"node_id\":");
                write_text(target.id, text);
                text.push(',');
            }
            text.push_str(key);
            write_value(target.key, text)?;
            text.push('}');
        }
        text.push(']');
        Ok(())
    }

    /// The values of the properties, in the order of the columns.
    fn values<'r>(&self, record: &RawRecord<'r>) -> Result<Vec<Option<&'r RawValue>>, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(record.props);
        let values = Values(&self.places).deserialize(&mut json)?;
        json.end()?;
        Ok(values)
    }
}

/// Adds the cell with the ids of targets.
fn write_ids(targets: &[RawTarget<'_>], separator: char, text: &mut String) {
    match targets {
        [target] => write_link_cell(&[target.id], separator, text),
        _ => {
            let ids: Vec<&str> = targets.iter().map(|target| target.id).collect();
            write_link_cell(&ids, separator, text);
        }
    }
}

/// Adds the cell with the keys of targets; those without a key are not named.
fn write_keys(
    targets: &[RawTarget<'_>],
    separator: char,
    text: &mut String,
) -> Result<(), serde_json::Error> {
    if let [target] = targets
        && let Some(key) = plain_text(target.key)
    {
        write_link_cell(&[key], separator, text);
        return Ok(());
    }
    let mut keys = Vec::new();
    for target in targets {
        match serde_json::from_str(target.key)? {
            Value::Null => {}
            key => keys.push(python::str(&key)),
        }
    }
    write_link_cell(&keys.iter().map(String::as_str).collect::<Vec<_>>(), separator, text);
    Ok(())
}

/// The text of a JSON string without escapes.
fn plain_text(json: &str) -> Option<&str> {
    json.strip_prefix('"')?.strip_suffix('"').filter(|text| !text.contains('\\'))
}

/// A row at work.
struct Row<'t> {
    text: &'t mut String,
    delimiters: Delimiters,
    cells: usize,
}

impl Row<'_> {
    fn cell(&mut self, write: impl FnOnce(&mut String)) {
        let start = self.begin();
        write(self.text);
        self.quote(start);
    }

    fn try_cell<E>(&mut self, write: impl FnOnce(&mut String) -> Result<(), E>) -> Result<(), E> {
        let start = self.begin();
        write(self.text)?;
        self.quote(start);
        Ok(())
    }

    fn begin(&mut self) -> usize {
        if self.cells > 0 {
            self.text.push(self.delimiters.cell);
        }
        self.cells += 1;
        self.text.len()
    }

    /// Puts the last cell, which begins at `start`, in quotes if it could not be read back otherwise.
    fn quote(&mut self, start: usize) {
        let delimiter = self.delimiters.cell;
        let Some(cell) = self.text.get(start..) else { return };
        let is_special = |byte: u8| matches!(byte, b'\n' | b'\r') || char::from(byte) == delimiter;
        let is_quoted_alike = cell.starts_with('"') || (delimiter == ',' && cell.contains('"'));
        if is_quoted_alike || cell.bytes().any(is_special) {
            let quoted = cell.replace('"', "\"\"");
            self.text.truncate(start);
            self.text.push('"');
            self.text.push_str(&quoted);
            self.text.push('"');
        }
    }
}

/// Adds a text as JSON.
fn write_text(value: &str, text: &mut String) {
    if value.bytes().any(|b| b < b' ' || b == b'"' || b == b'\\') {
        return text.push_str(&Value::from(value).to_string());
    }
    text.push('"');
    text.push_str(value);
    text.push('"');
}

/// Adds a value that is there as JSON, in the one form that all values are written in.
fn write_value(json: &str, text: &mut String) -> Result<(), serde_json::Error> {
    let is_as_it_is = match json.as_bytes() {
        [b'"', ..] => !json.contains('\\'),
        [b't' | b'f' | b'n', ..] => true,
        _ => is_usual(json),
    };
    if is_as_it_is {
        text.push_str(json);
    } else {
        text.push_str(&serde_json::from_str::<Value>(json)?.to_string());
    }
    Ok(())
}

/// Reads an object and keeps the values of the members that have a place.
struct Values<'p>(&'p [(&'p str, usize)]);

impl<'de> DeserializeSeed<'de> for Values<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Values<'_> {
    type Value = Vec<Option<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let (mut values, mut next) = (vec![None; self.0.len()], 0);
        while let Some(place) = members.next_key_seed(Place { places: self.0, next: &mut next })? {
            match place {
                None => drop(members.next_value::<IgnoredAny>()?),
                Some(number) => {
                    let place = values.get_mut(number).ok_or_else(|| A::Error::custom("no such place"))?;
                    *place = Some(members.next_value()?);
                }
            }
        }
        Ok(values)
    }
}

/// The order that `jsonb` keeps members in.
fn as_stored(one: &str, other: &str) -> Ordering {
    one.len().cmp(&other.len()).then_with(|| one.cmp(other))
}

/// Reads the name of a member and finds its place.
struct Place<'p> {
    places: &'p [(&'p str, usize)],
    /// Where the place is if the members come as they are stored.
    next: &'p mut usize,
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let is_next = self.places.get(*self.next).is_some_and(|(known, _)| *known == name);
        let found = match *self.next {
            next if is_next => Ok(next),
            _ => self.places.binary_search_by(|(known, _)| as_stored(known, name)),
        };
        *self.next = found.map_or_else(|after| after, |at| at + 1);
        Ok(found.ok().and_then(|at| self.places.get(at)).map(|(_, number)| *number))
    }
}

#[cfg(test)]
mod tests;
