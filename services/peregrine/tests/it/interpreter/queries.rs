//! Queries that can be written as text and interpreted.

use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

/// A list or count at the top level.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    pub(crate) as_reader: bool,
    pub(crate) label: String,
    pub(crate) list: List,
    pub(crate) count: Option<Vec<Filter>>,
}

/// Arguments and selection of a list.
#[derive(Debug, Clone)]
pub(crate) struct List {
    pub(crate) filters: Vec<Filter>,
    pub(crate) descending: bool,
    pub(crate) by_id: bool,
    pub(crate) first: Option<i64>,
    pub(crate) offset: i64,
    pub(crate) properties: Vec<String>,
    /// Link name, target label, what is selected of it.
    pub(crate) links: Vec<(String, String, List)>,
    pub(crate) link_count: Option<String>,
}

#[derive(Debug, Clone)]
pub(crate) enum Filter {
    /// A property and its wanted values.
    Equal(String, Vec<Value>),
    Search(String),
    With(Vec<String>),
    WithAny(Vec<String>),
    Without(Vec<String>),
    Not(String, Value),
    Path {
        argument: &'static str,
        to: String,
        property: Option<(String, Value)>,
    },
}

const LABELS: [&str; 7] =
    ["case", "sample", "aliquot", "diagnosis", "experiment", "reads", "core_metadata_collection"];

/// Links by label: name and target.
pub(crate) fn links(label: &str) -> &'static [(&'static str, &'static str)] {
    match label {
        "case" => &[("experiments", "experiment"), ("samples", "sample"), ("diagnoses", "diagnosis")],
        "sample" => &[("cases", "case"), ("diagnoses", "diagnosis"), ("aliquots", "aliquot")],
        "aliquot" => &[("samples", "sample"), ("reads", "reads")],
        "diagnosis" => &[("cases", "case"), ("samples", "sample")],
        "experiment" => &[("cases", "case"), ("projects", "project")],
        "reads" => &[("aliquots", "aliquot"), ("core_metadata_collections", "core_metadata_collection")],
        "core_metadata_collection" => &[("reads", "reads"), ("projects", "project")],
        _ => &[("experiments", "experiment"), ("core_metadata_collections", "core_metadata_collection")],
    }
}

/// Properties by label, with values that occur and one that does not.
fn values(label: &str) -> Vec<(&'static str, Vec<Value>)> {
    let mut all =
        vec![("submitter_id", vec![json!(format!("{label}01")), json!(format!("{label}07")), json!("none")])];
    match label {
        "case" => all.push(("primary_site", vec![json!("A"), json!("B"), json!("b")])),
        "sample" => {
            all.push(("composition", vec![json!("Cell"), json!("Plasma")]));
            all.push(("weight", vec![json!(1), json!(1.5), json!(2.0)]));
            all.push(("is_ffpe", vec![json!(true), json!(false)]));
        }
        "aliquot" => all.push(("amount", vec![json!(1), json!(2.0), json!(0.5)])),
        "diagnosis" => all.push(("age", vec![json!(30), json!(40.5)])),
        "project" => all = vec![("code", vec![json!("Q"), json!("R"), json!("X")])],
        _ => {}
    }
    all
}

fn value_of(label: &str) -> impl Strategy<Value = (String, Value)> + use<> {
    select(values(label)).prop_flat_map(|(name, values)| (Just(name.to_owned()), select(values)))
}

fn filter(label: &str) -> impl Strategy<Value = Filter> + use<> {
    let names: Vec<String> = links(label).iter().map(|(name, _)| (*name).to_owned()).collect();
    let some = || vec(select(names.clone()), 1..3);
    let equal = select(values(label))
        .prop_flat_map(|(name, values)| (Just(name.to_owned()), vec(select(values), 1..3)))
        .prop_map(|(name, values)| Filter::Equal(name, values));
    let path = (select(vec!["with_path_to", "with_path_to_any", "without_path_to"]), select(LABELS.to_vec()))
        .prop_flat_map(|(argument, to)| (Just(argument), Just(to.to_owned()), option::of(value_of(to))))
        .prop_map(|(argument, to, property)| Filter::Path { argument, to, property });
    let codes = vec(select(vec![json!("x"), json!("y"), json!("z")]), 1..3)
        .prop_map(|codes| Filter::Equal("consent_codes".to_owned(), codes));
    let equal = if label == "case" { prop_oneof![equal, codes].boxed() } else { equal.boxed() };
    let not =
        value_of(label).prop_filter("booleans are never equal in `not`", |(_, value)| !value.is_boolean());
    prop_oneof![
        3 => equal,
        1 => select(vec!["0", "01", "E0", "%1", "e-", "zz"]).prop_map(|text| Filter::Search(text.to_owned())),
        1 => some().prop_map(Filter::With),
        1 => some().prop_map(Filter::WithAny),
        1 => some().prop_map(Filter::Without),
        1 => not.prop_map(|(name, value)| Filter::Not(name, value)),
        3 => path,
    ]
}

fn list(label: &str, depth: usize) -> BoxedStrategy<List> {
    // One filter of each kind, because an argument cannot be given twice.
    let filters = vec(filter(label), 0..3).prop_map(|filters| {
        let mut names = Vec::new();
        filters
            .into_iter()
            .filter(|filter| {
                !names.contains(&filter.name()) && {
                    names.push(filter.name());
                    true
                }
            })
            .collect()
    });
    let properties: Vec<String> = values(label).into_iter().map(|(name, _)| name.to_owned()).collect();
    let links: Vec<(&str, &str)> = links(label).to_vec();
    let names: Vec<String> = links.iter().map(|(name, _)| (*name).to_owned()).collect();
    let deeper = match depth {
        0 => Just(Vec::new()).boxed(),
        _ => vec(
            select(links).prop_flat_map(move |(name, target)| {
                (Just(name.to_owned()), Just(target.to_owned()), list(target, depth - 1))
            }),
            0..3,
        )
        .boxed(),
    };
    (
        filters,
        any::<(bool, bool)>(),
        option::of(-1_i64..6),
        0_i64..4,
        vec(select(properties), 0..4),
        deeper,
        option::of(select(names)),
    )
        .prop_map(|(filters, (descending, by_id), first, offset, mut properties, mut links, link_count)| {
            properties.sort();
            properties.dedup();
            links.sort_by(|a, b| a.0.cmp(&b.0));
            links.dedup_by(|a, b| a.0 == b.0);
            List { filters, descending, by_id, first, offset, properties, links, link_count }
        })
        .boxed()
}

pub(crate) fn query() -> impl Strategy<Value = Query> {
    select(LABELS.to_vec()).prop_flat_map(|label| {
        let counted =
            filter(label).prop_filter("counted once a link", |filter| !matches!(filter, Filter::WithAny(_)));
        (any::<bool>(), Just(label.to_owned()), list(label, 3), option::of(vec(counted, 1..2)))
            .prop_map(|(as_reader, label, list, count)| Query { as_reader, label, list, count })
    })
}

impl Filter {
    /// The argument that it is.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Equal(name, _) => name.clone(),
            Self::Search(_) => "quick_search".to_owned(),
            Self::With(_) => "with_links".to_owned(),
            Self::WithAny(_) => "with_links_any".to_owned(),
            Self::Without(_) => "without_links".to_owned(),
            Self::Not(..) => "not".to_owned(),
            Self::Path { argument, .. } => (*argument).to_owned(),
        }
    }

    fn text(&self) -> String {
        let value = match self {
            Self::Equal(_, values) => Value::from(values.clone()).to_string(),
            Self::Search(text) => json!(text).to_string(),
            Self::With(names) | Self::WithAny(names) | Self::Without(names) => json!(names).to_string(),
            Self::Not(name, value) => format!("{{{name}: {value}}}"),
            Self::Path { to, property: None, .. } => format!("{{type: \"{to}\"}}"),
            Self::Path { to, property: Some((name, value)), .. } => {
                format!("{{type: \"{to}\", {name}: {value}}}")
            }
        };
        format!("{}: {value}", self.name())
    }
}

impl List {
    fn text(&self, label: &str) -> String {
        let key = if self.by_id || label == "project" { "id" } else { "submitter_id" };
        let order = if self.descending { "order_by_desc" } else { "order_by_asc" };
        let mut args: Vec<String> = self.filters.iter().map(Filter::text).collect();
        args.push(format!("{order}: \"{key}\", offset: {}", self.offset));
        args.extend(self.first.map(|first| format!("first: {first}")));
        let mut fields = vec!["id".to_owned()];
        fields.extend(self.properties.iter().cloned());
        fields.extend(self.links.iter().map(|(name, target, list)| format!("{name}{}", list.text(target))));
        fields.extend(self.link_count.iter().map(|name| format!("_{name}_count")));
        format!("({}) {{{}}}", args.join(", "), fields.join(" "))
    }
}

impl Query {
    /// As GraphQL.
    pub(crate) fn text(&self) -> String {
        let label = &self.label;
        let count = self.count.as_ref().map(|filters| {
            let args: Vec<String> = filters.iter().map(Filter::text).collect();
            format!(" n: _{label}_count({})", args.join(", "))
        });
        format!("{{{label}{}{}}}", self.list.text(label), count.unwrap_or_default())
    }
}
