//! The statements.

use tube::Form;

use crate::graph::{FILES, cases, read};

/// The statements of a mapping with every block. `UPDATE_GOLDEN=1` writes them anew.
#[test]
fn the_statements_are_those_of_the_golden_file() {
    let blocks =
        "    props: [{name: project_id}, {name: sex}, {name: age}, {name: years, src: age}, {name: tags}]
    parent_props: [{path: 'studies[description].projects[code]'}]
    flatten_props:
      - {path: diagnoses, props: [{name: code}], sorted_by: 'updated_datetime, desc'}
    aggregated_props:
      - {name: samples, path: samples, fn: count}
      - {name: aliquots, path: samples.aliquots, fn: count}
      - {name: tissues, path: samples, src: tissue, fn: set}
      - {name: firsts, path: samples, src: submitter_id, fn: min}
    nested_props:
      - {path: samples, props: [{name: tissue}], nested_props: [{path: aliquots, props: [{name: amount}]}]}
    joining_props: [{index: file, join_on: _case_id, props: [{name: file_name, fn: set}]}]
    filter: {prop: diagnoses.code, op: contains, value: flu}";
    // Both blocks read `code`: the first counts.
    let etl = read(&format!("{}{FILES}", cases(blocks)), Form::Right);
    let mut told = String::new();
    for index in etl.plan() {
        told.push_str(&format!(
            "{} ({}), {} fields, lists {:?}\n",
            index.name, index.doc_type, index.fields, index.arrays
        ));
        for (what, statement) in index.statements {
            told.push_str(&format!("-- {what}\n{statement}\n"));
        }
    }
    let golden = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/plan.sql");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(golden, &told).unwrap();
    }
    assert_eq!(told, std::fs::read_to_string(golden).unwrap_or_default());
}
