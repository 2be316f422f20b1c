//! The tables that are read.

use std::collections::BTreeSet;

use crate::ir::{Body, Hop, JoinWay, Nested, Program, Walk};

/// The names of all tables of a program.
pub(super) fn of(program: &Program) -> Vec<String> {
    let mut tables = BTreeSet::new();
    tables.insert(program.projects.table.clone());
    add(std::slice::from_ref(&program.projects.program), &mut tables);
    for index in &program.indices {
        match &index.body {
            Body::Aggregator(body) => {
                tables.insert(body.table.clone());
                for parents in &body.parents {
                    parents.levels.iter().for_each(|(hop, _)| add(std::slice::from_ref(hop), &mut tables));
                }
                body.flatten.iter().for_each(|block| add(std::slice::from_ref(&block.hop), &mut tables));
                body.counts.iter().for_each(|count| add(&count.hops, &mut tables));
                body.folds.iter().chain(&body.hidden).for_each(|folds| add(&folds.hops, &mut tables));
                nested(&body.nested, &mut tables);
                for join in &body.joins {
                    if let JoinWay::Below { walk, leaves } = &join.way {
                        walked(walk, &mut tables);
                        tables.extend(leaves.iter().map(|leaf| leaf.table.clone()));
                    }
                }
            }
            Body::Collector(body) => {
                tables.extend(body.leaves.iter().map(|leaf| leaf.table.clone()));
                tables.extend(body.injected.iter().map(|injected| injected.table.clone()));
                walked(&body.walk, &mut tables);
            }
        }
    }
    tables.into_iter().collect()
}

fn add(hops: &[Hop], tables: &mut BTreeSet<String>) {
    for hop in hops {
        tables.insert(hop.edge.clone());
        tables.insert(hop.table.clone());
    }
}

fn nested(blocks: &[Nested], tables: &mut BTreeSet<String>) {
    for block in blocks {
        add(&block.hops, tables);
        nested(&block.inner, tables);
    }
}

fn walked(walk: &Walk, tables: &mut BTreeSet<String>) {
    tables.extend(walk.steps.iter().flat_map(|(_, hops)| hops).map(|hop| hop.edge.clone()));
}
