//! The SQL of each feature, as golden files.

use std::sync::Arc;

use dictionary::Dictionary;
use serde_json::Map;

use super::{Cursor, Planner, limited, projects};
use crate::{
    access::{Project, Readable, Rights},
    compiler::Compiler,
    config::Config,
    ir::{Branch, Child, Root, RootValue},
};

fn compiler() -> Compiler {
    let files = serde_json::from_str(include_str!("../../tests/data/dictionary.json")).unwrap();
    Compiler::new(Arc::new(Dictionary::from_files(files).unwrap()))
}

fn roots(compiler: &Compiler, query: &str) -> Vec<Root> {
    compiler.meaning(query, &Map::new(), &Config::default()).unwrap()
}

/// The open projects P-Q and P-R.
fn readable() -> Readable {
    let project = |code: &str| Project {
        node_id: format!("id-{code}"),
        program: "P".into(),
        code: code.into(),
        availability: Some("Open".into()),
    };
    Readable::of(&Rights::OpenProjects, vec![project("Q"), project("R")])
}

/// All statements of a query, one a line, each level under a made-up parent.
fn statements(compiler: &Compiler, query: &str) -> String {
    let readable = readable();
    let planner = Planner::new(&compiler.graph, &readable);
    let mut out = Vec::new();
    for root in roots(compiler, query) {
        match &root.value {
            RootValue::Scan(scan) => {
                out.extend(planner.scan(scan));
                scan.branches.iter().for_each(|branch| children(&planner, branch, &mut out));
            }
            RootValue::Count(count) => out.push(planner.counts(&[count])),
            RootValue::Logs(logs) => out.push(planner.logs(logs, None)),
            RootValue::LogCount(query) => out.push(planner.log_counts(query, None)),
            RootValue::Known(json) => out.push(sql::Sql::new().literal(json)),
            RootValue::Failed(message) => out.push(sql::Sql::new().literal(message)),
            RootValue::Viewer(_) => {}
        }
    }
    let line = |sql: sql::Sql| {
        let (text, binds) = sql.render();
        let binds: Vec<String> = binds.iter().map(|bind| format!("  {bind:?}")).collect();
        format!("{text}\n{}", binds.join("\n"))
    };
    out.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

fn children(planner: &Planner<'_>, branch: &Branch, out: &mut Vec<sql::Sql>) {
    let parents = || vec!["parent".to_owned()];
    for child in &branch.level.children {
        match child {
            Child::Linked(linked) => {
                out.extend(planner.linked(branch.node, linked, parents()));
                children(planner, linked, out);
            }
            Child::Neighbours(scan) => out.extend(planner.neighbours(branch.node, scan, parents())),
            Child::Count { link, count } => {
                out.extend(planner.link_counts(branch.node, link, count, parents()))
            }
            Child::Logs(logs) => out.push(planner.logs(logs, Some(parents()))),
            Child::LogCount(query) => out.push(planner.log_counts(query, Some(parents()))),
            Child::Failed(message) => out.push(sql::Sql::new().literal(message)),
        }
    }
}

macro_rules! golden {
    ($($name:ident: $query:expr;)*) => {
        $(#[test]
        fn $name() {
            let query = $query;
            insta::assert_snapshot!(format!("{query}\n\n{}", statements(&compiler(), query)));
        })*
    };
}

golden! {
    a_list_reads_ten: "{case {id submitter_id primary_site}}";
    many_properties_unpack_the_document_once: "{sample(first: 0) {submitter_id composition weight days \
                                               is_ffpe}}";
    page_and_order: "{case(first: 3, offset: 4, order_by_desc: \"submitter_id\") {id}}";
    order_by_id: "{case(order_by_asc: \"id\") {id}}";
    equality_of_text: "{case(submitter_id: [\"a\", \"b\"], primary_site: \"it's\") {id}}";
    equality_of_numbers_and_booleans: "{sample(weight: [5.0, 0.5], is_ffpe: true) {id}}";
    lists_contain_all: "{case(consent_codes: [\"x\", \"y\"]) {id}}";
    nothing_is_in_an_empty_list: "{case(submitter_id: [], consent_codes: []) {id}}";
    ids_and_search: "{case(id: \"i\", ids: [\"i\", \"j\"], quick_search: \"50%\") {id}}";
    times: "{case(created_after: \"2026-01-02\", updated_before: \"2026-01-02T03:04:05+01:00\") {id}}";
    not: "{sample(not: [{composition: \"Cell\"}, {weight: 5}, {is_ffpe: true}]) {id}}";
    with_links: "{case(with_links: [\"samples\", \"diagnoses\"]) {id}}";
    with_links_any: "{case(with_links_any: [\"samples\", \"experiments\"]) {id}}";
    without_links: "{case(without_links: [\"samples\"]) {id}}";
    links_of_a_program_must_be_readable: "{program(with_links: [\"projects\"]) {name}}";
    paths_share_their_ends: "{case(with_path_to: {type: \"aliquot\", amount: 10}) {id}}";
    paths_any_and_without: "{case(with_path_to_any: [{type: \"sample\"}, {type: \"nope\"}], without_path_to: \
                            {type: \"reads\"}) {id}}";
    projects_by_name: "{project(project_id: [\"P-Q\", \"P-X\"]) {project_id code}}";
    links_have_a_page_a_parent: "{case(first: 0) {samples(composition: \"Cell\") {id}}}";
    links_without_a_page_are_joined: "{case(first: 0) {samples(first: 0, order_by_asc: \"submitter_id\") \
                                      {id}}}";
    links_to_at_most_one_are_joined: "{sample {cases {submitter_id}}}";
    counts: "{_case_count _sample_count(is_ffpe: false)}";
    counts_with_links_any: "{_case_count(with_links_any: [\"samples\", \"diagnoses\"])}";
    counts_of_links: "{case {_samples_count(submitter_id: \"s\")}}";
    neighbours: "{case {_links(quick_search: \"d\") {submitter_id ... on sample {composition}}}}";
    any_node: "{node(of_type: [\"case\", \"sample\"], order_by_asc: \"submitter_id\", first: 5, offset: 2) \
               {id type}}";
    any_node_of_a_category: "{node(category: \"biospecimen\", first: 1) {submitter_id}}";
    data_nodes: "{datanode(data_format: \"BAM\") {file_name file_size platform}}";
    logs: "{transaction_log(project_id: \"P-Q\", type: \"upload\", committable: false, entities: [\"e\"], \
           order_by_desc: \"id\") {id documents {name}}}";
    logs_of_nodes: "{case {_transaction_logs(last: 2) {id} _transaction_logs_count}}";
    log_counts: "{_transaction_log_count(related_cases: [\"c\"], id: \"x\")}";
    failures_are_known_before_the_database: "{case(order_by_asc: \"nope\") {id} sample(with_links: \
                                             [\"nope\"]) {id}}";
}

#[test]
fn a_count_with_first_zero_or_an_offset_is_null() {
    let compiler = compiler();
    for query in ["{_case_count(first: 0)}", "{_case_count(offset: 1)}"] {
        assert_eq!(statements(&compiler, query), "'null'\n", "{query}");
    }
}

#[test]
fn sql_in_a_filter_stays_a_value() {
    let compiler = compiler();
    let evil = "'; drop table node_case; --";
    for query in [
        format!(
            "{{case(submitter_id: \"{evil}\", id: \"{evil}\", ids: \"{evil}\", quick_search: \"{evil}\", \
             consent_codes: \"{evil}\") {{id}}}}"
        ),
        format!(
            "{{case(not: {{primary_site: \"{evil}\"}}, with_path_to: {{type: \"sample\", \
             submitter_id: \"{evil}\"}}) {{id}}}}"
        ),
        format!(
            "{{node(submitter_id: \"{evil}\", project_id: \"{evil}\", quick_search: \"{evil}\") {{id}}}}"
        ),
        format!(
            "{{transaction_log(project: \"{evil}\", state: \"{evil}\", related_cases: \"{evil}\", \
             entities: \"{evil}\") {{id}}}}"
        ),
        format!(
            "{{case(order_by_asc: \"{evil}\", with_links: \"{evil}\", created_after: \"{evil}\") {{id}}}}"
        ),
    ] {
        let sql = statements(&compiler, &query);
        let text: Vec<&str> = sql.lines().filter(|line| line.starts_with("select")).collect();
        assert!(!text.concat().contains("drop table"), "{sql}");
    }
}

#[test]
fn alternatives_in_a_filter_stay_within_their_parent() {
    let compiler = compiler();
    let mapping = authz::Mapping::from_iter([(
        "/".to_owned(),
        vec![authz::Action { service: "*".into(), method: "*".into() }],
    )]);
    let readable = Readable::of(&Rights::Permitted(vec![mapping]), vec![]);
    let planner = Planner::new(&compiler.graph, &readable);
    let mut out = Vec::new();
    for root in
        roots(&compiler, "{case {samples(quick_search: \"d\") {id} _links(quick_search: \"d\") {id}}}")
    {
        let RootValue::Scan(scan) = root.value else { panic!("a scan") };
        children(&planner, &scan.branches[0], &mut out);
    }
    for sql in out {
        let text = sql.render().0;
        assert!(
            text.contains(" = p.id and (n.\"node_id\" ilike ") && !text.contains("and n.\"node_id\" ilike"),
            "{text}"
        );
    }
}

#[test]
fn every_scan_of_nodes_is_restricted() {
    let compiler = compiler();
    let query = "{case {samples {aliquots(first: 0) {id}} _diagnoses_count _links {id}} node {id} datanode \
                 {id} \
                 _sample_count a: case(with_path_to: {type: \"sample\"}) {id} project {code}}";
    for line in statements(&compiler, query).lines().filter(|line| line.starts_with("select")) {
        let tables = line.matches(" \"node_").count();
        let restrictions =
            line.matches("'project_id' = any(").count() + line.matches("n.\"node_id\" = any(").count();
        assert!(tables > 0 && restrictions >= tables, "{tables} tables, {restrictions} restrictions: {line}");
    }
}

#[test]
fn figures_of_projects_count_readable_nodes() {
    let (compiler, readable) = (compiler(), readable());
    let planner = Planner::new(&compiler.graph, &readable);
    assert_eq!(
        planner.project_counts(compiler.graph.find("case").unwrap()).render().0,
        "select n._props ->> 'project_id' as \"project_id\", count(*) from \"node_case\" n \
         where n._props ->> 'project_id' = any($1) group by n._props ->> 'project_id'"
    );
}

#[test]
fn projects_are_those_with_a_program() {
    assert_eq!(
        projects(&compiler().graph).unwrap().render().0,
        "select j.\"node_id\" as \"node_id\", g._props ->> 'name' as \"program\", \
         j._props ->> 'code' as \"code\", j._props ->> 'availability_type' as \"availability\" \
         from \"node_project\" j join \"edge_projectmemberofprogram\" e on e.\"src_id\" = j.\"node_id\" \
         join \"node_program\" g on g.\"node_id\" = e.\"dst_id\" \
         where g._props ->> 'name' is not null and j._props ->> 'code' is not null order by j.\"node_id\""
    );
}

#[test]
fn long_lists_are_read_through_a_cursor() {
    let (cursor, list) = (Cursor::new(3), || sql::Sql::raw("select 1"));
    let statements = [cursor.declare(list()), cursor.fetch(100), cursor.close(), limited(list(), 5)];
    assert_eq!(
        statements.map(|statement| statement.render().0),
        [
            "declare c3 no scroll cursor for select 1",
            "fetch forward 100 from c3",
            "close c3",
            "select 1 limit $1",
        ]
    );
}
