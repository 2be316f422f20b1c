//! Reading documents, good and hostile ones.

use proptest::prelude::*;
use serde_json::{Value, json};
use yaml::{Budget, Content, Position, parse, read};

fn json(text: &str) -> Value {
    parse(text).expect(text)
}

#[test]
fn bare_words_are_booleans_and_quoted_ones_are_text() {
    let text = "[Yes, no, On, OFF, True, y, 'Yes', \"no\", yEs, !!str no]";
    assert_eq!(json(text), json!([true, false, true, false, true, "y", "Yes", "no", "yEs", "no"]));
}

#[test]
fn numbers_are_those_of_yaml_1_1() {
    let text =
        "[1, -2, +3, 010, 08, 0x1F, 0b101, 1_000, 1:30, 2.0, .5, 1e3, 1.0e+3, 1.5e3, 1.2.3, 1:30.5, -0.0]";
    let value =
        json!([1, -2, 3, 8, "08", 31, 5, 1000, 90, 2.0, 0.5, "1e3", 1000.0, "1.5e3", "1.2.3", 90.5, -0.0]);
    assert_eq!(json(text), value);
}

#[test]
fn nothing_is_null_and_dates_stay_text() {
    let text = "a:\nb: ~\nc: null\nd: ''\ne: 2020-01-31\nf: 2020-01-31T10:00:00Z";
    let value =
        json!({"a": null, "b": null, "c": null, "d": "", "e": "2020-01-31", "f": "2020-01-31T10:00:00Z"});
    assert_eq!(json(text), value);
    assert_eq!(json("# only a comment\n"), Value::Null);
}

#[test]
fn the_last_of_two_equal_keys_wins_in_the_place_of_the_first() {
    assert_eq!(json("a: 1\nb: 2\na: 3").to_string(), r#"{"a":3,"b":2}"#);
}

#[test]
fn keys_become_text() {
    assert_eq!(json("1: a\nYes: b\n2.0: c\n~: d"), json!({"1": "a", "true": "b", "2.0": "c", "null": "d"}));
}

#[test]
fn anchors_aliases_and_merges_are_followed() {
    let text = "base: &b {x: 1, y: 2}\nmine:\n  y: 3\n  <<: *b\nsame: *b\nboth: {<<: [{x: 5}, *b]}";
    let value = json!({
        "base": {"x": 1, "y": 2}, "mine": {"x": 1, "y": 3}, "same": {"x": 1, "y": 2},
        "both": {"x": 5, "y": 2}
    });
    assert_eq!(json(text), value);
}

#[test]
fn what_is_no_document_is_refused_with_its_place() {
    let problem = parse("a: 1\nb: [1, 2\nc: 3").expect_err("an open list");
    assert!(problem.position.line >= 2, "{problem}");
    assert!(parse("a: 1\n---\nb: 2").is_err());
    assert!(parse("a: !custom x").is_err());
    assert!(parse("a: !custom {}").is_err());
    assert!(parse("a: !!set {x}").is_err());
    assert_eq!(json("{a: !!map {b: !!seq [1]}, c: ! [2]}"), json!({"a": {"b": [1]}, "c": [2]}));
    assert!(parse("a: .nan").is_err());
    assert!(parse("? [1]\n: 2").is_err());
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let item = format!("*a{}", level - 1);
        text += &format!("a{level}: &a{level} [{}]\n", vec![item; 10].join(", "));
    }
    assert!(parse(&text).expect_err("too much").message.contains("values"));
}

#[test]
fn an_alias_of_a_long_text_counts_as_long() {
    let long = "x".repeat(1 << 20);
    let text = format!("a: &a {long}\nb: [{}]\n", vec!["*a"; 1000].join(", "));
    assert!(parse(&text).expect_err("too much").message.contains("values"));
}

#[test]
fn what_is_nested_without_end_is_refused() {
    for open in ["[", "{a: ", "- "] {
        let error = parse(&open.repeat(100_000)).expect_err("too deep");
        let deep = error.message.contains("levels") || error.message.contains("recursion limit");
        assert!(deep, "{open}: {error}");
    }
}

#[test]
fn a_chain_of_aliases_counts_its_levels() {
    let mut text = "- &a0 x\n".to_owned();
    for level in 1..200 {
        text += &format!("- &a{level} [*a{}]\n", level - 1);
    }
    assert!(parse(&text).expect_err("too deep").message.contains("levels"));
}

#[test]
fn anchors_around_anchors_count_for_their_copies() {
    let anchors: String = (0..90).map(|level| format!("&a{level} [")).collect();
    let text = format!("{anchors}{}{}", "x,".repeat(100_000), "]".repeat(90));
    assert!(parse(&text).expect_err("too much").message.contains("values"));
}

#[test]
fn an_alias_inside_its_own_anchor_is_refused() {
    assert!(parse("&a [*a]").is_err());
    assert!(parse("&a {<<: *a}").is_err());
}

#[test]
fn a_byte_order_mark_is_passed_over() {
    assert_eq!(json("\u{feff}a: 1"), json!({"a": 1}));
}

#[test]
fn documents_share_a_budget_and_a_refused_one_leaves_it() {
    let mut budget = Budget::new(10);
    assert!(read("[1, 2, 3, 4]", &mut budget).is_ok());
    assert!(read("[1, 2, 3, 4, 5, 6]", &mut budget).is_err());
    assert!(read("[1, 2, 3, 4]", &mut budget).is_ok());
    let error = read("x", &mut budget).expect_err("nothing is left");
    assert_eq!(error.to_string(), "line 1, column 1: more than 10 values");
}

#[test]
fn nodes_know_where_they_stand_and_how_they_were_written() {
    let document = read("a: 1\nb:\n- 010\n- {c: 'yes'}\n", &mut Budget::new(100)).expect("fine");
    let at = |line, column| Position { line, column };
    let Content::Mapping(top) = &document.root.content else { panic!("a mapping") };
    assert_eq!(top.entry("b").expect("b").position, at(2, 1));
    let Content::List(items) = &top.get("b").expect("b").content else { panic!("a list") };
    assert_eq!(items.iter().map(|item| item.position).collect::<Vec<_>>(), [at(3, 3), at(4, 3)]);
    let Content::Scalar(octal) = &items[0].content else { panic!("a scalar") };
    assert_eq!((octal.text.as_str(), items[0].clone().into_json()), ("010", json!(8)));
}

#[test]
fn what_can_be_passed_over_is_told_at_once() {
    let text = "a: !x [1]\n? [k]\n: 1\nb: .nan\nc: 2\n";
    let document = read(text, &mut Budget::new(100)).expect("it can be read");
    let told: Vec<_> =
        document.faults.iter().map(|fault| (fault.position.line, fault.message.as_str())).collect();
    assert_eq!(
        told,
        [
            (1, "the tag !x is not supported"),
            (2, "a list or a mapping cannot be a key"),
            (4, "JSON has no number .nan; quote it"),
        ]
    );
    assert_eq!(document.root.into_json(), json!({"a": [1], "b": ".nan", "c": 2}));
    assert_eq!(parse(text).expect_err("faults").position.line, 1);
}

#[test]
fn repeated_keys_are_told_and_overridden_merged_ones_are_not() {
    let text = "base: &b {x: 1}\nmine: {<<: *b, x: 2}\nbase: 3\n";
    let document = read(text, &mut Budget::new(100)).expect("fine");
    let told: Vec<_> =
        document.repeated.iter().map(|key| (key.key.as_str(), key.position.line, key.before.line)).collect();
    assert_eq!(told, [("base", 3, 1)]);
    assert_eq!(document.root.into_json(), json!({"base": 3, "mine": {"x": 2}}));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1000..1000i32).prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        "[ -~éß😀\n\t]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[ -~é]{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_is_read_as_what_it_is(value in any_json()) {
        prop_assert_eq!(parse(&value.to_string()).expect("JSON is YAML"), value.clone());
        prop_assert_eq!(parse(&format!("{value:#}")).expect("JSON is YAML"), value);
    }

    #[test]
    fn anything_is_read_or_refused_at_a_line_that_there_is(
        text in "(\\[|\\]|\\{|\\}|,|: |- |\n|  |a|'|\"|&x |\\*x|<<|!!int |\\? |\\||>|#|0x|1|yes|~|%|\
                 \t){0,40}",
    ) {
        if let Err(error) = parse(&text) {
            prop_assert!((1..=text.lines().count() + 2).contains(&error.position.line), "{}", error);
        }
    }

    #[test]
    fn any_characters_are_read_or_refused(text in "\\PC{0,60}") {
        let _ = parse(&text);
    }
}
