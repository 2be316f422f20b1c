use dictionary::Dictionary;
use documents::Format;
use proptest::{collection::vec, prelude::*};
use serde_json::{Map, json};
use smallvec::SmallVec;

use super::*;
use crate::model::record::{LinkTarget, StoredRecord};

/// The same by way of values: every one is read, and written anew.
mod oracle {
    use super::*;

    pub(super) fn cells(layout: &Layout<'_>, record: &StoredRecord, delimiters: Delimiters) -> Vec<String> {
        let mut cells = vec![layout.node.id.clone()];
        if layout.ids == Ids::Shown {
            cells.push(record.id.clone());
        }
        cells.extend(layout.properties.iter().map(|(name, cell_type)| {
            record.props.get(*name).map_or_else(String::new, |value| cell_type.write(value))
        }));
        for targets in &record.links {
            let cell = |names: Vec<String>| {
                let (names, mut cell): (Vec<&str>, _) =
                    (names.iter().map(String::as_str).collect(), String::new());
                write_link_cell(&names, delimiters.target, &mut cell);
                cell
            };
            if layout.ids == Ids::Shown {
                cells.push(cell(targets.iter().map(|target| target.id.clone()).collect()));
            }
            let keys = targets.iter().filter(|target| !target.key.is_null());
            cells.push(cell(keys.map(|target| python::str(&target.key)).collect()));
        }
        cells
    }

    pub(super) fn line(cells: &[String], delimiters: Delimiters, end: &str) -> String {
        let cells = cells.iter().map(|cell| {
            let special = |c: char| c == delimiters.cell || c == '\n' || c == '\r';
            let quoted_alike = cell.starts_with('"') || (delimiters.cell == ',' && cell.contains('"'));
            if cell.contains(special) || quoted_alike {
                format!("\"{}\"", cell.replace('"', "\"\""))
            } else {
                cell.clone()
            }
        });
        cells.collect::<Vec<_>>().join(&delimiters.cell.to_string()) + end
    }

    pub(super) fn object(layout: &Layout<'_>, record: &StoredRecord) -> Value {
        let mut object = Map::new();
        for name in layout.names() {
            if let Some(value) = record.props.get(name).filter(|value| !value.is_null()) {
                object.insert(name.to_owned(), value.clone());
            }
        }
        for ((link, key), targets) in layout.links.iter().zip(&record.links) {
            if !targets.is_empty() {
                object.insert(link.name.clone(), layout.targets(key, targets));
            }
        }
        if layout.ids == Ids::Shown {
            object.insert("id".to_owned(), json!(record.id));
        }
        object.insert("type".to_owned(), json!(layout.node.id));
        Value::Object(object)
    }
}

/// The small dictionary, whose cases have properties of more kinds.
fn shapes() -> Dictionary {
    let mut dictionary = crate::testing::dictionary();
    let case = dictionary.nodes.get_mut("case").unwrap();
    let age = case.properties["age"].clone();
    let more = [
        ("list", json!({"type": "array", "items": {"type": "string"}})),
        ("flag", json!({"type": "boolean"})),
        ("number", json!({"oneOf": [{"type": "null"}, {"type": "number"}]})),
        ("mixed", json!({"type": ["string", "number"]})),
        ("object", json!({"type": "object"})),
        ("text", json!({"type": "string"})),
    ];
    for (name, schema) in more {
        let mut property = age.clone();
        (property.name, property.schema) = (name.to_owned(), schema);
        case.properties.insert(name.to_owned(), property);
    }
    dictionary
}

/// Texts with everything that means something in cells and in JSON.
const TEXT: &str = "(a|b, c|,|#| |\t|\n|\"|\\\\|null|json:|\\[|\u{1}|5|5\\.0|true|é|😀){0,4}";

/// Values as JSON, also such as only a database writes.
fn value() -> impl Strategy<Value = String> {
    let text = || TEXT.prop_map(|text: String| Value::from(text).to_string());
    prop_oneof![
        4 => text(),
        3 => "-?(0|[1-9][0-9]{0,18})([.][0-9]{1,18})?(e-?[0-9]{1,2})?",
        1 => any::<bool>().prop_map(|flag| flag.to_string()),
        1 => Just("null".to_owned()),
        1 => vec(text(), 0..3).prop_map(|items| format!("[{}]", items.join(", "))),
        1 => text().prop_map(|text| format!("{{\"a\": {text}, \"b\": [1.50, null]}}")),
    ]
}

fn target() -> impl Strategy<Value = LinkTarget> {
    let key = prop_oneof![4 => TEXT.prop_map(Value::from), 1 => Just(Value::Null), 1 => Just(json!(5))];
    ("[0-9a-f]{8}", key).prop_map(|(id, key)| LinkTarget { id, key })
}

/// The properties of a case as JSON, and some targets of its link.
fn record() -> impl Strategy<Value = (String, Vec<LinkTarget>)> {
    let names = [
        "age",
        "consented",
        "flag",
        "list",
        "mixed",
        "number",
        "object",
        "project_id",
        "sex",
        "state",
        "submitter_id",
        "tags",
        "text",
        "weight",
        "gone \\u0022",
    ];
    let members = names.map(|name| {
        proptest::option::of(value()).prop_map(move |value| value.map(|value| format!("\"{name}\": {value}")))
    });
    (members, vec(target(), 0..3)).prop_map(|(members, targets)| {
        let members: Vec<String> = members.into_iter().flatten().collect();
        (format!("{{{}}}", members.join(", ")), targets)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn what_is_copied_is_what_would_be_written((props, targets) in record()) {
        let dictionary = shapes();
        let node = &dictionary.nodes["case"];
        for ids in [Ids::Shown, Ids::Hidden] {
            let keys: Vec<String> = targets.iter().map(|target| target.key.to_string()).collect();
            let raw = |(target, key)| raw(target, key);
            let links = vec![targets.iter().zip(&keys).map(raw).collect()];
            let record = RawRecord { id: "a\"b", props: &props, links };
            let read = record.read().unwrap();
            for (delimiters, end) in [(Delimiters::TSV, "\n"), (Delimiters::CSV, "\r\n")] {
                let writer = RowWriter::new(Layout::of(&dictionary, node, ids), delimiters, end);
                let mut text = String::new();
                writer.row(&record, &mut text).unwrap();
                let cells = oracle::cells(writer.layout(), &read, delimiters);
                prop_assert_eq!(text, oracle::line(&cells, delimiters, end));
                prop_assert_eq!(writer.header(), oracle::line(&writer.layout().header(), delimiters, end));
                let mut text = String::new();
                writer.object(&record, &mut text).unwrap();
                prop_assert_eq!(text, oracle::object(writer.layout(), &read).to_string());
            }
        }
    }
}

const PROPS: &str = r#"{"state": "validated", "project_id": "P-Q", "submitter_id": "s1"}"#;

fn raw<'a>(target: &'a LinkTarget, key: &'a String) -> RawTarget<'a> {
    RawTarget { id: &target.id, key }
}

const A: RawTarget<'_> = RawTarget { id: "id-a", key: "\"a\"" };
const B: RawTarget<'_> = RawTarget { id: "id-b", key: "\"b\"" };

#[test]
fn only_cells_that_could_not_be_read_back_are_quoted() {
    let quoted = |text: &str, delimiters: Delimiters| {
        let mut line = String::new();
        let mut row = Row { text: &mut line, delimiters, cells: 0 };
        row.cell(|cell| cell.push_str(text));
        row.cell(|cell| cell.push('x'));
        line
    };
    assert_eq!(quoted("q\"uo,te", Delimiters::TSV), "q\"uo,te\tx");
    assert_eq!(quoted("a\tb\nc", Delimiters::TSV), "\"a\tb\nc\"\tx");
    assert_eq!(quoted("\"a", Delimiters::TSV), "\"\"\"a\"\tx");
    assert_eq!(quoted("q\"uo,te", Delimiters::CSV), "\"q\"\"uo,te\",x");
}

#[test]
fn exported_rows_can_be_read_back() {
    let dictionary = crate::testing::dictionary();
    for (format, delimiters) in [(Format::Tsv, Delimiters::TSV), (Format::Csv, Delimiters::CSV)] {
        let layout = Layout::of(&dictionary, &dictionary.nodes["sample"], Ids::Shown);
        let writer = RowWriter::new(layout, delimiters, "\n");
        let layout = writer.layout();
        let links = layout.links.iter().map(|_| [A, B].into_iter().collect()).collect();
        let mut text = writer.header();
        writer.row(&RawRecord { id: "0", props: PROPS, links }, &mut text).unwrap();
        let read = documents::parse(format, &text, &dictionary).unwrap().documents;
        assert_eq!(read.len(), 1);
        assert_eq!(read[0]["submitter_id"], "s1");
        let (link, key) = layout.links[0];
        let named: Vec<&Value> =
            read[0][&link.name].as_array().unwrap().iter().filter_map(|target| target.get(key)).collect();
        assert_eq!(named, [&json!("a"), &json!("b")]);
    }
}

#[test]
fn the_object_of_a_record_has_no_more_than_the_record() {
    let dictionary = crate::testing::dictionary();
    let layout = Layout::of(&dictionary, &dictionary.nodes["sample"], Ids::Shown);
    let writer = RowWriter::new(layout, Delimiters::TSV, "\n");
    let layout = writer.layout();
    let mut links: Vec<SmallVec<[RawTarget<'_>; 1]>> = layout.links.iter().map(|_| SmallVec::new()).collect();
    links[0].push(A);
    let mut text = String::new();
    writer.object(&RawRecord { id: "0", props: PROPS, links }, &mut text).unwrap();
    let (link, key) = layout.links[0];
    let expected = json!({
        "project_id": "P-Q", "submitter_id": "s1",
        link.name.as_str(): [{"node_id": "id-a", key: "a"}], "id": "0", "type": "sample",
    });
    assert_eq!(text, expected.to_string());
}
