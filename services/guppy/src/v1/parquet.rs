//! A table of documents as Parquet. Rows wait until they are a row group, so that memory is bounded. Pure.

use std::sync::Arc;

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int64Type},
    errors::ParquetError,
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};
use serde_json::{Map, Value};

use super::columns::{Column, Found, Kind, found, plain};

/// Rows of a row group.
const MOST_ROWS: usize = 50_000;
/// Bytes of its values, about.
const MOST_BYTES: usize = 8 << 20;

/// Why documents make no table.
#[derive(Debug, thiserror::Error)]
pub(super) enum TableError {
    #[error("the Parquet library refuses the table")]
    Parquet(#[from] ParquetError),
    #[error("the table cannot be written")]
    Write(#[from] std::io::Error),
    #[error("the field {0:?} has a value that is none of its column: {1}")]
    Value(String, String),
}

/// A table that is being written.
pub(super) struct Table {
    writer: SerializedFileWriter<Vec<u8>>,
    columns: Vec<(Column, Cells)>,
    rows: usize,
    bytes: usize,
}

/// The cells of a column that wait.
#[derive(Default)]
struct Cells {
    /// Whether each is there: 0 if it is null, or of a list, see [`push`].
    defined: Vec<i16>,
    /// Of lists: 1 for what goes on in the list before.
    repeated: Vec<i16>,
    texts: Vec<ByteArray>,
    booleans: Vec<bool>,
    wholes: Vec<i64>,
    reals: Vec<f64>,
}

impl Table {
    /// An empty table.
    ///
    /// # Errors
    /// [`TableError`].
    pub(super) fn begin(columns: Vec<Column>, out: &mut Vec<u8>) -> Result<Self, TableError> {
        let types = columns.iter().map(column_type).collect::<Result<Vec<_>, _>>()?;
        let schema = Type::group_type_builder("documents").with_fields(types).build()?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            // What is told of each page would stay in memory until the end.
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .set_offset_index_disabled(true)
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        let columns = columns.into_iter().map(|column| (column, Cells::default())).collect();
        let mut table = Self { writer, columns, rows: 0, bytes: 0 };
        table.give(out)?;
        Ok(table)
    }

    /// One more row. Every so many rows something comes out.
    ///
    /// # Errors
    /// [`TableError`].
    pub(super) fn row(&mut self, row: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), TableError> {
        for (column, cells) in &mut self.columns {
            self.bytes += push(column, cells, row)?;
        }
        self.rows += 1;
        if self.rows >= MOST_ROWS || self.bytes >= MOST_BYTES {
            self.flush()?;
            self.give(out)?;
        }
        Ok(())
    }

    /// What is left, and the end of the file.
    ///
    /// # Errors
    /// [`TableError`].
    pub(super) fn end(&mut self, out: &mut Vec<u8>) -> Result<(), TableError> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.finish()?;
        self.give(out)
    }

    /// Writes a row group.
    fn flush(&mut self) -> Result<(), TableError> {
        let mut group = self.writer.next_row_group()?;
        for (column, cells) in &mut self.columns {
            let Some(mut writer) = group.next_column()? else { break };
            let cells = std::mem::take(cells);
            match column.kind {
                Kind::Text => write::<ByteArrayType>(&mut writer, &cells, &cells.texts)?,
                Kind::Boolean => write::<BoolType>(&mut writer, &cells, &cells.booleans)?,
                Kind::Whole => write::<Int64Type>(&mut writer, &cells, &cells.wholes)?,
                Kind::Real => write::<DoubleType>(&mut writer, &cells, &cells.reals)?,
            }
            writer.close()?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// Gives out what has been written.
    fn give(&mut self, out: &mut Vec<u8>) -> Result<(), TableError> {
        self.writer.flush()?;
        out.append(self.writer.inner_mut());
        Ok(())
    }
}

fn write<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    cells: &Cells,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let repeated = (!cells.repeated.is_empty()).then_some(&cells.repeated[..]);
    writer.typed::<T>().write_batch(values, Some(&cells.defined), repeated).map(drop)
}

fn column_type(column: &Column) -> Result<TypePtr, ParquetError> {
    let (physical, logical) = match column.kind {
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Boolean => (Physical::BOOLEAN, None),
        Kind::Whole => (Physical::INT64, None),
        Kind::Real => (Physical::DOUBLE, None),
    };
    let value = |name: &str| {
        let value = Type::primitive_type_builder(name, physical).with_repetition(Repetition::OPTIONAL);
        value.with_logical_type(logical.clone()).build().map(Arc::new)
    };
    if !column.is_list {
        return value(&column.path);
    }
    let list = Type::group_type_builder("list").with_repetition(Repetition::REPEATED);
    let list = list.with_fields(vec![value("element")?]).build()?;
    let whole = Type::group_type_builder(&column.path).with_repetition(Repetition::OPTIONAL);
    whole.with_logical_type(Some(LogicalType::List)).with_fields(vec![Arc::new(list)]).build().map(Arc::new)
}

/// Adds the cell of a row, and returns about how many bytes it has.
fn push(column: &Column, cells: &mut Cells, row: &Map<String, Value>) -> Result<usize, TableError> {
    let whole;
    let value = match found(row, &column.path) {
        None => &Value::Null,
        Some(Found::One(value)) => value,
        Some(Found::Several(values)) => {
            whole = Value::Array(values);
            &whole
        }
    };
    if !column.is_list {
        // One value may be written as a list.
        let value = match value {
            Value::Array(values) if column.kind != Kind::Text && values.len() < 2 => {
                values.first().unwrap_or(&Value::Null)
            }
            value => value,
        };
        let is_there = !value.is_null();
        cells.defined.push(i16::from(is_there));
        return if is_there { keep(column, cells, value) } else { Ok(2) };
    }
    // 0: no list. 1: an empty one. 2: null within a list. 3: a value.
    let items = match value {
        Value::Null => &[],
        Value::Array(items) => &items[..],
        value => std::slice::from_ref(value),
    };
    if items.is_empty() {
        cells.defined.push(i16::from(!value.is_null()));
        cells.repeated.push(0);
        return Ok(4);
    }
    let mut bytes = 0;
    for (place, item) in items.iter().enumerate() {
        let is_there = !item.is_null();
        cells.defined.push(if is_there { 3 } else { 2 });
        cells.repeated.push(i16::from(place > 0));
        bytes += 4 + if is_there { keep(column, cells, item)? } else { 0 };
    }
    Ok(bytes)
}

/// Keeps a value, which is not null.
fn keep(column: &Column, cells: &mut Cells, value: &Value) -> Result<usize, TableError> {
    let refused = || {
        let shown = value.to_string().chars().take(100).collect();
        TableError::Value(column.path.clone(), shown)
    };
    match column.kind {
        Kind::Text => {
            let text = match value {
                Value::String(text) => text.clone(),
                value => plain(value),
            };
            let length = text.len();
            cells.texts.push(text.into_bytes().into());
            // What stands around each text in memory.
            return Ok(length + size_of::<ByteArray>());
        }
        Kind::Boolean => cells.booleans.push(match value {
            Value::Bool(flag) => *flag,
            Value::String(text) => text.parse().map_err(|_| refused())?,
            _ => return Err(refused()),
        }),
        Kind::Whole => cells.wholes.push(whole(value).ok_or_else(refused)?),
        Kind::Real => {
            let text = value.as_str().and_then(|text| text.trim().parse().ok());
            cells.reals.push(value.as_f64().or(text).ok_or_else(refused)?);
        }
    }
    Ok(size_of::<u64>())
}

/// A whole number, however it is written.
fn whole(value: &Value) -> Option<i64> {
    let of_real = |real: f64| (real.abs() < 9e18).then_some(real as i64);
    match value {
        Value::Number(number) => number.as_i64().or_else(|| number.as_f64().and_then(of_real)),
        Value::String(text) => {
            text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(of_real))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::{Row, RowAccessor as _},
    };
    use serde_json::json;

    use super::*;

    fn column(path: &str, kind: Kind, is_list: bool) -> Column {
        Column { path: path.to_owned(), kind, is_list }
    }

    fn written(columns: Vec<Column>, rows: &[Value]) -> Result<Vec<u8>, TableError> {
        let mut out = Vec::new();
        let mut table = Table::begin(columns, &mut out)?;
        assert_eq!(out, b"PAR1", "a download begins at once");
        for row in rows {
            table.row(row.as_object().unwrap(), &mut out)?;
        }
        table.end(&mut out)?;
        Ok(out)
    }

    fn read(file: Vec<u8>) -> (usize, Vec<Row>) {
        let reader = SerializedFileReader::new(bytes(file)).unwrap();
        let rows = reader.get_row_iter(None).unwrap().collect::<Result<_, _>>().unwrap();
        (reader.num_row_groups(), rows)
    }

    fn bytes(file: Vec<u8>) -> actix_web::web::Bytes {
        actix_web::web::Bytes::from(file)
    }

    #[test]
    fn every_kind_of_value_comes_back() {
        let columns = vec![
            column("id", Kind::Text, false),
            column("age", Kind::Whole, false),
            column("bmi", Kind::Real, false),
            column("dead", Kind::Boolean, false),
            column("codes", Kind::Text, true),
            column("visits.year", Kind::Whole, true),
        ];
        let rows = [
            json!({ "id": "a", "age": 7, "bmi": 1, "dead": true, "codes": ["x", null],
                "visits": [{ "year": 1 }, {}] }),
            json!({ "id": ["b", "c"], "age": "8", "bmi": "1.5", "dead": "false", "codes": "y",
                "visits": [] }),
            json!({ "age": [9.0], "codes": [] }),
            json!({}),
        ];
        let (_, rows) = read(written(columns, &rows).unwrap());
        let shown: Vec<String> = rows.iter().map(|row| row.to_string()).collect();
        let expected = [
            r#"{id: "a", age: 7, bmi: 1.0, dead: true, codes: ["x", null], visits.year: [1, null]}"#,
            r#"{id: "["b","c"]", age: 8, bmi: 1.5, dead: false, codes: ["y"], visits.year: []}"#,
            "{id: null, age: 9, bmi: null, dead: null, codes: [], visits.year: null}",
            "{id: null, age: null, bmi: null, dead: null, codes: null, visits.year: null}",
        ];
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_value_of_another_kind_is_an_error() {
        for (kind, value) in [
            (Kind::Whole, json!("x")),
            (Kind::Whole, json!([1, 2])),
            (Kind::Whole, json!(1e300)),
            (Kind::Boolean, json!(1)),
            (Kind::Real, json!({})),
        ] {
            let refused = written(vec![column("v", kind, false)], &[json!({ "v": value })]);
            assert!(matches!(refused, Err(TableError::Value(..))), "{value}");
        }
    }

    #[test]
    fn many_rows_are_several_row_groups_and_none_are_a_table() {
        let columns = || vec![column("n", Kind::Whole, false), column("t", Kind::Text, false)];
        let rows: Vec<Value> = (0..MOST_ROWS + 5).map(|n| json!({ "n": n, "t": format!("t{n}") })).collect();
        let (groups, found) = read(written(columns(), &rows).unwrap());
        assert_eq!((groups, found.len()), (2, MOST_ROWS + 5));
        assert_eq!(found[MOST_ROWS].get_long(0).unwrap(), MOST_ROWS as i64);
        let long = "x".repeat(MOST_BYTES / 2);
        let rows: Vec<Value> = (0..5).map(|n| json!({ "n": n, "t": long })).collect();
        assert_eq!(read(written(columns(), &rows).unwrap()).0, 3, "two texts fill a group");
        assert_eq!(read(written(columns(), &[]).unwrap()).1.len(), 0);
    }
}
