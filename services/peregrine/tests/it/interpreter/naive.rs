//! A graph in memory, and the slowest possible way to answer a query on it.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::queries::{Filter, List, Query, links};
use crate::support::Loader;

pub(crate) struct World {
    nodes: Vec<Node>,
    /// Child, link name, edge label, parent.
    edges: Vec<(String, &'static str, &'static str, String)>,
}

struct Node {
    id: String,
    label: &'static str,
    project: &'static str,
    props: Value,
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

/// Links by their child: name, name of the way back, edge label, parent.
const LINKS: [(&str, &str, &str, &str, &str); 9] = [
    ("experiment", "projects", "experiments", "performed_for", "project"),
    ("case", "experiments", "cases", "member_of", "experiment"),
    ("diagnosis", "cases", "diagnoses", "describes", "case"),
    ("sample", "cases", "samples", "derived_from", "case"),
    ("sample", "diagnoses", "samples", "related_to", "diagnosis"),
    ("aliquot", "samples", "aliquots", "derived_from", "sample"),
    ("core_metadata_collection", "projects", "core_metadata_collections", "data_from", "project"),
    ("reads", "aliquots", "reads", "data_from", "aliquot"),
    ("reads", "core_metadata_collections", "reads", "data_from", "core_metadata_collection"),
];

const PROJECTS: [(&str, &str); 3] = [("P", "Q"), ("P", "R"), ("O", "S")];

impl World {
    pub(crate) fn generate() -> Self {
        let mut world = Self { nodes: Vec::new(), edges: Vec::new() };
        let (mut dice, mut numbers) = (Dice(42), HashMap::new());
        for program in ["P", "O"] {
            world.nodes.push(Node {
                id: format!("program-{program}"),
                label: "program",
                project: "",
                props: json!({"name": program}),
            });
        }
        for (program, code) in PROJECTS {
            let project = match code {
                "Q" => "P-Q",
                "R" => "P-R",
                _ => "O-S",
            };
            let availability = if code == "S" { "Open" } else { "Restricted" };
            let props = json!({"code": code, "availability_type": availability});
            world.nodes.push(Node { id: format!("project-{code}"), label: "project", project, props });
            world.edges.push((
                format!("project-{code}"),
                "programs",
                "member_of",
                format!("program-{program}"),
            ));
            let projects = vec![format!("project-{code}")];
            let experiments =
                world.add(project, "experiment", 2, &[("projects", &projects)], &mut dice, &mut numbers);
            let collections = world.add(
                project,
                "core_metadata_collection",
                2,
                &[("projects", &projects)],
                &mut dice,
                &mut numbers,
            );
            let cases =
                world.add(project, "case", 7, &[("experiments", &experiments)], &mut dice, &mut numbers);
            let diagnoses = world.add(project, "diagnosis", 4, &[("cases", &cases)], &mut dice, &mut numbers);
            let samples = world.add(
                project,
                "sample",
                12,
                &[("cases", &cases), ("diagnoses", &diagnoses)],
                &mut dice,
                &mut numbers,
            );
            let aliquots =
                world.add(project, "aliquot", 9, &[("samples", &samples)], &mut dice, &mut numbers);
            world.add(
                project,
                "reads",
                5,
                &[("aliquots", &aliquots), ("core_metadata_collections", &collections)],
                &mut dice,
                &mut numbers,
            );
        }
        world
    }

    fn add(
        &mut self,
        project: &'static str,
        label: &'static str,
        count: usize,
        parents: &[(&'static str, &Vec<String>)],
        dice: &mut Dice,
        numbers: &mut HashMap<&'static str, usize>,
    ) -> Vec<String> {
        let mut ids = Vec::new();
        for _ in 0..count {
            let number = numbers.entry(label).and_modify(|n| *n += 1).or_insert(1);
            let (id, name) = (format!("{label}-{number:02}"), format!("{label}{number:02}"));
            let mut props = properties(label, dice);
            props["submitter_id"] = json!(name);
            props["project_id"] = json!(project);
            for (link, parents) in parents {
                // Some have no parent over a link, and many-to-many links have two.
                let many = matches!(*link, "samples" | "aliquots");
                for _ in 0..dice.roll(if many { 3 } else { 2 }).max(u64::from(link.ends_with("ts"))) {
                    let parent = parents[usize::try_from(dice.roll(parents.len() as u64)).unwrap()].clone();
                    let edge =
                        LINKS.iter().find(|(child, name, ..)| *child == label && name == link).unwrap().3;
                    if !self.edges.contains(&(id.clone(), link, edge, parent.clone())) {
                        self.edges.push((id.clone(), link, edge, parent));
                    }
                }
            }
            self.nodes.push(Node { id: id.clone(), label, project, props });
            ids.push(id);
        }
        ids
    }

    pub(crate) async fn load(&self, to: &Loader) {
        for node in &self.nodes {
            let (label, name) = node.id.rsplit_once('-').unwrap();
            to.node(label, name, node.props.clone()).await;
        }
        for (child, _, edge, parent) in &self.edges {
            to.edge(child, edge, parent).await;
        }
    }

    pub(crate) fn answer(&self, query: &Query) -> Value {
        let of_label = self.nodes.iter().filter(|node| node.label == query.label);
        let mut answer = Map::from_iter([(
            query.label.clone(),
            self.list(of_label.collect(), &query.list, query.as_reader),
        )]);
        if let Some(filters) = &query.count {
            let all = self.nodes.iter().filter(|node| node.label == query.label);
            let counted = all.filter(|node| self.shows(node, filters, query.as_reader)).count();
            answer.insert("n".to_owned(), json!(counted));
        }
        Value::Object(answer)
    }

    fn list(&self, nodes: Vec<&Node>, list: &List, as_reader: bool) -> Value {
        let mut nodes: Vec<&Node> =
            nodes.into_iter().filter(|node| self.shows(node, &list.filters, as_reader)).collect();
        nodes.sort_by(|a, b| if list.descending { b.id.cmp(&a.id) } else { a.id.cmp(&b.id) });
        let first = match list.first.unwrap_or(10) {
            first @ 1.. => usize::try_from(first).unwrap(),
            _ => usize::MAX,
        };
        let page = nodes.into_iter().skip(usize::try_from(list.offset).unwrap()).take(first);
        page.map(|node| self.show(node, list, as_reader)).collect()
    }

    fn show(&self, node: &Node, list: &List, as_reader: bool) -> Value {
        let mut shown = Map::from_iter([("id".to_owned(), json!(node.id))]);
        for name in &list.properties {
            let value = match &node.props[name] {
                Value::Number(number) => json!(number.as_f64()),
                other => other.clone(),
            };
            shown.insert(name.clone(), value);
        }
        for (link, _, inner) in &list.links {
            shown.insert(link.clone(), self.list(self.linked(node, link), inner, as_reader));
        }
        if let Some(link) = &list.link_count {
            let readable = self.linked(node, link).into_iter().filter(|node| readable(node, as_reader));
            shown.insert(format!("_{link}_count"), json!(readable.count()));
        }
        Value::Object(shown)
    }

    /// The nodes at the other end of a link or of a way back.
    fn linked(&self, node: &Node, link: &str) -> Vec<&Node> {
        let mut found = Vec::new();
        for (child, name, _, parent) in &self.edges {
            if *child == node.id && *name == link {
                found.push(self.get(parent));
            }
            let way_back = LINKS.iter().any(|(from, name_of, back, _, to)| {
                *back == link
                    && name_of == name
                    && child.rsplit_once('-').unwrap().0 == *from
                    && *to == node.label
            });
            if *parent == node.id && way_back {
                found.push(self.get(child));
            }
        }
        found
    }

    fn get(&self, id: &str) -> &Node {
        self.nodes.iter().find(|node| node.id == id).unwrap()
    }

    fn shows(&self, node: &Node, filters: &[Filter], as_reader: bool) -> bool {
        readable(node, as_reader) && filters.iter().all(|filter| self.passes(node, filter, as_reader))
    }

    fn passes(&self, node: &Node, filter: &Filter, as_reader: bool) -> bool {
        match filter {
            Filter::Equal(name, values) if name == "consent_codes" => {
                let codes = node.props[name].as_array().cloned().unwrap_or_default();
                values.iter().all(|value| codes.contains(value))
            }
            Filter::Equal(name, values) => values.iter().any(|value| equal(&node.props[name], value)),
            Filter::Search(text) => {
                let texts =
                    [node.id.clone(), node.props["submitter_id"].as_str().unwrap_or_default().to_owned()];
                let text = text.to_lowercase().replace('%', "");
                texts.iter().any(|found| found.to_lowercase().contains(&text))
            }
            Filter::With(names) => names.iter().all(|name| !self.linked(node, name).is_empty()),
            Filter::WithAny(names) => names.iter().any(|name| !self.linked(node, name).is_empty()),
            Filter::Without(names) => names.iter().all(|name| self.linked(node, name).is_empty()),
            Filter::Not(name, value) => !node.props[name].is_null() && !equal(&node.props[name], value),
            Filter::Path { argument, to, property } => {
                let wanted = |node: &Node| {
                    readable(node, as_reader)
                        && property.as_ref().is_none_or(|(name, value)| equal(&node.props[name], value))
                };
                let first = level(node.label);
                self.leads(node, to, &mut vec![node.label], first, &wanted)
                    != (*argument == "without_path_to")
            }
        }
    }

    /// Whether a path that the original follows (peregrine 3.2.6) leads from `node` to a wanted node of type
    /// `to`.
    fn leads(
        &self,
        node: &Node,
        to: &str,
        visited: &mut Vec<&'static str>,
        first: u8,
        wanted: &dyn Fn(&Node) -> bool,
    ) -> bool {
        for (link, _) in all_links(node.label) {
            for next in self.linked(node, link) {
                if visited.contains(&next.label) {
                    continue;
                }
                if next.label == to {
                    if wanted(next) {
                        return true;
                    }
                    continue;
                }
                let (last, this) = (level(node.label), level(next.label));
                if if first > last { this <= last } else { this >= last } {
                    visited.push(next.label);
                    let leads = self.leads(next, to, visited, first, wanted);
                    visited.pop();
                    if leads {
                        return true;
                    }
                }
            }
        }
        false
    }
}

fn all_links(label: &str) -> Vec<(&'static str, &'static str)> {
    let mut all = links(label).to_vec();
    if label == "project" {
        all.push(("programs", "program"));
    }
    if label == "program" {
        all = vec![("projects", "project")];
    }
    all
}

fn readable(node: &Node, as_reader: bool) -> bool {
    !as_reader || node.project != "P-R"
}

fn level(label: &str) -> u8 {
    match label {
        "diagnosis" | "sample" | "aliquot" => 1,
        "reads" => 3,
        _ => 0,
    }
}

fn equal(stored: &Value, wanted: &Value) -> bool {
    match (stored.as_f64(), wanted.as_f64()) {
        (Some(stored), Some(wanted)) => (stored - wanted).abs() < f64::EPSILON,
        _ => stored == wanted && !stored.is_null(),
    }
}

fn properties(label: &str, dice: &mut Dice) -> Value {
    let mut props = json!({});
    let mut set = |name: &str, choices: &[Value], dice: &mut Dice| {
        let choice = usize::try_from(dice.roll(choices.len() as u64 + 2)).unwrap();
        match choices.get(choice) {
            Some(value) => props[name] = value.clone(),
            None if choice == choices.len() => props[name] = Value::Null,
            None => {}
        }
    };
    match label {
        "case" => {
            set("primary_site", &[json!("A"), json!("B"), json!("a")], dice);
            set("consent_codes", &[json!([]), json!(["x"]), json!(["y", "x"]), json!(["x", "y", "z"])], dice);
        }
        "sample" => {
            set("composition", &[json!("Cell"), json!("Plasma"), json!("Serum")], dice);
            set("weight", &[json!(1), json!(1.0), json!(1.5), json!(2)], dice);
            set("is_ffpe", &[json!(true), json!(false)], dice);
        }
        "aliquot" => set("amount", &[json!(1), json!(2), json!(0.5)], dice),
        "diagnosis" => set("age", &[json!(30), json!(40.5)], dice),
        _ => {}
    }
    props
}
