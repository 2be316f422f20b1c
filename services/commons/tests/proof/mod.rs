//! The proof that a commons keeps what a dictionary says: for every node type, generated valid records go in,
//! come back with every property, and can be sent again as they were exported; and every single-field change
//! of them is judged by [`draft4`], an interpreter of the schema of the test's own, and by the rules of
//! links, and must be answered so.

mod conversation;
mod corruptions;
mod draft4;
mod records;
mod round_trip;
mod table;
mod uppermost;
mod values;

use std::{collections::BTreeMap, fmt, time::Instant};

use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use self::{
    conversation::Conversation,
    corruptions::{Corruption, Verdict},
    records::{STYLES, Study},
};

/// Documents of one request.
const BATCH: usize = 500;
/// How many faults are shown.
const SHOWN: usize = 40;
/// Characters of each.
const OUTLINE: usize = 600;

/// What was tried.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) types: usize,
    pub(crate) records: usize,
    pub(crate) values: usize,
    pub(crate) new_records_refused: usize,
    pub(crate) changes_refused: usize,
    pub(crate) changes_taken: usize,
    pub(crate) left_out_of_tables: usize,
    pub(crate) exports_that_no_submission_takes: usize,
    pub(crate) seconds: BTreeMap<&'static str, f64>,
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            to,
            "{} types, {} records, {} values compared; corruptions refused: {} of new records, {} of stored \
             ones; {} right changes taken; {} values that no table can hold, and {} exports \
             that no submission takes; seconds: {:.1?}",
            self.types,
            self.records,
            self.values,
            self.new_records_refused,
            self.changes_refused,
            self.changes_taken,
            self.left_out_of_tables,
            self.exports_that_no_submission_takes,
            self.seconds
        )
    }
}

/// Proves a commons with the dictionary at `source`; the built-in one without.
pub(crate) async fn prove(source: Option<&str>) -> Report {
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/../../dictionary/gdcdictionary/schemas");
    let dictionary = Dictionary::load(source.unwrap_or(own)).await.unwrap();
    let mut proof = Proof {
        conversation: Conversation::start(source).await,
        report: Report::default(),
        wrong: Vec::new(),
    };
    let (json, tsv) = (Study::of(&dictionary, "json"), Study::of(&dictionary, "tsv"));
    proof.report.types = json.order.len();
    proof.stage("project", async |proof| proof.uppermost(&dictionary).await).await;
    proof.stage("JSON", async |proof| proof.json_goes_in_and_comes_back(&json).await).await;
    proof.stage("tables", async |proof| proof.tables_go_in_and_come_back(&tsv).await).await;
    proof.stage("exports", async |proof| proof.exports_change_nothing(&json).await).await;
    proof.stage("new ones", async |proof| proof.bad_newcomers_are_refused(&json).await).await;
    proof.stage("changes", async |proof| proof.stored_ones_are_changed(&json).await).await;
    proof.stage("types", async |proof| proof.unknown_types_are_refused(&json).await).await;
    let Proof { conversation, report, wrong } = proof;
    conversation.end().await;
    let outline = |text: &String| text.chars().take(OUTLINE).collect::<String>();
    let shown = wrong.iter().take(SHOWN).map(outline).collect::<Vec<_>>().join("\n");
    assert!(wrong.is_empty(), "{report}\n{} are wrong:\n{shown}", wrong.len());
    report
}

pub(crate) struct Proof {
    conversation: Conversation,
    report: Report,
    wrong: Vec<String>,
}

impl Proof {
    async fn stage(&mut self, name: &'static str, run: impl AsyncFnOnce(&mut Self)) {
        let begun = Instant::now();
        run(self).await;
        self.report.seconds.insert(name, begun.elapsed().as_secs_f64());
    }

    fn check(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.wrong.push(what());
        }
    }

    /// Corrupted records as new ones, all of a type in real requests, and a good one among them.
    async fn bad_newcomers_are_refused(&mut self, study: &Study<'_>) {
        let before = self.conversation.contents().await;
        for node in &study.order {
            let mut bad = Vec::new();
            // One with everything and one with nulls.
            for record in study.records[&node.id].iter().step_by(3) {
                bad.extend(study.corruptions(node, record, |_| true).into_iter().filter(is_of_the_schema));
                bad.extend(study.unlinked_newcomers(node, record));
            }
            for (position, corruption) in bad.iter_mut().enumerate() {
                // What is wrong with the name itself is the corruption.
                if corruption.document.get("submitter_id").is_some_and(|name| !is_changed(name, &node.id)) {
                    let name = json!(format!("new-{}-{position}", node.id));
                    corruption.document.insert("submitter_id".to_owned(), name);
                }
            }
            self.report.new_records_refused += bad.len();
            let method = if node.id.len().is_multiple_of(2) { "PUT" } else { "POST" };
            for batch in bad.chunks(BATCH) {
                self.send(study, method, batch).await;
            }
        }
        self.unchanged(&before, "refused new records").await;
    }

    /// Each request has one changed form of every stored record, right ones and wrong ones together.
    async fn stored_ones_are_changed(&mut self, study: &Study<'_>) {
        let before = self.conversation.contents().await;
        let mut left: Vec<Vec<Corruption>> = Vec::new();
        let mut alone = Vec::new();
        for record in study.all() {
            let node = &study.dictionary.nodes[&record.node];
            let all = study.corruptions(node, record, |n| n % STYLES.len() == record.position);
            let refused = all.iter().filter(|one| is_wrong(one)).count();
            self.report.changes_refused += refused;
            self.report.changes_taken += all.len() - refused;
            let (apart, together): (Vec<_>, Vec<_>) =
                all.into_iter().partition(|corruption| corruption.alone);
            alone.extend(apart);
            left.push(together);
        }
        loop {
            let batch: Vec<Corruption> = left.iter_mut().filter_map(Vec::pop).collect();
            if batch.is_empty() {
                break;
            }
            self.send(study, "PUT", &batch).await;
        }
        for corruption in alone {
            self.send(study, "PUT", &[corruption]).await;
        }
        self.unchanged(&before, "refused changes").await;
    }

    /// Sends documents and compares what is said to each. Where all are right, nothing is to be written all
    /// the same.
    async fn send(&mut self, study: &Study<'_>, method: &str, corruptions: &[Corruption]) {
        let documents: Value =
            corruptions.iter().map(|corruption| Value::Object(corruption.document.clone())).collect();
        let any_wrong = corruptions.iter().any(is_wrong);
        let (status, answer) = if any_wrong {
            self.conversation.submit(method, &study.project, &documents).await
        } else {
            self.conversation.dry_run(&study.project, &documents).await
        };
        let expected = (if any_wrong { 400 } else { 200 }, json!(!any_wrong));
        let entities = answer["entities"].as_array().cloned().unwrap_or_default();
        let outline = format!("{status} {} {}", answer["message"], answer["transactional_errors"]);
        self.check((status, answer["success"].clone()) == expected, || {
            format!("{} and others: {outline}", corruptions[0].what)
        });
        self.check(entities.len() == corruptions.len(), || {
            format!(
                "{} and others: {} entities of {}: {outline}",
                corruptions[0].what,
                entities.len(),
                corruptions.len()
            )
        });
        self.check(answer["transactional_errors"] == json!([]), || {
            format!("{} and others: {outline}", corruptions[0].what)
        });
        for (corruption, entity) in corruptions.iter().zip(&entities) {
            let agrees = agrees(&corruption.verdict, entity, method);
            self.check(agrees, || {
                let said = format!("{} {} {}", entity["valid"], entity["errors"], entity["warnings"]);
                format!("{}: wanted {:?}, got {said}", corruption.what, corruption.verdict)
            });
        }
    }

    /// Documents that are of no type of this dictionary, or of one that no project has.
    async fn unknown_types_are_refused(&mut self, study: &Study<'_>) {
        let before = self.conversation.contents().await;
        let Some(good) = study.all().next() else { return };
        for wrong in [json!("no_such_type"), json!(17), json!(["x"]), json!({}), Value::Null] {
            let mut bad = good.document.clone();
            bad.insert("type".to_owned(), wrong.clone());
            let body = json!([bad, good.document]);
            let (status, answer) = self.conversation.submit("PUT", &study.project, &body).await;
            let said = (status, answer["entities"].as_array().map(Vec::len), &answer["entities"][0]["valid"]);
            let errors = answer["transactional_errors"].as_array().map(Vec::len);
            self.check(said == (400, Some(1), &json!(true)) && errors == Some(1), || {
                format!("type {wrong}: {status} {}", answer["transactional_errors"])
            });
        }
        let outside = |node: &&NodeType| !node.properties.contains_key("project_id");
        for node in study.dictionary.nodes.values().filter(outside) {
            let document = json!([{ "type": node.id, "submitter_id": "x" }]);
            let (status, answer) = self.conversation.submit("PUT", &study.project, &document).await;
            let entity = &answer["entities"][0];
            let errors = entity["errors"].as_array().cloned().unwrap_or_default();
            let refused =
                errors.iter().any(|error| error["type"] == "INVALID_TYPE" && error["keys"] == json!(["id"]));
            self.check(status == 400 && refused, || format!("{}: {status} {entity}", node.id));
        }
        self.unchanged(&before, "unknown types").await;
    }
}

fn is_of_the_schema(corruption: &Corruption) -> bool {
    matches!(corruption.verdict, Verdict::Schema(_))
}

fn is_wrong(corruption: &Corruption) -> bool {
    !matches!(corruption.verdict, Verdict::Valid | Verdict::Ignored(_))
}

/// Whether it is another name than the ones that records of this type were given.
fn is_changed(name: &Value, node: &str) -> bool {
    name.as_str()
        .and_then(|name| name.strip_prefix(node)?.strip_prefix('-'))
        .is_none_or(|rest| rest.len() != 1)
}

fn agrees(verdict: &Verdict, entity: &Value, method: &str) -> bool {
    let errors = entity["errors"].as_array().cloned().unwrap_or_default();
    let names =
        |error: &Value, name: &str| error["keys"].as_array().is_some_and(|keys| keys.contains(&json!(name)));
    let said = (entity["valid"] == json!(true), errors.is_empty());
    match verdict {
        Verdict::Valid => said == (true, true),
        Verdict::Ignored(name) => {
            let warnings = entity["warnings"].as_array().cloned().unwrap_or_default();
            said == (true, true) && warnings.iter().any(|warning| names(warning, name))
        }
        Verdict::Refused(kind, name) => {
            said == (false, false) && errors.iter().any(|error| error["type"] == **kind && names(error, name))
        }
        Verdict::Schema(faults) => {
            let fault = |error: &Value| (keys(error), error["type"].as_str().unwrap_or_default().to_owned());
            let mut found: Vec<(Vec<String>, String)> = errors.iter().map(fault).collect();
            if method == "POST" {
                // There an id that is no UUID is refused in words of its own, besides the schema's.
                found.retain(|found| *found != (vec!["id".to_owned()], "INVALID_VALUE".to_owned()));
            }
            let mut wanted: Vec<_> =
                faults.iter().map(|fault| (fault.keys.clone(), fault.kind.to_owned())).collect();
            if method == "POST" {
                wanted.retain(|wanted| *wanted != (vec!["id".to_owned()], "INVALID_VALUE".to_owned()));
            }
            found.sort();
            found.dedup();
            wanted.sort();
            said == (false, false) && found == wanted
        }
    }
}

fn keys(error: &Value) -> Vec<String> {
    let keys = error["keys"].as_array().into_iter().flatten();
    keys.filter_map(|key| key.as_str().map(str::to_owned)).collect()
}

/// An object from pairs.
fn object(pairs: impl IntoIterator<Item = (String, Value)>) -> Map<String, Value> {
    pairs.into_iter().collect()
}
