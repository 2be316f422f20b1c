//! Records go in as JSON and as tables, come back with every property, and their exports change nothing.

use std::collections::{BTreeMap, BTreeSet};

use dictionary::NodeType;
use serde_json::{Map, Value, json};

use super::{
    Proof,
    conversation::PROGRAM,
    object,
    records::{Record, Study, is_system, target_key},
    table,
};

impl Proof {
    /// All records in one request, children before their parents.
    pub(super) async fn json_goes_in_and_comes_back(&mut self, study: &Study<'_>) {
        let mut documents: Vec<Value> =
            study.all().map(|record| Value::Object(record.document.clone())).collect();
        documents.reverse();
        self.report.records += documents.len();
        let count = documents.len();
        let (status, answer) =
            self.conversation.submit("POST", &study.project, &Value::Array(documents)).await;
        let errors: Vec<&Value> = answer["entities"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|entity| entity["valid"] != true)
            .collect();
        let made = (status, &answer["created_entity_count"]);
        assert!(
            made == (201, &json!(count)),
            "{} {} {errors:#?}",
            answer["message"],
            answer["transactional_errors"]
        );
        for node in study.order.clone() {
            self.comes_back(study, node, &BTreeSet::new(), Stamps::New).await;
        }
    }

    /// A request for each type, and for each set of columns that its records need.
    pub(super) async fn tables_go_in_and_come_back(&mut self, study: &Study<'_>) {
        for node in study.order.clone() {
            let (tables, left_out) = table::tables(study, node);
            self.report.left_out_of_tables += left_out.len();
            for table in tables {
                let (status, answer) = self.conversation.submit_table(&study.project, &table).await;
                let made = (status, &answer["success"]);
                assert_eq!(made, (200, &json!(true)), "{}: {table}\n{answer:#}", node.id);
            }
            self.comes_back(study, node, &left_out.into_iter().collect(), Stamps::New).await;
        }
    }

    /// Compares what a query returns of all records of a type with what was sent.
    async fn comes_back(
        &mut self,
        study: &Study<'_>,
        node: &NodeType,
        left_out: &BTreeSet<(String, String)>,
        stamps: Stamps,
    ) {
        let project_id = format!("{PROGRAM}-{}", study.project);
        let names: Vec<&str> = node.stored_properties().map(|property| property.name.as_str()).collect();
        let links: Vec<String> = node
            .all_links()
            .iter()
            .map(|link| format!("{}(first: 0) {{ {} }}", link.name, target_key(link)))
            .collect();
        let query = format!(
            "{{ {}(project_id: \"{project_id}\", first: 0) {{ id type {} {} }} }}",
            node.id,
            names.join(" "),
            links.join(" ")
        );
        let (status, answer) = self.conversation.query(&query).await;
        let found = answer["data"][&node.id].as_array().cloned().unwrap_or_default();
        let count = study.records[&node.id].len();
        self.check(status == 200 && found.len() == count, || {
            format!("{}: {status}, {} of {count} records: {}", node.id, found.len(), answer["errors"])
        });
        for record in &study.records[&node.id] {
            let Some(found) = found.iter().find(|found| found["submitter_id"] == json!(record.submitter_id))
            else {
                self.wrong.push(format!("{} does not come back", record.submitter_id));
                continue;
            };
            for (name, wanted) in expected(study, node, record, left_out) {
                self.report.values += 1;
                self.check(same(&wanted, &found[&name]), || {
                    format!("{}.{name}: {} came back as {}", record.submitter_id, wanted, found[&name])
                });
            }
            let times = ["created_datetime", "updated_datetime"].map(|name| &found[name]);
            let stamped = !node.properties.contains_key("created_datetime")
                || (times[0].is_string() && (times[0] == times[1] || stamps == Stamps::Any));
            self.check(stamped, || format!("{} has the times {times:?}", record.submitter_id));
            let has_file = node.properties.contains_key("object_id") && node.category.is_file();
            self.check(!has_file || found["object_id"].is_string(), || {
                format!("{} has no object_id", record.submitter_id)
            });
        }
    }

    /// What is exported can be sent again, and changes nothing.
    pub(super) async fn exports_change_nothing(&mut self, study: &Study<'_>) {
        let before = self.conversation.contents().await;
        for node in study.order.clone() {
            let (status, json) = self.conversation.export(&study.project, &node.id, "json").await;
            let count = json["data"].as_array().map(Vec::len);
            self.check((status, count) == (200, Some(study.records[&node.id].len())), || {
                format!("{}: the export has {count:?} records: {status}", node.id)
            });
            // Nulls are not exported, so a record that needs one is not whole.
            let whole = study.records[&node.id]
                .iter()
                .all(|record| table::is_whole_without_nulls(study, node, record));
            let (status, answer) = self.conversation.submit("PUT", &study.project, &json["data"]).await;
            self.check(status == if whole { 200 } else { 400 }, || {
                format!("{}: its JSON export: {status} {}", node.id, faults(&answer))
            });
            self.report.exports_that_no_submission_takes += usize::from(!whole);
        }
        self.unchanged(&before, "exports as JSON that were sent again").await;
        // A blank cell is a null, also for what was never said.
        self.tables_are_sent_again(study).await;
        let blanks_said = self.conversation.contents().await;
        for node in study.order.clone() {
            self.comes_back(study, node, &BTreeSet::new(), Stamps::Any).await;
        }
        self.tables_are_sent_again(study).await;
        self.unchanged(&blanks_said, "exports as TSV that were sent again").await;
    }

    async fn tables_are_sent_again(&mut self, study: &Study<'_>) {
        for node in study.order.clone() {
            let (_, tsv) = self.conversation.export(&study.project, &node.id, "tsv").await;
            let tsv = tsv.as_str().unwrap_or_default().to_owned();
            let (status, answer) = self.conversation.submit_table(&study.project, &tsv).await;
            let mut records = study.records[&node.id].iter();
            let fits = records.all(|record| table::fits_into_a_table(study, node, record));
            self.check(status == 200 || !fits, || {
                format!("{}: its TSV export: {status} {}\n{tsv}", node.id, faults(&answer))
            });
            self.report.exports_that_no_submission_takes += usize::from(status != 200);
        }
    }

    pub(super) async fn unchanged(&mut self, before: &BTreeMap<String, String>, what: &str) {
        let after = self.conversation.contents().await;
        let differs = |(table, said): &(&String, &String)| before.get(*table) != Some(*said);
        let changed: Vec<&String> = after.iter().filter(differs).map(|(table, _)| table).collect();
        self.check(changed.is_empty(), || format!("{what} changed {changed:?}"));
    }
}

/// Whether records still have the times of their making.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stamps {
    New,
    Any,
}

fn faults(answer: &Value) -> String {
    let entities = answer["entities"].as_array().into_iter().flatten();
    let errors: Vec<&Value> =
        entities.map(|entity| &entity["errors"]).filter(|errors| **errors != json!([])).collect();
    format!("{} {errors:?}", answer["message"])
}

/// What a query must return: every property of the type, whether it was given or not.
fn expected(
    study: &Study<'_>,
    node: &NodeType,
    record: &Record,
    left_out: &BTreeSet<(String, String)>,
) -> Map<String, Value> {
    let mut wanted = object([("type".to_owned(), json!(node.id))]);
    for property in node.stored_properties() {
        let name = property.name.clone();
        let given = record
            .document
            .get(&name)
            .filter(|_| !left_out.contains(&(record.submitter_id.clone(), name.clone())));
        let value = match name.as_str() {
            "created_datetime" | "updated_datetime" => continue,
            "object_id" if given.is_none() => continue,
            "project_id" => json!(format!("{PROGRAM}-{}", study.project)),
            _ if is_system(node, &name) => property.schema.get("default").cloned().unwrap_or_default(),
            _ => given.cloned().unwrap_or_default(),
        };
        wanted.insert(name, shown(&property.schema, &value));
    }
    for link in node.all_links() {
        let targets = record.links.get(&link.name).into_iter().flatten();
        let targets: Vec<Value> = targets.map(|target| json!({ target_key(link): target })).collect();
        wanted.insert(link.name.clone(), Value::Array(targets));
    }
    wanted
}

/// A stored value as GraphQL shows it: the first type that the dictionary states decides.
fn shown(schema: &Value, value: &Value) -> Value {
    let first = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        Some(kind) => kind.as_str(),
        None => None,
    };
    let text = |value: &Value| match value {
        Value::String(_) | Value::Null => value.clone(),
        other => json!(other.to_string()),
    };
    match (first, value) {
        (Some("integer" | "number" | "float" | "boolean"), value) => value.clone(),
        (Some("array"), Value::Array(items)) => items.iter().map(text).collect(),
        (_, value) => text(value),
    }
}

/// Equal, numbers by their value and links in any order.
fn same(wanted: &Value, found: &Value) -> bool {
    match (wanted, found) {
        (Value::Number(wanted), Value::Number(found)) => wanted.as_f64() == found.as_f64(),
        (Value::Array(wanted), Value::Array(found)) if wanted.iter().all(Value::is_object) => {
            wanted.len() == found.len() && wanted.iter().all(|one| found.contains(one))
        }
        // A list shows its items as text, and tables write whole numbers without a point.
        (Value::Array(wanted), Value::Array(found)) => {
            wanted.len() == found.len() && wanted.iter().zip(found).all(|(one, other)| same_item(one, other))
        }
        (wanted, found) => wanted == found,
    }
}

fn same_item(wanted: &Value, found: &Value) -> bool {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    wanted == found || number(wanted).is_some_and(|wanted| number(found) == Some(wanted))
}
