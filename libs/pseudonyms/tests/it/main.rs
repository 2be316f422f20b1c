//! Rules against dictionaries, and records by rules.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use dictionary::Dictionary;
use indexmap::IndexMap;
use proptest::prelude::*;
use pseudonyms::{Fate, Key, Pseudonyms, Rules};
use serde_json::{Map, Value, json};

fn link(name: &str, target: &str, required: bool) -> Value {
    json!({
        "name": name, "label": "of", "target_type": target,
        "multiplicity": "many_to_one", "required": required,
    })
}

/// Of an image at least one of its links must be used.
fn node(id: &str, links: &[Value], properties: &Value, required: &[&str]) -> (String, Value) {
    let mut all = json!({
        "type": {"enum": [id]}, "id": {"type": "string"}, "project_id": {"type": "string"},
        "submitter_id": {"type": "string"}, "state": {"type": "string"},
        "created_datetime": {"type": "string"}, "updated_datetime": {"type": "string"},
    });
    for (name, schema) in properties.as_object().unwrap() {
        all[name] = schema.clone();
    }
    let mut links = links.to_vec();
    for link in &mut links {
        link["backref"] = json!(format!("{id}s"));
        all[link["name"].as_str().unwrap()] = json!({"type": "object"});
    }
    let links = match id {
        "image" => json!([{"exclusive": false, "required": true, "subgroup": links}]),
        _ => json!(links),
    };
    let schema = json!({
        "id": id, "title": id, "type": "object", "category": "clinical", "description": id,
        "additionalProperties": false, "links": links, "required": required, "properties": all,
        "systemProperties": ["id", "project_id", "state", "created_datetime", "updated_datetime"],
        "uniqueKeys": [["id"], ["project_id", "submitter_id"]], "validators": null, "submittable": true,
        "program": "*", "project": "*",
    });
    (format!("{id}.yaml"), schema)
}

fn dictionary() -> Dictionary {
    let text = json!({"type": "string"});
    let files: IndexMap<String, Value> = [
        node("program", &[], &json!({"name": text}), &["name"]),
        node("project", &[link("programs", "program", true)], &json!({"code": text}), &["code"]),
        node("study", &[link("projects", "project", true)], &json!({"begun": text}), &["submitter_id"]),
        node(
            "subject",
            &[link("studies", "study", true)],
            &json!({
                "name": text, "born": text, "age": {"type": "integer"}, "sex": {"enum": ["a", "b"]},
                "aliases": {"type": "array", "items": {"type": "string"}},
                "code": {"type": "string", "pattern": "^[a-z]+$"}, "country": text,
            }),
            &["submitter_id", "country"],
        ),
        node("visit", &[link("subjects", "subject", true)], &json!({"on": text, "at": text}), &[]),
        node("sample", &[link("visits", "visit", true)], &json!({"taken": text}), &[]),
        node("image", &[link("visits", "visit", false), link("notes", "note", false)], &json!({}), &[]),
        node("note", &[link("subjects", "subject", false)], &json!({"words": text}), &[]),
    ]
    .into_iter()
    .collect();
    Dictionary::from_files(files).unwrap()
}

fn problems(rules: &str) -> Vec<String> {
    let problems = Rules::read(rules, &dictionary()).err().unwrap_or_default();
    problems.iter().map(ToString::to_string).collect()
}

#[test]
fn what_leaves_a_record_that_is_not_valid_is_refused_with_the_remedy() {
    for (rules, part) in [
        ("leave_out: [nothing]", "nothing is no node type"),
        ("leave_out: [project]", "project is no node type"),
        ("person: nobody", "no node type nobody"),
        ("properties: {subject.born: {shift: 3}}", "name the node type"),
        ("properties: {subject.country: drop}", "subject.country is required; `hash` it"),
        ("properties: {subject.sex: hash}", "an `enum`"),
        ("properties: {subject.code: hash}", "a `pattern`"),
        ("properties: {subject.age: hash}", "no texts"),
        ("person: subject\nproperties: {subject.age: {shift: 3}}", "no dates"),
        ("person: subject\nproperties: {subject.born: {shift: 0}}", "1 to 36500 days"),
        ("properties: {subject.studies: drop}", "no such node type has a property studies"),
        ("properties: {subject.nam: drop}", "no such node type has a property nam"),
        ("properties: {name: drop}", "write NODE.PROPERTY"),
        ("properties: {subject.id: drop}", "ids are replaced in any case"),
        ("properties: {project.code: hash}", "can only be kept"),
        ("properties: {subject.name: forget}", "write drop, hash, keep"),
        ("colours: 1", "unknown field"),
    ] {
        let found = problems(rules);
        assert!(found.iter().any(|problem| problem.contains(part)), "{rules}: {found:?}");
    }
    let all = problems("leave_out: [x]\nperson: y\nproperties: {a.b: drop, subject.sex: hash}");
    assert_eq!(all.len(), 4, "all in one round: {all:?}");
}

#[test]
fn what_is_said_of_one_type_counts_before_what_is_said_of_all() {
    let rules = Rules::read(
        "leave_out: [visit]\nproperties: {study.submitter_id: keep, '*.submitter_id': hash}",
        &dictionary(),
    )
    .unwrap();
    assert_eq!(rules.fate("project", "submitter_id"), None, "places of records keep their names");
    assert_eq!(rules.fate("study", "submitter_id"), None);
    assert_eq!(rules.fate("subject", "submitter_id"), Some(Fate::Hash));
    assert_eq!(rules.left_out(), ["sample", "visit"], "a sample cannot be without a visit");
    assert!(!rules.leaves_out("note"));
}

/// A new id, properties, and targets.
type Changed = (String, Map<String, Value>, Vec<Vec<String>>);

fn change(
    pseudonyms: &mut Pseudonyms<'_>,
    node: &str,
    id: &str,
    properties: Value,
    targets: &[&str],
) -> Option<Changed> {
    let dictionary = dictionary();
    let Value::Object(mut properties) = properties else { panic!("no object") };
    let mut targets = vec![targets.iter().map(|&id| id.to_owned()).collect()];
    let node = &dictionary.nodes[node];
    let id = pseudonyms.change(node, id, &mut properties, &mut targets).unwrap()?;
    Some((id, properties, targets))
}

#[test]
fn all_of_a_person_is_shifted_by_the_same_days_and_links_lead_where_they_led() {
    let dictionary = dictionary();
    let rules = Rules::read(
        "person: subject\nleave_out: [note]\nproperties: {subject.born: {shift: 300}, \
         visit.on: {shift: 300}, sample.taken: {shift: 300}, subject.name: drop, subject.aliases: hash, \
         subject.submitter_id: hash}",
        &dictionary,
    )
    .unwrap();
    let key = Key::new([3; 32]);
    let mut pseudonyms = Pseudonyms::new(&rules, &key);
    let day = |value: &Value| {
        chrono::NaiveDate::parse_from_str(&value.as_str().unwrap()[..10], "%Y-%m-%d").unwrap()
    };
    let mut moves = Vec::new();
    for person in ["one", "two", "three", "four"] {
        let (own, properties, targets) = change(
            &mut pseudonyms,
            "subject",
            person,
            json!({
                "id": person, "submitter_id": person, "name": "Ada", "born": "2000-01-01", "country": "CH",
                "aliases": ["Ada", null], "created_datetime": "2024-01-01T00:00:00Z", "age": 3,
            }),
            &["study"],
        )
        .unwrap();
        assert_ne!(own, person);
        assert_ne!(targets[0][0], "study");
        let text = Value::Object(properties.clone()).to_string();
        assert!(
            !text.contains("Ada") && !text.contains(person) && !text.contains("created_datetime"),
            "{text}"
        );
        assert_eq!(
            (&properties["age"], &properties["country"], &properties["aliases"][1]),
            (&json!(3), &json!("CH"), &Value::Null)
        );
        let (visit, visited, targets) = change(
            &mut pseudonyms,
            "visit",
            &format!("v{person}"),
            json!({"on": "2000-01-01T10:00:00Z"}),
            &[person],
        )
        .unwrap();
        assert_eq!(targets, [[own.clone()]]);
        let (_, taken, targets) =
            change(&mut pseudonyms, "sample", "s", json!({"taken": "2000-01-01"}), &[&format!("v{person}")])
                .unwrap();
        assert_eq!(targets, [[visit]]);
        assert_eq!(day(&properties["born"]), day(&visited["on"]));
        assert_eq!(day(&properties["born"]), day(&taken["taken"]));
        moves.push(day(&properties["born"]));
        assert!(change(&mut pseudonyms, "note", "n", json!({}), &[person]).is_none());
    }
    moves.dedup();
    assert!(moves.len() > 1, "each person has a shift of their own");
    let node = &dictionary.nodes["visit"];
    let mut wrong = json!({"on": "last spring"}).as_object().unwrap().clone();
    let refused = pseudonyms.change(node, "v", &mut wrong, &mut [vec![]]).unwrap_err();
    assert_eq!(refused.to_string(), "visit.on of v is no date; correct the record, or `drop` the property");
}

#[test]
fn a_record_that_cannot_be_without_one_that_is_left_out_is_left_out_too() {
    let rules = Rules::read("leave_out: [note]", &dictionary()).unwrap();
    assert!(!rules.leaves_out("image"), "images of visits stay");
    let key = Key::new([3; 32]);
    let mut pseudonyms = Pseudonyms::new(&rules, &key);
    let dictionary = dictionary();
    let mut image = |visits: &[&str], notes: &[&str]| {
        let all = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
        let mut targets = [all(visits), all(notes)];
        let changed =
            pseudonyms.change(&dictionary.nodes["image"], "i", &mut Map::new(), &mut targets).unwrap();
        changed.map(|_| targets.map(|targets: Vec<String>| targets.len()))
    };
    assert_eq!(image(&["v"], &["n"]), Some([1, 0]));
    assert_eq!(image(&["v"], &[]), Some([1, 0]));
    assert_eq!(image(&[], &["n"]), None);
    assert_eq!(image(&[], &[]), Some([0, 0]), "one that never had any stays as it is");
}

proptest! {
    /// Equal texts stay equal, others stay different, and no text is in its pseudonym.
    #[test]
    fn pseudonyms_tell_equal_from_different_and_nothing_else(one in "[a-z]{4,12}", other in "[a-z]{4,12}") {
        let dictionary = dictionary();
        let rules = Rules::read("properties: {subject.name: hash}", &dictionary).unwrap();
        let key = Key::new([9; 32]);
        let mut pseudonyms = Pseudonyms::new(&rules, &key);
        let mut of = |text: &str| {
            let changed = change(&mut pseudonyms, "subject", "id", json!({"name": text}), &[]).unwrap();
            changed.1["name"].as_str().unwrap().to_owned()
        };
        let (a, b, again) = (of(&one), of(&other), of(&one));
        prop_assert_eq!(&a, &again);
        prop_assert_eq!(a == b, one == other);
        prop_assert!(!a.contains(&one));
    }
}
