//! From what a mapping says to what is read: every name is looked up in the dictionary.

mod aggregators;
mod collectors;
mod compiler;
mod drafts;
mod fields;
mod filters;
mod graph;
mod joins;
mod shapes;
mod tables;

use std::collections::HashMap;

use dictionary::Dictionary;
use yaml::Position;

use self::{compiler::Compiler, drafts::Draft, fields::Fields, graph::Graph};
use crate::{
    Form,
    grammar::{self, Mapping},
    ir::{Body, Index, Program, Projects},
    outline::Outline,
    problem::Report,
};

/// Compiles all mappings; none if something keeps them from being run.
pub(crate) fn compile(
    mappings: &[Mapping],
    dictionary: &Dictionary,
    form: Form,
    report: &mut Report,
) -> Option<Program> {
    let graph = Graph { dictionary };
    let mut compiler = Compiler { graph, form, report };
    compiler.check_names(mappings);
    let projects = compiler.projects();
    let mut drafts: Vec<Option<Draft>> = mappings.iter().map(|mapping| compiler.draft(mapping)).collect();
    compiler.joins(mappings, &mut drafts);
    for (mapping, draft) in mappings.iter().zip(&mut drafts) {
        compiler.filters(mapping, draft);
    }
    if compiler.report.has_errors() {
        return None;
    }
    let indices = mappings.iter().zip(drafts).filter_map(|(mapping, draft)| Some(index(mapping, draft?)));
    let mut program = Program { form, indices: indices.collect(), projects: projects?, tables: Vec::new() };
    program.tables = tables::of(&program);
    Some(program)
}

impl Compiler<'_> {
    /// Names of indices and of types must differ.
    fn check_names(&mut self, mappings: &[Mapping]) {
        let mut seen: HashMap<(&str, &str), Position> = HashMap::new();
        for mapping in mappings {
            for (key, word) in [("name", &mapping.name), ("doc_type", &mapping.doc_type)] {
                if let Some(before) = seen.insert((key, &word.text), word.at) {
                    let message = format!("`{key}: {}` stands in line {}, too", word.text, before.line);
                    self.report.error(word.at, message, "give each mapping a name of its own");
                }
            }
            let name = &mapping.name.text;
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-.".contains(c);
            if !name.chars().all(is_plain) || name.starts_with(['_', '-', '.']) {
                let message = format!("`{name}` cannot be the name of an index");
                self.report.error(
                    mapping.name.at,
                    message,
                    "use small letters, digits, `_`, `-` and `.`, and begin with a letter or digit",
                );
            }
        }
    }

    fn projects(&mut self) -> Option<Projects> {
        let program = self.graph.dictionary.nodes.get("project").and_then(|node| {
            node.all_links().into_iter().find(|link| link.target_type == "program").map(|link| &link.name)
        });
        let Some(hop) = program.and_then(|link| self.graph.hop("project", link)) else {
            let message = "the dictionary has no projects that are linked to programs";
            self.report.error(Position { line: 0, column: 0 }, message, "use another dictionary");
            return None;
        };
        Some(Projects { table: self.graph.table("project"), program: hop })
    }

    fn draft(&mut self, mapping: &Mapping) -> Option<Draft> {
        let mut fields = Fields::default();
        let body = match &mapping.body {
            grammar::Body::Aggregator(body) => {
                Body::Aggregator(Box::new(self.aggregator(mapping, body, &mut fields)?))
            }
            grammar::Body::Collector(body) => {
                Body::Collector(Box::new(self.collector(mapping, body, &mut fields)))
            }
        };
        Some(Draft { body, fields })
    }

    fn filters(&mut self, mapping: &Mapping, draft: &mut Option<Draft>) {
        if let grammar::Body::Aggregator(written) = &mapping.body
            && let Some(Draft { body: Body::Aggregator(body), fields }) = draft
        {
            body.filter = self.filter(written, body, fields);
        }
    }
}

fn index(mapping: &Mapping, draft: Draft) -> Index {
    let (name, doc_type) = (mapping.name.text.clone(), mapping.doc_type.text.clone());
    Index { outline: Outline { name, doc_type, fields: draft.fields.finish() }, body: draft.body }
}
