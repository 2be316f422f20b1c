//! The columns of a table, and what they mean for the rows of a node type.

use std::collections::HashSet;

use dictionary::NodeType;

use crate::{
    cells::CellType,
    limits::{LONGEST_HEADER, LONGEST_LINK, MOST_COLUMNS},
};

/// A column of the header.
#[derive(Debug)]
pub(crate) enum Column {
    /// Without a name, as spreadsheets and data frames leave some behind.
    Unnamed,
    Type,
    Property(String),
    Link {
        name: String,
        key: String,
        whole: String,
    },
}

/// What a column means for the rows of a node type.
#[derive(Debug)]
pub(crate) enum Meaning {
    /// A property; `None` for a name that the type does not have.
    Property(Option<Box<CellType>>),
    Link,
    /// Nothing of the type, or the type itself.
    None,
}

/// Why a header cannot be read.
#[derive(Debug)]
pub(crate) enum BadHeader {
    /// In words of its own.
    Plain(String),
    /// These columns stand more than once.
    Repeated(Vec<String>),
}

/// Why the rows of a type cannot have a column.
#[derive(Debug)]
pub(crate) enum BadColumn {
    /// The type has no such link.
    NoLink(String),
    /// The message, and the column.
    Named(String, String),
}

impl Column {
    fn of(header: &str) -> Self {
        let header = header.trim().trim_start_matches('*');
        match header.split_once('.') {
            None if header.is_empty() => Self::Unnamed,
            None if header == "type" => Self::Type,
            None => Self::Property(header.to_owned()),
            Some((name, key)) => {
                Self::Link { name: name.to_owned(), key: key.to_owned(), whole: header.to_owned() }
            }
        }
    }

    /// Its name without stars.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Unnamed => "",
            Self::Type => "type",
            Self::Property(name) => name,
            Self::Link { whole, .. } => whole,
        }
    }
}

/// The columns of a header.
pub(crate) fn columns(cells: &[&str], bytes: usize) -> Result<Vec<Column>, BadHeader> {
    let refused = |message: String| Err(BadHeader::Plain(message));
    if cells.len() > MOST_COLUMNS {
        return refused("there are too many columns".to_owned());
    }
    if bytes > LONGEST_HEADER {
        return refused(format!("the names of the columns have more than {LONGEST_HEADER} bytes"));
    }
    let columns: Vec<Column> = cells.iter().map(|cell| Column::of(cell)).collect();
    let is_long =
        |column: &Column| matches!(column, Column::Link { whole, .. } if whole.len() > LONGEST_LINK);
    if columns.iter().any(is_long) {
        return refused(format!("the name of a link column has more than {LONGEST_LINK} bytes"));
    }
    let mut seen = HashSet::new();
    let named = columns.iter().map(Column::name).filter(|name| !name.is_empty());
    let repeated: Vec<String> = named.filter(|name| !seen.insert(*name)).map(str::to_owned).collect();
    if repeated.is_empty() { Ok(columns) } else { Err(BadHeader::Repeated(repeated)) }
}

/// What the columns mean for rows of `node`.
pub(crate) fn meanings(columns: &[Column], node: &NodeType) -> Result<Vec<Meaning>, BadColumn> {
    let meaning = |column: &Column| match column {
        Column::Unnamed | Column::Type => Ok(Meaning::None),
        Column::Property(name) => {
            let property = node.properties.get(name);
            Ok(Meaning::Property(property.map(|property| Box::new(CellType::of(&property.schema)))))
        }
        Column::Link { name, key, whole } => {
            if name.is_empty() {
                Err(BadColumn::Named(format!("Invalid link name: {whole}"), whole.clone()))
            } else if key.is_empty() {
                Err(BadColumn::Named(format!("Invalid link id: {whole}"), whole.clone()))
            } else if node.is_link(name) {
                Ok(Meaning::Link)
            } else {
                Err(BadColumn::NoLink(name.clone()))
            }
        }
    };
    columns.iter().map(meaning).collect()
}
