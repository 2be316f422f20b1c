//! What a run would read, for people.

use serde::Serialize;
use sql::Sql;

use super::{Chosen, Reach, counts, ends, leaves, nodes, parents, steps, window};
use crate::{
    ir::{Aggregator, Body, Collector, Index, Join, JoinWay, Leaf, Nested, Program, Walk},
    outline::{Field, FieldKind},
};

/// The second window and those behind it.
const SECOND: Chosen<'_> = Chosen { after: Some(""), shard: None, only: None };

/// What would be read for an index.
#[derive(Debug, Serialize)]
pub struct Planned {
    /// The name of its alias.
    pub name: String,
    /// Its type in guppy.
    pub doc_type: String,
    /// The number of its fields, those of objects included.
    pub fields: usize,
    /// Fields that hold lists.
    pub arrays: Vec<String>,
    /// What each statement is for, and its text.
    pub statements: Vec<(String, String)>,
}

/// All statements of all indices.
pub(crate) fn describe(program: &Program) -> Vec<Planned> {
    program.indices.iter().map(|index| planned(index, program)).collect()
}

fn planned(index: &Index, program: &Program) -> Planned {
    let mut statements = Statements::default();
    match &index.body {
        Body::Aggregator(body) => statements.aggregator(body, program),
        Body::Collector(body) => statements.collector(body),
    }
    let outline = &index.outline;
    Planned {
        name: outline.name.clone(),
        doc_type: outline.doc_type.clone(),
        fields: count(&outline.fields),
        arrays: outline.arrays(),
        statements: statements.0,
    }
}

fn count(fields: &[Field]) -> usize {
    let one = |field: &Field| match &field.kind {
        FieldKind::Objects(inner) => 1 + count(inner),
        FieldKind::Values(_) | FieldKind::Untold(_) => 1,
    };
    fields.iter().map(one).sum()
}

#[derive(Default)]
struct Statements(Vec<(String, String)>);

impl Statements {
    fn add(&mut self, what: impl Into<String>, sql: Sql) {
        self.0.push((what.into(), sql.render().0));
    }

    fn aggregator(&mut self, body: &Aggregator, program: &Program) {
        self.add("roots", window(&body.table, &body.columns, &SECOND, 1));
        for block in &body.parents {
            self.add("parents", parents(&block.levels, Vec::new(), Reach::AsFarAsItGoes));
        }
        for block in &body.flatten {
            let columns: Vec<_> =
                block.columns.iter().chain(block.sort.iter().flat_map(|sort| &sort.extra)).cloned().collect();
            let hops = std::slice::from_ref(&block.hop);
            self.add("flattened", ends(hops, &columns, Vec::new(), Reach::Whole));
        }
        for block in &body.counts {
            self.add(format!("count {}", block.name), counts(&block.hops, Vec::new()));
        }
        for (what, all) in [("aggregated", &body.folds), ("for the filter", &body.hidden)] {
            for block in all {
                let columns: Vec<_> = block.items.iter().map(|(column, _)| column.clone()).collect();
                self.add(what, ends(&block.hops, &columns, Vec::new(), Reach::Whole));
            }
        }
        body.joins.iter().for_each(|join| self.join(join, program));
        self.nested(&body.nested);
    }

    fn join(&mut self, join: &Join, program: &Program) {
        match &join.way {
            JoinWay::Below { walk, leaves } => {
                self.walk("joined, down", walk);
                self.leaves("joined", leaves);
            }
            JoinWay::Keys(_) => {
                let name = program.indices.get(join.index).map_or("", |index| &index.outline.name);
                self.0.push(("joined".to_owned(), format!("-- {name} as a whole, held in memory")));
            }
        }
    }

    fn nested(&mut self, blocks: &[Nested]) {
        for block in blocks {
            self.add(
                format!("objects {}", block.name),
                ends(&block.hops, &block.columns, Vec::new(), Reach::Whole),
            );
            self.nested(&block.inner);
        }
    }

    fn collector(&mut self, body: &Collector) {
        if !body.leaves.is_empty() {
            self.add("leaves", leaves(&body.leaves, &SECOND, 1));
        }
        self.leaves("leaves", &body.leaves);
        self.walk("up", &body.walk);
        for injected in &body.injected {
            let columns: Vec<_> = injected.items.iter().map(|(column, _)| column.clone()).collect();
            self.add(format!("injected {}", injected.node), nodes(&injected.table, &columns, Vec::new()));
        }
    }

    fn leaves(&mut self, what: &str, leaves: &[Leaf]) {
        for leaf in leaves {
            self.add(format!("{what} {}", leaf.node), nodes(&leaf.table, &leaf.columns, Vec::new()));
        }
    }

    fn walk(&mut self, what: &str, walk: &Walk) {
        for (node, hops) in walk.steps.iter().filter(|(_, hops)| !hops.is_empty()) {
            self.add(format!("{what} from {node}"), steps(hops, Vec::new()));
        }
    }
}
