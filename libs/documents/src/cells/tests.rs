use serde_json::json;

use super::*;

fn read(schema: &Value, cell: &str) -> Value {
    CellType::of(schema).read(cell).unwrap()
}

#[test]
fn numbers_are_found_behind_null_and_alternatives() {
    for schema in [
        json!({"type": ["null", "integer"]}),
        json!({"oneOf": [{"type": "null"}, {"type": "integer"}]}),
        json!({"anyOf": [{"enum": ["unknown"]}, {"type": "number"}]}),
        json!({"oneOf": [{"type": "string", "pattern": "^[a-z]+$"}, {"type": "number"}]}),
        json!({"allOf": [{"type": "number"}, {"minimum": 0}]}),
    ] {
        assert_eq!(read(&schema, "5"), json!(5), "{schema}");
    }
    let mixed = json!({"oneOf": [{"enum": ["unknown"]}, {"type": "number"}]});
    assert_eq!(read(&mixed, "unknown"), json!("unknown"));
    assert_eq!(read(&mixed, "bogus"), json!("bogus"));
    assert_eq!(read(&json!({"type": ["integer", "string"]}), "007"), json!("007"));
}

#[test]
fn items_of_lists_are_not_bent() {
    let of = |kind: &str| json!({"type": "array", "items": {"type": kind}});
    assert_eq!(read(&of("integer"), "1, 2.0,9007199254740993"), json!([1, 2, 9_007_199_254_740_993_i64]));
    assert_eq!(read(&of("integer"), "1,1.5"), json!([1, "1.5"]));
    assert_eq!(read(&of("boolean"), "Yes,f,maybe"), json!([true, false, "maybe"]));
    assert_eq!(read(&of("string"), "a,,b,"), json!(["a", "b"]));
}

#[test]
fn the_words_of_a_list_decide_where_its_items_end() {
    let schema = json!({"type": "array", "items": {"enum": ["a", "a, b", "b, c", "1, Study enrollment"]}});
    assert_eq!(read(&schema, "1, Study enrollment"), json!(["1, Study enrollment"]));
    assert_eq!(read(&schema, "a, b,1, Study enrollment,a"), json!(["a, b", "1, Study enrollment", "a"]));
    // The longer word first, but not where the rest would then be none.
    assert_eq!(read(&schema, "a, b, c"), json!(["a", "b, c"]));
    assert_eq!(read(&schema, "a, b,bogus,"), json!(["a, b", "bogus"]));
}

#[test]
fn a_list_in_brackets_is_json_or_refused() {
    let schema = json!({"type": "array", "items": {"type": "string"}});
    assert_eq!(read(&schema, r#"["a, b", "c"]"#), json!(["a, b", "c"]));
    assert_eq!(read(&schema, "[18F]FDG"), json!(["[18F]FDG"]));
    assert_eq!(CellType::of(&schema).read("['a', 'b']"), Err(BrokenList));
}

#[test]
fn cells_are_written_as_python_prints_values() {
    let cases = [
        (json!({"type": "boolean"}), json!(true), "True"),
        (json!({"type": "number"}), json!(1000.0), "1000.0"),
        (json!({"type": "integer"}), json!(5), "5"),
        (json!({"type": "array"}), json!(["a", "b"]), "a,b"),
        (json!({"type": "array", "items": {"type": "number"}}), json!([1, 2.5]), "1,2.5"),
        (json!({"type": "string"}), json!("q\"uo te"), "q\"uo te"),
        (json!({"type": "string"}), json!("null"), r#"json:"null""#),
        (json!({"type": "array"}), json!(["a, b"]), r#"["a, b"]"#),
        (json!({"type": "array"}), json!([]), "[]"),
        (json!({"type": "object"}), json!({"a": [1]}), r#"{"a":[1]}"#),
        (json!({"type": ["string", "number"]}), json!(5), "json:5"),
    ];
    for (schema, value, text) in cases {
        assert_eq!(CellType::of(&schema).write(&value), text);
    }
}

mod any {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    /// Texts with everything that means something in cells.
    fn text() -> impl Strategy<Value = String> {
        "(a|b, c|,|#| |\t|\n|\"|null|json:|\\[|\\]|\\{|5|5\\.0|007|true|'|1e3|é){0,5}"
    }

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1000.0..1000.0).prop_map(|number: f64| json!(number)),
            any::<bool>().prop_map(Value::from),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            4 => scalar(),
            4 => vec(scalar(), 0..4).prop_map(Value::from),
            1 => Just(json!({"a": ["b", null]})),
            1 => Just(Value::Null),
        ]
    }

    fn scalar_schema() -> impl Strategy<Value = Value> {
        let simple = prop_oneof![
            Just(json!({"type": "string"})),
            Just(json!({"type": "number"})),
            Just(json!({"type": "integer"})),
            Just(json!({"type": "boolean"})),
            Just(json!({"enum": ["a", "b, c", "5", "a,b, c", "null"]})),
            Just(json!({"enum": ["a", 5, null]})),
            Just(json!({"type": ["string", "null"], "pattern": "^[ab]"})),
            Just(json!({"type": ["null", "integer"]})),
            Just(json!({"type": ["string", "number", "boolean"]})),
            Just(json!({"type": "object"})),
            Just(json!({})),
        ];
        prop_oneof![
            simple.clone(),
            (prop_oneof![Just("oneOf"), Just("anyOf"), Just("allOf")], vec(simple, 1..4))
                .prop_map(|(key, members)| json!({ key: members })),
        ]
    }

    fn schema() -> impl Strategy<Value = Value> {
        prop_oneof![
            scalar_schema(),
            scalar_schema().prop_map(|items| json!({"type": "array", "items": items})),
            scalar_schema().prop_map(|items| json!({"type": ["null", "array"], "items": items})),
            scalar_schema().prop_map(|items| json!({"oneOf": [{"type": "array", "items": items}, items]})),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn what_is_there_as_json_is_written_like_the_value(
            schema in schema(),
            json in prop_oneof![
                value().prop_map(|value| value.to_string()),
                value().prop_map(|value| format!("{value:#}")),
                "-?(0|[1-9][0-9]{0,18})([.][0-9]{1,18})?(e-?[0-9]{1,2})?",
            ],
        ) {
            let (cell_type, mut cell) = (CellType::of(&schema), String::new());
            cell_type.write_json(&json, &mut cell).unwrap();
            let value: Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(cell, cell_type.write(&value), "{}", json);
            let written = [value.to_string(), python::str(&value)];
            prop_assert!(!is_usual(&json) || written == [json.as_str(); 2], "{}", json);
        }

        #[test]
        fn what_is_written_is_read_back(schema in schema(), value in value()) {
            let cell_type = CellType::of(&schema);
            let cell = cell_type.write(&value);
            let read = cell_type.read(cell.trim());
            prop_assert!(read.as_ref().is_ok_and(|read| same(read, &value)), "{} {:?}", cell, read);
        }
    }
}
