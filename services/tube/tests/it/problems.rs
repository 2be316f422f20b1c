//! What is wrong with mappings.

use proptest::prelude::*;
use tube::{Etl, Form, Problem, Severity};

use crate::graph::{FILES, cases, dictionary};

fn problems(mapping: &str) -> Vec<Problem> {
    Etl::read(mapping, &dictionary(), Form::Right).map_or_else(|problems| problems, |etl| etl.warnings)
}

const WRONG: &str = "mappings:
  - name: Cases
    doc_type: case
    type: aggregator
    root: cas
  - name: cases
    doc_type: case
    type: aggregator
    root: case
    propz: []
    props:
      - name: submiter_id
      - name: project_id
    parent_props:
      - path: study[description
      - path: study[description]
    flatten_props:
      - path: diagnoses
        props: [{name: code}]
    aggregated_props:
      - {name: a, path: smaples, fn: count}
      - {name: b, path: samples.aliquots, fn: cuont}
    joining_props:
      - index: fil
        join_on: case_id
        props: [{name: x}]
    filter: {op: and, logics: [{prop: sex, op: '=', value: x}, {prop: project_id, op: is, value: y}]}
  - {name: x, doc_type: x, type: collecter, root: None}
";

#[test]
fn all_problems_come_at_once_with_their_places_and_remedies() {
    let told: Vec<String> = problems(WRONG).iter().map(ToString::to_string).collect();
    let expected = [
        "line 2, column 11: `Cases` cannot be the name of an index; use small letters, digits, `_`, `-` and \
         `.`, and begin with a letter or digit",
        "line 5, column 11: the dictionary has no node type `cas`; did you mean `case`?",
        "line 7, column 15: `doc_type: case` stands in line 3, too; give each mapping a name of its own",
        "line 10, column 5: warning: nobody reads the key `propz`; did you mean `props`?",
        "line 12, column 15: warning: `case` has no property `submiter_id`; did you mean `submitter_id`?",
        "line 15, column 15: `study[description` is no path of parents: a `]` is missing; write \
         `link[property,name:source].link2[...]`",
        "line 16, column 15: `case` has no link `study`; there are studies, demographics, diagnoses, \
         samples",
        "line 18, column 15: `diagnoses` may lead to several nodes, of which one would have to be taken; add \
         `sorted_by: updated_datetime, desc`, or `settings: {bypass_multiplicity_check: true}` to the \
         mapping",
        "line 21, column 25: `case` has no link `smaples`; did you mean `samples`?",
        "line 22, column 47: `cuont` is no function; did you mean `count`?",
        "line 24, column 16: no mapping has the `doc_type` `fil`; there are case, case",
        "line 27, column 39: the filter names `sex`, which is no field here; there are _case_id, \
         submiter_id, project_id, auth_resource_path, code",
        "line 27, column 87: `is` is no operator of filters; did you mean `in`?",
        "line 28, column 34: `collecter` is no type of a mapping; did you mean `collector`?",
    ];
    assert_eq!(told, expected, "{}", told.join("\n"));
}

#[test]
fn fields_that_are_defined_twice_and_properties_that_are_not_there_are_warned_of() {
    let mapping = format!(
        "{}{FILES}",
        cases("    props: [{name: sex}, {name: sex}, {name: nothing}]\n    target_nodes: []")
    );
    let problems = problems(&mapping);
    assert!(problems.iter().all(|problem| problem.severity == Severity::Warning), "{problems:#?}");
    let told: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        told,
        [
            "`project_id` is not among `props`; it is added",
            "the field `sex` is defined already, and the first definition counts",
            "`case` has no property `nothing`",
        ]
    );
}

#[test]
fn what_is_not_yaml_or_says_nothing_is_told() {
    for (text, expected) in [
        ("", "the file says nothing; write `mappings:` and a list of mappings"),
        ("a: [", "this is not YAML"),
        ("[]", "the file is not a mapping"),
        ("mapping: []", "`mappings` is missing"),
        ("mappings: 5", "`mappings` is not a list"),
    ] {
        let told: Vec<String> = problems(text).iter().map(ToString::to_string).collect();
        assert!(told.iter().any(|told| told.contains(expected)), "{text}: {told:?}");
    }
}

proptest! {
    /// Each line may be lost, doubled, or have another word in it.
    #[test]
    fn no_mapping_makes_it_panic(
        changes in prop::collection::vec((0_usize..60, 0_u8..4, "[-\\[\\]{}.,: a-z0-9'\"&*!]{0,12}"), 0..8),
        form in prop::bool::ANY,
    ) {
        let mut lines: Vec<String> = format!("{WRONG}{FILES}").lines().map(str::to_owned).collect();
        for (line, change, word) in changes {
            let line = line % lines.len();
            match change {
                0 => { lines.remove(line); }
                1 => lines.insert(line, lines[line].clone()),
                2 => lines[line].push_str(&word),
                _ => lines[line] = format!("{}{word}", " ".repeat(word.len())),
            }
            if lines.is_empty() { break; }
        }
        let form = if form { Form::Right } else { Form::Compat };
        if let Ok(etl) = Etl::read(&lines.join("\n"), &dictionary(), form) {
            let _ = etl.plan();
        }
    }
}
