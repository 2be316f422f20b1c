//! From the cells of a row to a document, by what the columns mean for the row's type.

use std::collections::HashMap;

use dictionary::Dictionary;
use serde_json::{Map, Value, json};

use crate::{
    cells::{BrokenList, is_null},
    columns::{BadColumn, BadHeader, Column, Meaning, columns, meanings},
    complaints::Untyped,
    fault::Fault,
    input::unreadable,
    layout::Layout,
    limits::{MOST_COLUMNS, MOST_TARGETS},
    link_cells::targets,
    rows::Row,
};

/// A table whose header has been read.
pub(crate) struct Table<'d> {
    columns: Vec<Column>,
    /// Where the type stands.
    pub(crate) type_column: Option<usize>,
    separator: char,
    /// The beginning of the text.
    head: String,
    /// What the columns mean for each type that occurs.
    meanings: HashMap<&'d str, Vec<Meaning>>,
    pub(crate) untyped: Untyped,
}

impl<'d> Table<'d> {
    /// # Errors
    /// When there are too many columns, or one has no name that can be used, or stands twice.
    pub(crate) fn of(header: &Row, layout: Layout, head: String) -> Result<Self, Fault> {
        let refuse = |bad| match bad {
            BadHeader::Plain(message) => unreadable(message),
            BadHeader::Repeated(names) => {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                refused(&head, "A column stands more than once", &names, header.line)
            }
        };
        let columns = if header.len() > MOST_COLUMNS {
            Err(BadHeader::Plain("there are too many columns".to_owned()))
        } else {
            columns(&header.cells()?, header.bytes())
        };
        let columns = columns.map_err(refuse)?;
        let type_column = columns.iter().position(|column| matches!(column, Column::Type));
        let (meanings, untyped) = (HashMap::new(), Untyped::default());
        Ok(Self { columns, type_column, separator: layout.separator, head, meanings, untyped })
    }

    /// The document of a row; none if the row has no known type, which is noted.
    ///
    /// # Errors
    /// When a cell has no column, or no value of it.
    pub(crate) fn document(&mut self, row: &Row, dictionary: &'d Dictionary) -> Result<Option<Value>, Fault> {
        let Some(type_column) = self.type_column else { return Ok(None) };
        let cells = row.cells()?;
        let label = cells.get(type_column).map_or("", |cell| cell.trim());
        let Some((label, node)) = dictionary.nodes.get_key_value(label) else {
            self.untyped.add(row.line, label);
            return Ok(None);
        };
        if row.has_beyond(self.columns.len()) {
            return Err(self.refuse("Row has more cells than the header", &[], row.line));
        }
        if !self.meanings.contains_key(label.as_str()) {
            let meanings = meanings(&self.columns, node).map_err(|bad| match bad {
                BadColumn::NoLink(name) => unreadable(format!("{label} has no link {name}")),
                BadColumn::Named(message, column) => self.refuse(&message, &[&column], row.line),
            })?;
            self.meanings.insert(label, meanings);
        }
        let meanings = self.meanings.get(label.as_str()).map(Vec::as_slice).unwrap_or_default();
        let mut document = Map::new();
        for ((column, meaning), cell) in self.columns.iter().zip(meanings).zip(&cells) {
            self.set(&mut document, column, meaning, cell.trim(), row.line)?;
        }
        Ok(Some(Value::Object(document)))
    }

    /// Sets in `document` what a cell says.
    fn set(
        &self,
        document: &mut Map<String, Value>,
        column: &Column,
        meaning: &Meaning,
        cell: &str,
        line: usize,
    ) -> Result<(), Fault> {
        match (column, meaning) {
            (Column::Unnamed, _) if cell.is_empty() => {}
            (Column::Unnamed, _) => {
                return Err(self.refuse("A cell stands in a column without a name", &[""], line));
            }
            (Column::Property(name), Meaning::Property(None)) => {
                let value = if is_null(cell) { Value::Null } else { json!(cell) };
                document.insert(name.clone(), value);
            }
            (Column::Property(name), Meaning::Property(Some(cell_type))) => {
                let value = cell_type.read(cell).map_err(|BrokenList| {
                    let message = "A list in brackets has to be JSON, such as [\"a\", \"b\"]";
                    self.refuse(message, &[name], line)
                })?;
                document.insert(name.clone(), value);
            }
            (Column::Link { name, key, whole }, _) => {
                if cell.matches(self.separator).count() >= MOST_TARGETS {
                    let message = format!("A link has more than {MOST_TARGETS} targets");
                    return Err(self.refuse(&message, &[whole], line));
                }
                let entry = document.entry(name.clone()).or_insert_with(|| Value::Array(Vec::new()));
                if let (Value::Array(all), false) = (entry, is_null(cell)) {
                    all.extend(
                        targets(cell, self.separator).into_iter().map(|target| json!({ key: target })),
                    );
                }
            }
            (Column::Type | Column::Property(_), _) => {
                document.insert(column.name().to_owned(), json!(cell));
            }
        }
        Ok(())
    }

    fn refuse(&self, message: &str, columns: &[&str], line: usize) -> Fault {
        refused(&self.head, message, columns, line)
    }
}

fn refused(head: &str, message: &str, columns: &[&str], line: usize) -> Fault {
    Fault::Unreadable(format!(
        "Unable to parse doc '{head}': [{{'message': {}, 'columns': {}, 'line': {line}}}]",
        python::repr_text(message),
        python::repr_list(columns.iter().copied()),
    ))
}
