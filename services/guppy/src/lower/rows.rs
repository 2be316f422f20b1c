//! Rows: pages, order, and what of documents comes with them.

use graphql::{Selected, Sub};
use search::{Sort, Source};
use serde_json::{Map, Value};

use super::{failure::Failure, searches::Page};
use crate::schema::{Field, Fields, IndexModel, Leaf, Meaning, Shape};

/// Rows of a page that names no size.
const SIZE: i64 = 10;
/// Rows before the end of a page.
const WINDOW: i64 = 10_000;
/// Fields by which rows are sorted.
const MOST_SORTS: usize = 50;

/// The page that the arguments ask for. `analyzed` is the sub-field in which words are marked.
pub(super) fn page(
    index: &IndexModel,
    field: &Selected<'_, Meaning>,
    selected: &[Selected<'_, Meaning>],
    analyzed: &str,
) -> Result<Page, Failure> {
    let number = |name: &str| field.args.get(name).and_then(Value::as_i64);
    // As Elasticsearch 7 takes it, -1 is as none.
    let given = |name: &str| match number(name) {
        Some(-1) => Ok(None),
        Some(number) if number < 0 => Err(Failure::Input(format!("Invalid {name} {number}"))),
        number => Ok(number),
    };
    let (offset, size) = (given("offset")?.unwrap_or(0), given("first")?.unwrap_or(SIZE));
    if offset + size > WINDOW {
        return Err(Failure::Input(format!(
            "Large graphql query forbidden for offset + size > {WINDOW},\n      offset = {offset} and size = \
             {size},\n      please use download endpoint for large data queries instead."
        )));
    }
    let sort = sorting(index, field.args.get("sort"))?;
    let mut paths = Vec::new();
    collect_paths(&index.fields, selected, &mut paths);
    let source = if paths.is_empty() { Source::None } else { Source::Fields(paths) };
    let marks = selected.iter().any(|field| field.field.meaning == Some(Meaning::Matched));
    let highlight = marks.then(|| analyzed.to_owned());
    Ok(Page { from: offset.unsigned_abs(), size: size.unsigned_abs(), sort, source, highlight })
}

/// The whole paths of all values that are selected.
fn collect_paths(fields: &Fields, selected: &[Selected<'_, Meaning>], paths: &mut Vec<String>) {
    for selection in selected {
        let Some(field) = fields.get(&selection.field.name) else { continue };
        match (&field.shape, &selection.sub) {
            (Shape::Nested(inner), Sub::Object(selected)) => {
                let before = paths.len();
                collect_paths(inner, selected, paths);
                if paths.len() == before {
                    // Only how many there are is asked for.
                    paths.push(field.path.clone());
                }
            }
            _ => {
                if !paths.contains(&field.path) {
                    paths.push(field.path.clone());
                }
            }
        }
    }
}

/// The order that an argument asks for: a list of `{field: direction}`, or one object with several.
///
/// # Errors
/// [`Failure::Sort`].
pub(crate) fn sorting(index: &IndexModel, sort: Option<&Value>) -> Result<Vec<Sort>, Failure> {
    let one = |(path, direction): (&String, &Value)| {
        let descending = match direction.as_str() {
            Some("asc") => false,
            Some("desc") => true,
            _ => return Err(Failure::Sort),
        };
        let Some(Field { path, shape: Shape::Leaf(leaf), .. }) = index.find(path) else {
            return Err(Failure::Sort);
        };
        if let Leaf::Shown("text") = leaf {
            return Err(Failure::Sort);
        }
        let nested = path.rsplit_once('.').map(|(nested, _)| nested.to_owned());
        Ok(Sort { field: path.clone(), nested, descending })
    };
    let sorts: Vec<Sort> = match sort {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Object(fields)) => fields.iter().map(one).collect::<Result<_, _>>()?,
        Some(Value::Array(list)) => {
            let single = |fields: &Map<String, Value>| match fields.iter().next() {
                Some(first) if fields.len() == 1 => one(first),
                _ => Err(Failure::Sort),
            };
            let item = |item: &Value| item.as_object().ok_or(Failure::Sort).and_then(single);
            list.iter().take(MOST_SORTS + 1).map(item).collect::<Result<_, _>>()?
        }
        Some(_) => return Err(Failure::Sort),
    };
    if sorts.len() > MOST_SORTS { Err(Failure::Sort) } else { Ok(sorts) }
}
