//! Joins: values of one index in the documents of another.

use std::collections::HashMap;

use super::{compiler::Compiler, drafts::Draft};
use crate::{
    grammar::{self, Function, JoinBlock, Mapping, Word},
    ir::{Body, Collector, Join, JoinItem, JoinWay, Leaf, Source},
    likeness::meant,
    outline::{FieldKind, Scalar, Shape},
};

/// An index as other indices see it: without what it has from others, and without objects.
pub(super) struct Joined<'j> {
    shapes: HashMap<String, Shape>,
    collector: Option<&'j Collector>,
}

impl Joined<'_> {
    /// The field of this name; names of ids used to have no `_` before them.
    fn field(&self, name: &str) -> Option<(String, Shape)> {
        let with_mark = format!("_{name}");
        let found = [name, with_mark.as_str()].into_iter();
        found.filter_map(|name| Some((name.to_owned(), *self.shapes.get(name)?))).next()
    }
}

impl Compiler<'_> {
    /// The joins of all mappings.
    pub(super) fn joins(&mut self, mappings: &[Mapping], drafts: &mut [Option<Draft>]) {
        let mut found: Vec<Vec<Join>> = Vec::new();
        let mut added: Vec<Vec<(Word, FieldKind)>> = Vec::new();
        for (mapping, draft) in mappings.iter().zip(&*drafts) {
            let (mut joins, mut fields) = (Vec::new(), Vec::new());
            if let (grammar::Body::Aggregator(body), Some(draft)) = (&mapping.body, draft) {
                for block in &body.joining {
                    joins.extend(self.join(block, body, draft, mappings, drafts, &mut fields));
                }
            }
            found.push(joins);
            added.push(fields);
        }
        for ((draft, joins), added) in drafts.iter_mut().zip(found).zip(added) {
            let Some(Draft { body: Body::Aggregator(body), fields }) = draft else { continue };
            let mut refused = Vec::new();
            for (word, kind) in added {
                if !fields.claim(&word.text, word.at, kind, self.report) {
                    refused.push(word.text);
                }
            }
            body.joins = joins;
            body.joins.iter_mut().for_each(|join| join.items.retain(|item| !refused.contains(&item.name)));
        }
    }

    fn join(
        &mut self,
        block: &JoinBlock,
        body: &grammar::Aggregator,
        draft: &Draft,
        mappings: &[Mapping],
        drafts: &[Option<Draft>],
        fields: &mut Vec<(Word, FieldKind)>,
    ) -> Option<Join> {
        let Some(position) = mappings.iter().position(|other| other.doc_type.text == block.index.text) else {
            let remedy = meant(&block.index.text, mappings.iter().map(|other| other.doc_type.text.as_str()));
            let message = format!("no mapping has the `doc_type` `{}`", block.index.text);
            self.report.error(block.index.at, message, remedy);
            return None;
        };
        let other = drafts.get(position)?.as_ref()?;
        let joined = joined(other);
        let keys = self.keys(block, draft, &joined)?;
        let items = self.join_items(block, &joined, fields);
        let way = self.way(body, draft, &joined, &keys, &items).unwrap_or(JoinWay::Keys(keys));
        Some(Join { index: position, way, items })
    }

    /// The fields that must be equal: here and there.
    fn keys(
        &mut self,
        block: &JoinBlock,
        draft: &Draft,
        joined: &Joined<'_>,
    ) -> Option<Vec<(String, String)>> {
        let mut keys = Vec::new();
        for key in &block.join_on {
            let with_mark = format!("_{}", key.text);
            let ids: &[String] = match &draft.body {
                Body::Aggregator(body) => &body.id_fields,
                Body::Collector(_) => &[],
            };
            let is_here = |name: &&str| draft.fields.has(name) || ids.iter().any(|id| id == name);
            let here = [key.text.as_str(), &with_mark].into_iter().find(is_here).map(str::to_owned);
            let there = joined.field(&key.text).map(|(name, _)| name);
            if here.is_none() {
                let message = format!("`join_on` names `{}`, which is no field here", key.text);
                self.report.error(key.at, message, meant(&key.text, draft.fields.names()));
            }
            if there.is_none() {
                let message = format!("`{}` has no field `{}` to join on", block.index.text, key.text);
                self.report.error(
                    key.at,
                    message,
                    meant(&key.text, joined.shapes.keys().map(String::as_str)),
                );
            }
            keys.extend(here.zip(there));
        }
        (keys.len() == block.join_on.len() && !keys.is_empty()).then_some(keys)
    }

    fn join_items(
        &mut self,
        block: &JoinBlock,
        joined: &Joined<'_>,
        fields: &mut Vec<(Word, FieldKind)>,
    ) -> Vec<JoinItem> {
        let mut items = Vec::new();
        for prop in &block.props {
            let sources = [prop.source(), &prop.name];
            let Some((source, shape)) = sources.iter().find_map(|word| joined.field(&word.text)) else {
                let message = format!("`{}` has no field `{}`", block.index.text, prop.source().text);
                let remedy = meant(&prop.source().text, joined.shapes.keys().map(String::as_str));
                self.report.error(prop.source().at, message, remedy);
                continue;
            };
            let shape = match prop.function {
                Some(Function::Count | Function::Sum) => Shape { scalar: Scalar::Float, is_list: false },
                Some(Function::Set | Function::List) => shape.list(),
                Some(Function::Min | Function::Max | Function::First) => Shape { is_list: false, ..shape },
                None => shape,
            };
            fields.push((prop.name.clone(), FieldKind::Values(shape)));
            items.push(JoinItem { name: prop.name.text.clone(), source, function: prop.function });
        }
        items
    }

    /// The way down the links, if the key is our root among the ancestors of the collected nodes and only
    /// their own properties are wanted. All other joins need the other index as a whole.
    fn way(
        &self,
        body: &grammar::Aggregator,
        draft: &Draft,
        joined: &Joined<'_>,
        keys: &[(String, String)],
        items: &[JoinItem],
    ) -> Option<JoinWay> {
        let Body::Aggregator(own) = &draft.body else { return None };
        let (collector, [(here, there)]) = (joined.collector?, keys) else { return None };
        let is_root = own.id_fields.contains(here)
            || own.columns.iter().any(|column| column.name == *here && column.source == Source::Id);
        let is_ancestor = collector.injected.iter().any(|injected| {
            let mut columns = injected.items.iter().map(|(column, _)| column);
            injected.node == body.root.text
                && columns.any(|column| column.name == *there && column.source == Source::Id)
        });
        if !is_root || !is_ancestor {
            return None;
        }
        let mut leaves = Vec::new();
        for leaf in &collector.leaves {
            let find =
                |item: &JoinItem| leaf.columns.iter().find(|column| column.name == item.source).cloned();
            let columns = items.iter().map(find).collect::<Option<Vec<_>>>()?;
            leaves.push(Leaf { node: leaf.node.clone(), table: leaf.table.clone(), columns });
        }
        Some(JoinWay::Below { walk: self.walk_down(&body.root, &leaves), leaves })
    }
}

fn joined(draft: &Draft) -> Joined<'_> {
    let collector = match &draft.body {
        Body::Collector(collector) => Some(&**collector),
        Body::Aggregator(_) => None,
    };
    Joined { shapes: draft.fields.shapes(), collector }
}
