//! Queries that are made to cost much.

use serde_json::json;

use crate::support::{problems, problems_with};

#[test]
fn a_bomb_of_fragments_is_refused_not_expanded() {
    let mut query = "{case {...F0}}".to_owned();
    for n in 0..40 {
        query += &format!(
            " fragment F{n} on case {{a: samples {{...G{n}}} b: samples {{...G{n}}}}} fragment G{n} on \
             sample {{id submitter_id}}"
        );
    }
    // Fragments of one level spread the next twice, below different keys.
    let mut bomb = "{node {...N0}}".to_owned();
    for n in 0..30 {
        bomb +=
            &format!(" fragment N{n} on case {{a{n}: samples {{id}} b{n}: samples {{id}} ...N{}}}", n + 1);
    }
    bomb += " fragment N30 on case {id}";
    assert!(problems(&bomb).is_empty());
    assert!(problems(&query)[0].starts_with("Fragment"));
    let many: String = (0..30_000).map(|n| format!("a{n}: _case_count ")).collect();
    assert_eq!(problems(&format!("{{{many}}}")), ["The query selects more than 20000 fields."]);
}

fn in_a_row(fragments: usize) -> String {
    let chain: String = (0..fragments).map(|n| format!(" fragment F{n} on case {{...F{}}}", n + 1)).collect();
    format!("{{case {{...F0}}}}{chain} fragment F{fragments} on case {{id}}")
}

#[test]
fn a_chain_of_fragments_does_not_grow_the_stack() {
    assert_eq!(problems(&in_a_row(100)), [""; 0]);
    assert_eq!(problems(&in_a_row(400)), ["The query has a chain of more than 200 fragments."]);
    assert_eq!(problems(&in_a_row(100_000)), ["The query has more than 500 operations and fragments."]);
}

#[test]
fn what_validation_goes_through_again_and_again_is_bounded() {
    let spreads = "...A ".repeat(60_000);
    assert_eq!(
        problems(&format!("{{case {{{spreads}}}}} fragment A on case {{id}}")),
        ["The query has more than 50000 fields, fragments and directives."]
    );
    let directives = "@skip(if: true)".repeat(60_000);
    assert_eq!(
        problems(&format!("{{_case_count {directives}}}")),
        ["The query has more than 50000 fields, fragments and directives."]
    );
    let variables: String = (0..2_000).map(|n| format!("$v{n}: Int ")).collect();
    assert_eq!(
        problems(&format!("query ({variables}) {{_case_count}}")),
        ["The query has more than 1000 variables."]
    );
    let operations: String = (0..400).map(|n| format!("query Q{n} {{...A}} ")).collect();
    assert_eq!(
        problems(&format!("{operations} fragment A on Root {{bogus}}")),
        ["Must provide operation name if query contains multiple operations."]
    );
}

#[test]
fn fragments_that_select_nothing_are_work_too() {
    let uses: String = (0..2_000).map(|n| format!("a{n}: case {{...A id}} ")).collect();
    let spreads: String = (0..400).map(|n| format!("...B{n} ")).collect();
    let empty: String = (0..400).map(|n| format!("fragment B{n} on case {{id @skip(if: true)}} ")).collect();
    assert_eq!(
        problems(&format!("{{{uses}}} fragment A on case {{{spreads}}} {empty}")),
        ["The query uses its fragments too often."]
    );
}

#[test]
fn a_variable_is_counted_wherever_it_is_used() {
    let ids: Vec<String> = (0..10_000).map(|n| format!("id-{n}")).collect();
    let once = "query ($ids: [String]) {_case_count(submitter_id: $ids)}";
    assert_eq!(problems_with(once, json!({"ids": ids})), [""; 0]);
    let uses: String = (0..1_000).map(|n| format!("a{n}: _case_count(submitter_id: $ids) ")).collect();
    assert_eq!(
        problems_with(&format!("query ($ids: [String]) {{{uses}}}"), json!({"ids": ids})),
        ["The arguments of the query have more than 16777216 bytes."]
    );
}

#[test]
fn of_the_problems_of_one_value_a_hundred_are_told() {
    let values = "5,".repeat(100_000);
    let told = problems(&format!("{{case(submitter_id: [{values}]) {{id}}}}"));
    assert_eq!(told[0].matches("In element").count(), 100);
    let query = "query ($ids: [String]) {case(submitter_id: $ids) {id}}";
    let told = problems_with(query, json!({"ids": vec![json!({}); 100_000]}));
    assert_eq!(told[0].matches("In element").count(), 100);
    let fields: String = (0..10_000).map(|n| format!("x{n}: 1,")).collect();
    let told = problems(&format!("{{case(path: {{type: \"sample\", {fields}}}) {{id}}}}"));
    assert_eq!(told[0].matches("Unknown field").count(), 100);
}
