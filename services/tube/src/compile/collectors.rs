//! Collectors: the nodes of a category, with what their ancestors say.

use std::collections::{HashMap, HashSet};

use super::{compiler::Compiler, fields::Fields, graph::Graph, shapes};
use crate::{
    Form,
    grammar::{self, Function, Injection, Mapping, Prop, Word},
    ir::{Collector, Column, Hop, Injected, Leaf, Source, Walk},
    likeness::meant,
    outline::{FieldKind, Scalar, Shape},
};

impl Compiler<'_> {
    pub(super) fn collector(
        &mut self,
        mapping: &Mapping,
        body: &grammar::Collector,
        fields: &mut Fields,
    ) -> Collector {
        let id_field = format!("_{}_id", mapping.doc_type.text);
        fields.add(&id_field, Shape::TEXT);
        let below = reached(&["program"], |node| self.graph.hops_down(node));
        let mut leaves: Vec<Leaf> = Vec::new();
        for node in self.graph.of_category(&body.category.text) {
            if below.contains(node) && node != "project" && node != "program" {
                let (node, table) = (node.to_owned(), self.graph.table(node));
                leaves.push(Leaf { node, table, columns: Vec::new() });
            }
        }
        if leaves.is_empty() {
            let all = self.graph.dictionary.nodes.values();
            let known: HashSet<&str> = all.map(|node| node.category.0.as_str()).collect();
            let message = format!("no type of the category `{}` belongs to projects", body.category.text);
            self.report.warning(body.category.at, message, meant(&body.category.text, known));
        }
        for prop in &body.props {
            self.leaf_column(prop, &mut leaves, fields);
        }
        for name in ["source_node", "project_id", "auth_resource_path"] {
            fields.add(name, Shape::TEXT);
        }
        let starts: Vec<&str> = leaves.iter().map(|leaf| leaf.node.as_str()).collect();
        let walk = walk(
            &starts,
            |node| if node == "program" { Vec::new() } else { self.graph.hops_up(node) },
            &below,
        );
        let injected = self.all_injected(&body.injected, fields);
        Collector { id_field, leaves, walk, injected }
    }

    fn leaf_column(&mut self, prop: &Prop, leaves: &mut [Leaf], fields: &mut Fields) {
        let source = prop.source();
        if prop.name.text == "project_id" || prop.name.text == "source_node" {
            fields.add(&prop.name.text, Shape::TEXT);
            return;
        }
        let (mut shape, mut sources) = (None, Vec::new());
        for leaf in &*leaves {
            let found = self.graph.shape(&leaf.node, &source.text);
            shape = found.map(|found| shape.map_or(found, |shape| shapes::wider(shape, found))).or(shape);
            sources.push(match found {
                _ if source.text == "id" => Source::Id,
                Some(_) => Source::Property(source.text.clone()),
                None => Source::Absent,
            });
        }
        if shape.is_none() && source.text != "id" && !leaves.is_empty() {
            let names: HashSet<&str> =
                leaves.iter().flat_map(|leaf| self.graph.property_names(&leaf.node)).collect();
            let message = format!("no type of the category has a property `{}`", source.text);
            self.report.warning(source.at, message, meant(&source.text, names));
        }
        let shape = shape.unwrap_or(Shape::TEXT);
        if !fields.claim(&prop.name.text, prop.name.at, FieldKind::Values(shape), self.report) {
            return;
        }
        let values: HashMap<_, _> = match self.form {
            Form::Right => prop.values.iter().map(|(from, to)| (from.to_string(), to.clone())).collect(),
            // The original's collectors map no values.
            Form::Compat => HashMap::new(),
        };
        for (leaf, source) in leaves.iter_mut().zip(sources) {
            let (name, values) = (prop.name.text.clone(), values.clone());
            leaf.columns.push(Column { name, source, shape, values });
        }
    }

    fn all_injected(&mut self, injections: &[Injection], fields: &mut Fields) -> Vec<Injected> {
        let mut all: Vec<Injected> = Vec::new();
        for injection in injections {
            if self.is_node(&injection.node) {
                let items = self.injected(injection, fields);
                let node = injection.node.text.clone();
                all.push(Injected { table: self.graph.table(&node), node, items });
            }
        }
        for (node, name, source) in [("project", "project_code", "code"), ("program", "program_name", "name")]
        {
            if fields.has(name) {
                continue;
            }
            fields.add(name, Shape::TEXT.list());
            let column = Column {
                name: name.to_owned(),
                source: Source::Property(source.to_owned()),
                shape: Shape::TEXT,
                values: HashMap::new(),
            };
            let item = (column, Function::Set);
            match all.iter_mut().find(|injected| injected.node == node) {
                Some(injected) => injected.items.push(item),
                None => {
                    let table = self.graph.table(node);
                    all.push(Injected { node: node.to_owned(), table, items: vec![item] });
                }
            }
        }
        all
    }

    fn injected(&mut self, injection: &Injection, fields: &mut Fields) -> Vec<(Column, Function)> {
        let mut items = Vec::new();
        for prop in injection.props.iter().filter(|prop| prop.name.text != "project_id") {
            let mut column = self.column(&injection.node.text, &prop.name, prop.source());
            column.values = prop.values.iter().map(|(from, to)| (from.to_string(), to.clone())).collect();
            let function = prop.function.unwrap_or(Function::Set);
            let shape = match function {
                Function::Set | Function::List => column.shape.list(),
                Function::Count | Function::Sum => Shape { scalar: Scalar::Float, is_list: false },
                Function::Min | Function::Max | Function::First => column.shape,
            };
            let kind = match (prop.function, self.form) {
                // The original's array configuration knows only of functions that are written.
                (None, Form::Compat) => FieldKind::Untold(shape),
                _ => FieldKind::Values(shape),
            };
            if fields.claim(&prop.name.text, prop.name.at, kind, self.report) {
                items.push((column, function));
            }
        }
        items
    }

    /// The ways down from `root` to leaves.
    pub(super) fn walk_down(&self, root: &Word, leaves: &[Leaf]) -> Walk {
        let ends: Vec<&str> = leaves.iter().map(|leaf| leaf.node.as_str()).collect();
        let above = reached(&ends, |node| self.graph.hops_up(node));
        let graph: Graph<'_> = self.graph;
        walk(&[&root.text], |node| graph.hops_down(node), &above)
    }
}

/// All types that are reached, with those at which it begins.
fn reached(starts: &[&str], next: impl Fn(&str) -> Vec<Hop>) -> HashSet<String> {
    let mut known: HashSet<String> = starts.iter().map(|start| (*start).to_owned()).collect();
    let mut waiting: Vec<String> = known.iter().cloned().collect();
    while let Some(node) = waiting.pop() {
        for hop in next(&node) {
            if known.insert(hop.node.clone()) {
                waiting.push(hop.node);
            }
        }
    }
    known
}

/// All ways from `starts` through types in `within`. A type comes before those that it leads to, as far as
/// there are no circles.
fn walk(starts: &[&str], next: impl Fn(&str) -> Vec<Hop>, within: &HashSet<String>) -> Walk {
    let mut steps: Vec<(String, Vec<Hop>)> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let hops_of = |node: &str| -> Vec<Hop> {
        next(node).into_iter().filter(|hop| within.contains(&hop.node)).collect()
    };
    for start in starts {
        if !seen.insert((*start).to_owned()) {
            continue;
        }
        // A type is done when all that it leads to is done.
        let mut stack = vec![((*start).to_owned(), hops_of(start), 0)];
        while let Some((node, hops, position)) = stack.pop() {
            let Some(hop) = hops.get(position).cloned() else {
                steps.push((node, hops));
                continue;
            };
            stack.push((node, hops, position + 1));
            if seen.insert(hop.node.clone()) {
                let below = hops_of(&hop.node);
                stack.push((hop.node, below, 0));
            }
        }
    }
    steps.reverse();
    Walk { steps }
}
