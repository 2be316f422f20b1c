//! Programs and projects, which stand above all other records and are made in a way of their own.

use dictionary::{Dictionary, NodeType};
use serde_json::{Map, Value, json};

use super::{
    Proof,
    conversation::PROGRAM,
    draft4::Judge,
    values::{candidates, value},
};

/// Properties of a project that say which one it is, or that its submitters do not set.
const APART: [&str; 6] = ["id", "type", "code", "state", "released", "dbgap_accession_number"];

impl Proof {
    /// Makes the program and both projects, with every property.
    pub(super) async fn uppermost(&mut self, dictionary: &Dictionary) {
        let program = json!({ "type": "program", "name": PROGRAM, "dbgap_accession_number": PROGRAM });
        let (status, said) = self.conversation.put_above("/", &program).await;
        assert_eq!(status, 200, "{said}");
        let node = &dictionary.nodes["project"];
        for (seed, code) in ["json", "tsv"].into_iter().enumerate() {
            let project = project(node, code, seed);
            let (status, said) =
                self.conversation.put_above(&format!("/{PROGRAM}"), &Value::Object(project.clone())).await;
            assert_eq!(status, 200, "{said}");
            self.project_comes_back(node, &project).await;
        }
        self.bad_projects_are_refused(node).await;
    }

    async fn project_comes_back(&mut self, node: &NodeType, project: &Map<String, Value>) {
        let names: Vec<&str> = node.stored_properties().map(|property| property.name.as_str()).collect();
        let query = format!(
            "{{ project(project_id: \"{PROGRAM}-{}\") {{ id type {} programs {{ name }} }} }}",
            project["code"].as_str().unwrap(),
            names.join(" ")
        );
        let (_, answer) = self.conversation.query(&query).await;
        let found = &answer["data"]["project"][0];
        for (name, wanted) in project {
            self.report.values += 1;
            self.check(found[name] == *wanted, || {
                format!("project.{name}: {wanted} came back as {}", found[name])
            });
        }
        let above = (&found["programs"], &found["state"]);
        self.check(above == (&json!([{ "name": PROGRAM }]), &json!("open")), || format!("project: {found}"));
    }

    /// Every wrong value of every property that its submitters set.
    async fn bad_projects_are_refused(&mut self, node: &NodeType) {
        let judge = Judge::of(node);
        let before = self.conversation.contents().await;
        for property in node.stored_properties().filter(|property| is_set(node, &property.name)) {
            let wrong = candidates(&property.schema, None).into_iter();
            for value in wrong.filter(|value| !judge.allows(&property.name, value)) {
                let mut project = project(node, "json", 0);
                project.insert(property.name.clone(), value.clone());
                let (status, said) =
                    self.conversation.put_above(&format!("/{PROGRAM}"), &Value::Object(project)).await;
                self.report.changes_refused += 1;
                self.check(status == 400, || {
                    format!("project.{} is {value}: {status} {said}", property.name)
                });
            }
        }
        self.unchanged(&before, "refused projects").await;
    }
}

fn is_set(node: &NodeType, name: &str) -> bool {
    !APART.contains(&name) && !node.system_properties.iter().any(|system| system == name)
}

fn project(node: &NodeType, code: &str, seed: usize) -> Map<String, Value> {
    let mut project = Map::new();
    project.insert("type".to_owned(), json!("project"));
    project.insert("code".to_owned(), json!(code));
    project.insert("dbgap_accession_number".to_owned(), json!(format!("phs-{code}")));
    for property in node.stored_properties().filter(|property| is_set(node, &property.name)) {
        project.extend(value(&property.schema, seed).map(|value| (property.name.clone(), value)));
    }
    project
}
