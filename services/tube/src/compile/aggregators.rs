//! Aggregators: what is read along links from a root.

use std::collections::HashMap;

use super::{compiler::Compiler, fields::Fields, filters};
use crate::{
    Form,
    grammar::{
        self, Comparison, FlattenBlock, Function, Mapping, NestedBlock, ParentPath, Prop, Relation, Word,
    },
    ir::{Aggregator, Column, Condition, Count, Flatten, Folds, Hop, Nested, Parents, Sort, Source},
    likeness::meant,
    outline::{FieldKind, Scalar, Shape},
};

impl Compiler<'_> {
    /// All but joins and the filter, which need what other indices have.
    pub(super) fn aggregator(
        &mut self,
        mapping: &Mapping,
        body: &grammar::Aggregator,
        fields: &mut Fields,
    ) -> Option<Aggregator> {
        if !self.is_node(&body.root) {
            return None;
        }
        let root = body.root.text.as_str();
        let own = format!("_{}_id", mapping.doc_type.text);
        let by_root = format!("_{root}_id");
        fields.add(&own, Shape::TEXT);
        let id_fields = match self.form {
            Form::Right if own != by_root => vec![own, by_root],
            Form::Right | Form::Compat => vec![by_root],
        };
        if self.form == Form::Right {
            id_fields.iter().for_each(|name| fields.add(name, Shape::TEXT));
        }
        let mut aggregator = Aggregator {
            table: self.graph.table(root),
            id_fields,
            columns: self.columns(root, &body.props, fields),
            parents: body.parents.iter().filter_map(|path| self.parents(root, path, fields)).collect(),
            flatten: Vec::new(),
            counts: Vec::new(),
            folds: Vec::new(),
            hidden: Vec::new(),
            joins: Vec::new(),
            nested: Vec::new(),
            filter: None,
            is_project: root == "project",
        };
        self.project_id(root, body, &mut aggregator, fields);
        for block in &body.flatten {
            aggregator.flatten.extend(self.flatten(root, block, body.several_allowed, fields));
        }
        self.aggregated(root, body, &mut aggregator, fields);
        for block in &body.nested {
            aggregator.nested.extend(self.nested(root, block, fields));
        }
        Some(aggregator)
    }

    /// Makes sure that each document says whose it is.
    fn project_id(
        &mut self,
        root: &str,
        body: &grammar::Aggregator,
        aggregator: &mut Aggregator,
        fields: &mut Fields,
    ) {
        if root == "project" {
            self.project_fields(aggregator, fields);
        } else if !fields.has("project_id") {
            let message = "`project_id` is not among `props`; it is added";
            self.report.warning(body.root.at, message, "add `- name: project_id` to `props`");
            let name = Word { text: "project_id".to_owned(), at: body.root.at };
            let prop = Prop { name, src: None, function: None, values: Vec::new() };
            aggregator.columns.extend(self.columns(root, &[prop], fields));
        }
        fields.add("project_id", Shape::TEXT);
        fields.add("auth_resource_path", Shape::TEXT);
    }

    /// A project has its code, and the names of its programs.
    fn project_fields(&mut self, aggregator: &mut Aggregator, fields: &mut Fields) {
        let column = |name: &str, source: &str| Column {
            name: name.to_owned(),
            source: Source::Property(source.to_owned()),
            shape: Shape::TEXT,
            values: HashMap::new(),
        };
        if !fields.has("project_code") {
            fields.add("project_code", Shape::TEXT);
            aggregator.columns.push(column("project_code", "code"));
        }
        if fields.has("program_name") {
            return;
        }
        let links = self.graph.hops_up("project");
        if let Some(hop) = links.into_iter().find(|hop| hop.node == "program") {
            fields.add("program_name", Shape::TEXT.list());
            let levels = vec![(hop, vec![column("program_name", "name")])];
            aggregator.parents.push(Parents { relation: Relation::Many, levels });
        }
    }

    /// The link `name` of `from`; reported if there is none.
    pub(super) fn hop(&mut self, from: &str, name: &str, path: &Word) -> Option<Hop> {
        let hop = self.graph.hop(from, name);
        if hop.is_none() {
            let remedy = meant(name, self.graph.link_names(from));
            self.report.error(path.at, format!("`{from}` has no link `{name}`"), remedy);
        }
        hop
    }

    /// The links of a path with dots.
    pub(super) fn hops(&mut self, from: &str, path: &Word) -> Option<Vec<Hop>> {
        let mut hops: Vec<Hop> = Vec::new();
        for name in path.text.split('.') {
            let at = hops.last().map_or(from, |hop| hop.node.as_str()).to_owned();
            hops.push(self.hop(&at, name.trim(), path)?);
        }
        Some(hops)
    }

    /// A field that is read from a node of this type.
    pub(super) fn column(&mut self, node: &str, name: &Word, source: &Word) -> Column {
        let own_id = format!("_{node}_id");
        let (source, shape) = match self.graph.shape(node, &source.text) {
            _ if source.text == "id" || source.text == own_id => (Source::Id, Shape::TEXT),
            Some(shape) => (Source::Property(source.text.clone()), shape),
            None => {
                let remedy = meant(&source.text, self.graph.property_names(node));
                let message = format!("`{node}` has no property `{}`", source.text);
                self.report.warning(source.at, message, remedy);
                (Source::Absent, Shape::TEXT)
            }
        };
        Column { name: name.text.clone(), source, shape, values: HashMap::new() }
    }

    /// Fields of a node that are no function of several values.
    pub(super) fn columns(&mut self, node: &str, props: &[Prop], fields: &mut Fields) -> Vec<Column> {
        let mut columns = Vec::new();
        for prop in props {
            if prop.function.is_some() {
                let message = format!("`fn` does nothing here: `{}` has one value", prop.name.text);
                self.report.warning(prop.name.at, message, "remove `fn`");
            }
            let mut column = self.column(node, &prop.name, prop.source());
            column.values = prop.values.iter().map(|(from, to)| (from.to_string(), to.clone())).collect();
            let kind = FieldKind::Values(column.shape);
            if fields.claim(&prop.name.text, prop.name.at, kind, self.report) {
                columns.push(column);
            }
        }
        columns
    }

    fn parents(&mut self, root: &str, path: &ParentPath, fields: &mut Fields) -> Option<Parents> {
        let (mut levels, mut from) = (Vec::new(), root.to_owned());
        for step in &path.steps {
            let word = |text: &str| Word { text: text.to_owned(), at: path.at };
            let hop = self.hop(&from, &step.link, &word(&step.link))?;
            let mut columns = Vec::new();
            for (name, source) in &step.props {
                let column = self.column(&hop.node, &word(name), &word(source));
                let shape = match path.relation {
                    Relation::Many => column.shape.list(),
                    Relation::One => column.shape,
                };
                if fields.claim(name, path.at, FieldKind::Values(shape), self.report) {
                    columns.push(column);
                }
            }
            from.clone_from(&hop.node);
            levels.push((hop, columns));
        }
        Some(Parents { relation: path.relation, levels })
    }

    fn flatten(
        &mut self,
        root: &str,
        block: &FlattenBlock,
        several_allowed: bool,
        fields: &mut Fields,
    ) -> Option<Flatten> {
        let hop = self.hop(root, &block.path.text, &block.path)?;
        let is_one = self.graph.leads_to_one(root, &block.path.text);
        if !is_one && block.sorted_by.is_none() && !several_allowed {
            let message = format!(
                "`{}` may lead to several nodes, of which one would have to be taken",
                block.path.text
            );
            let remedy = "add `sorted_by: updated_datetime, desc`, or \
                          `settings: {bypass_multiplicity_check: true}` to the mapping";
            self.report.error(block.path.at, message, remedy);
        }
        let columns = self.columns(&hop.node, &block.props, fields);
        let sort = block.sorted_by.as_ref().map(|sorted| {
            let named = columns
                .iter()
                .position(|column| column.source == Source::Property(sorted.property.text.clone()));
            let extra = match (named, self.form) {
                // The original reads it only if it is a field as well.
                (None, Form::Right) => Some(self.column(&hop.node, &sorted.property, &sorted.property)),
                _ => None,
            };
            let first = named.or(extra.as_ref().map(|_| columns.len()));
            let others = (0..columns.len()).filter(|position| Some(*position) != named);
            Sort { keys: first.into_iter().chain(others).collect(), extra, descending: sorted.descending }
        });
        Some(Flatten { hop, columns, sort })
    }

    fn aggregated(
        &mut self,
        root: &str,
        body: &grammar::Aggregator,
        aggregator: &mut Aggregator,
        fields: &mut Fields,
    ) {
        for prop in &body.aggregated {
            let Some(hops) = self.hops(root, &prop.path) else { continue };
            let node = hops.last().map_or(root, |hop| hop.node.as_str()).to_owned();
            let number = Shape { scalar: Scalar::Float, is_list: false };
            let Some(source) = prop.src.as_ref().or((prop.function != Function::Count).then_some(&prop.name))
            else {
                if fields.claim(&prop.name.text, prop.name.at, FieldKind::Values(number), self.report) {
                    aggregator.counts.push(Count { name: prop.name.text.clone(), hops });
                }
                continue;
            };
            let mut column = self.column(&node, &prop.name, source);
            let shape = folded(&mut column, prop.function);
            if fields.claim(&prop.name.text, prop.name.at, FieldKind::Values(shape), self.report) {
                add_fold(&mut aggregator.folds, hops, column, prop.function);
            }
        }
    }

    pub(super) fn nested(&mut self, from: &str, block: &NestedBlock, fields: &mut Fields) -> Option<Nested> {
        let hops = self.hops(from, &block.path)?;
        let node = hops.last().map_or(from, |hop| hop.node.as_str()).to_owned();
        let mut own = Fields::default();
        let id_field = format!("_{node}_id");
        own.add(&id_field, Shape::TEXT);
        let columns = self.columns(&node, &block.props, &mut own);
        let inner = block.nested.iter().filter_map(|inner| self.nested(&node, inner, &mut own)).collect();
        let form = self.form;
        let filter = block
            .filter
            .as_ref()
            .and_then(|filter| filters::condition(filter, form, &mut |word, _| self.filtered(word, &own)));
        let mut kinds = own.finish();
        if self.form == Form::Compat {
            for field in &mut kinds {
                if let FieldKind::Values(shape) = field.kind {
                    field.kind = FieldKind::Untold(shape);
                }
            }
        }
        let is_new = fields.claim(&block.name.text, block.name.at, FieldKind::Objects(kinds), self.report);
        is_new.then(|| Nested { name: block.name.text.clone(), id_field, hops, columns, inner, filter })
    }

    /// A field that a filter names; reported if there is none.
    fn filtered(&mut self, word: &Word, fields: &Fields) -> Option<String> {
        if fields.has(&word.text) {
            return Some(word.text.clone());
        }
        let remedy = meant(&word.text, fields.names());
        self.report.error(
            word.at,
            format!("the filter names `{}`, which is no field here", word.text),
            remedy,
        );
        None
    }

    /// The filter of a whole mapping.
    pub(super) fn filter(
        &mut self,
        body: &grammar::Aggregator,
        aggregator: &mut Aggregator,
        fields: &Fields,
    ) -> Option<Condition> {
        let root = body.root.text.as_str();
        let form = self.form;
        filters::condition(body.filter.as_ref()?, form, &mut |word, comparison| {
            let Some((path, property)) = word.text.rsplit_once('.') else {
                return self.filtered(word, fields);
            };
            if comparison != Comparison::Contains {
                let message = "only `contains` looks at the end of a path";
                self.report.error(word.at, message, "write `op: contains`");
                return None;
            }
            let hops = self.hops(root, &Word { text: path.to_owned(), at: word.at })?;
            let node = hops.last().map_or(root, |hop| hop.node.as_str()).to_owned();
            let source = Word { text: property.to_owned(), at: word.at };
            let column = self.column(&node, word, &source);
            if !aggregator
                .hidden
                .iter()
                .any(|folds| folds.items.iter().any(|(known, _)| known.name == word.text))
            {
                add_fold(&mut aggregator.hidden, hops, column, Function::Set);
            }
            Some(word.text.clone())
        })
    }
}

/// What an aggregated property holds; its values are read accordingly.
fn folded(column: &mut Column, function: Function) -> Shape {
    let scalar = match function {
        // The original has no other type for them.
        Function::Set | Function::List => Scalar::Text,
        Function::Count => return Shape { scalar: Scalar::Float, is_list: false },
        Function::Sum => Scalar::Float,
        Function::Min | Function::Max if column.shape.scalar == Scalar::Integer => Scalar::Float,
        Function::Min | Function::Max | Function::First => column.shape.scalar,
    };
    if function.gives_list() || column.shape.scalar == Scalar::Text && function == Function::Sum {
        column.shape.scalar = scalar;
    }
    Shape { scalar, is_list: function.gives_list() }
}

/// Properties at the end of the same path are read together.
fn add_fold(folds: &mut Vec<Folds>, hops: Vec<Hop>, column: Column, function: Function) {
    match folds.iter_mut().find(|known| known.hops == hops) {
        Some(known) => known.items.push((column, function)),
        None => folds.push(Folds { hops, items: vec![(column, function)] }),
    }
}
