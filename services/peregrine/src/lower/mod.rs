//! From selected GraphQL fields to [`crate::ir`]. Pure; decides nothing about access.

mod dates;
mod filters;
mod logs;
mod node_types;

use std::cell::Cell;

use dictionary::Dictionary;
use graphql::{Schema, Selected, Sub, introspect};
use serde_json::{Map, Value};

use crate::{
    graph::{Graph, NodeModel, Scalar, Scope, TypeId},
    ir::{
        Branch, Child, Column, Count, Level, OrderBy, OrderKey, Page, Piece, Render, Root, RootValue, Scan,
    },
    schema::Meaning,
};

type Fields<'f, 's> = &'f [Selected<'s, Meaning>];
type Args = Map<String, Value>;

/// `first` where the query has none.
const FIRST: i64 = 10;

/// Bytes of a query's answers that are known without the database: introspection and node types.
const MOST_KNOWN: usize = 32 << 20;

/// Everything that gives fields their meaning.
pub(crate) struct Lowering<'g> {
    dictionary: &'g Dictionary,
    graph: &'g Graph,
    pub(crate) schema: &'g Schema<Meaning>,
    known_left: Cell<usize>,
}

impl<'g> Lowering<'g> {
    /// For one query.
    pub(crate) fn new(dictionary: &'g Dictionary, graph: &'g Graph, schema: &'g Schema<Meaning>) -> Self {
        Self { dictionary, graph, schema, known_left: Cell::new(MOST_KNOWN) }
    }

    /// The meaning of what is selected of the root.
    pub(crate) fn roots(&self, fields: Fields<'_, '_>) -> Vec<Root> {
        let root = |field: &Selected<'_, Meaning>| {
            let value = self.root(field).unwrap_or_else(RootValue::Failed);
            Root { key: field.key.clone(), value }
        };
        fields.iter().map(root).collect()
    }

    fn root(&self, field: &Selected<'_, Meaning>) -> Result<RootValue, String> {
        let Some(meaning) = field.field.meaning else {
            let mut known = String::new();
            match field.field.name.as_str() {
                "__typename" => known = Value::from(field.parent).to_string(),
                _ => introspect(self.schema, field, self.known_left.get(), &mut known).map_err(too_much)?,
            }
            return self.known(known);
        };
        without_nul(&field.args)?;
        Ok(match meaning {
            Meaning::Nodes(node) => {
                let branch = self.branch(node, &field.args, objects(field))?;
                RootValue::Scan(Scan { branches: vec![branch], together: None })
            }
            Meaning::NodeCount(node) => match self.count(node, &field.args, true)? {
                Some(count) => RootValue::Count(count),
                None => RootValue::Known("null".to_owned()),
            },
            Meaning::AnyNodes => RootValue::Scan(self.any_nodes(field)?),
            Meaning::DataNodes => RootValue::Scan(self.data_nodes(field)?),
            Meaning::NodeTypes if self.known_left.get() == 0 => return Err(too_much(())),
            Meaning::NodeTypes => self.known(node_types::answer(self.dictionary, field)?)?,
            Meaning::Viewer => RootValue::Viewer(self.roots(objects(field))),
            Meaning::Logs => RootValue::Logs(logs::scan(field)),
            Meaning::LogCount => RootValue::LogCount(logs::count(&field.args)),
            other => unreachable!("invariant: {other:?} is no field of the root"),
        })
    }

    fn known(&self, json: String) -> Result<RootValue, String> {
        let left = self.known_left.get().checked_sub(json.len());
        self.known_left.set(left.unwrap_or_default());
        left.map(|_| RootValue::Known(json)).ok_or_else(|| too_much(()))
    }

    /// Nodes of one type, with the arguments of its own list.
    fn branch(&self, node: TypeId, args: &Args, fields: Fields<'_, '_>) -> Result<Branch, String> {
        let filter = filters::of_node(self.graph, node, args)?;
        let order = order(&self.graph.types[node], args)?;
        Ok(Branch { node, link: None, filter, order, page: page(args), level: self.level(node, fields) })
    }

    /// `None` where the original counts nothing: any offset, and `first: 0` at the top level (peregrine 3.2.6).
    fn count(&self, node: TypeId, args: &Args, is_root: bool) -> Result<Option<Count>, String> {
        let number = |name: &str| args.get(name).and_then(Value::as_i64);
        if (is_root && number("first") == Some(0)) || number("offset").is_some_and(|offset| offset > 0) {
            return Ok(None);
        }
        let mut any_links = filters::names(args, "with_links_any");
        any_links.sort();
        any_links.dedup();
        let filter = filters::of_node(self.graph, node, args)?;
        Ok(Some(Count { node, filter, any_links: (any_links.len() > 1).then_some(any_links) }))
    }

    /// `node`: with `category` a page a type, otherwise one page, and only nodes that name their project.
    fn any_nodes(&self, field: &Selected<'_, Meaning>) -> Result<Scan, String> {
        let args = &field.args;
        let has_category = args.contains_key("category");
        let types = self.types(args, |node| has_category || node.scope == Scope::ProjectId);
        let mut scan = self.union(&types, args, |node| fields_of(field, &self.graph.types[node].label))?;
        if has_category {
            page_each(&mut scan, args);
        }
        Ok(scan)
    }

    /// `datanode`: a page a type.
    fn data_nodes(&self, field: &Selected<'_, Meaning>) -> Result<Scan, String> {
        let types = self.types(&field.args, NodeModel::is_file);
        let mut scan = self.union(&types, &field.args, |_| objects(field))?;
        page_each(&mut scan, &field.args);
        Ok(scan)
    }

    /// The types that `of_type`, `type` and `category` leave.
    fn types(&self, args: &Args, kind: impl Fn(&NodeModel) -> bool) -> Vec<TypeId> {
        let of_type = args.contains_key("of_type").then(|| filters::names(args, "of_type"));
        let text = |name: &str| args.get(name).and_then(Value::as_str);
        let (category, label) = (text("category"), text("type"));
        let wanted = |(_, node): &(TypeId, &NodeModel)| {
            kind(node)
                && of_type.as_ref().is_none_or(|types| types.contains(&node.label))
                && category.is_none_or(|category| node.category == category)
                && label.is_none_or(|label| node.label == label)
        };
        self.graph.types.iter().enumerate().filter(wanted).map(|(id, _)| id).collect()
    }

    fn union<'f, 's: 'f>(
        &self,
        types: &[TypeId],
        args: &Args,
        fields: impl Fn(TypeId) -> Fields<'f, 's>,
    ) -> Result<Scan, String> {
        let (order, page) = (any_order(self.graph, types, args)?, page(args));
        let mut branches = Vec::with_capacity(types.len());
        for node in types.iter().copied() {
            let filter = filters::of_any_node(&self.graph.types[node], args)?;
            let (order, page) = (order.clone(), page.with_offset_inside());
            branches.push(Branch {
                node,
                link: None,
                filter,
                order,
                page,
                level: self.level(node, fields(node)),
            });
        }
        Ok(Scan { branches, together: Some((order, page)) })
    }

    /// `_links`: a branch a link.
    fn neighbours(&self, node: TypeId, field: &Selected<'_, Meaning>) -> Result<Scan, String> {
        let links = &self.graph.types[node].links;
        let readable =
            links.iter().filter(|(_, link)| self.graph.types[link.target].scope == Scope::ProjectId);
        let (names, types): (Vec<_>, Vec<_>) = readable.map(|(name, link)| (name, link.target)).unzip();
        let mut scan =
            self.union(&types, &field.args, |node| fields_of(field, &self.graph.types[node].label))?;
        for (branch, name) in scan.branches.iter_mut().zip(names) {
            branch.link = Some(name.clone());
            branch.page = Page::ALL;
        }
        // All of them: the original forgets `first` here.
        if let Some((_, page)) = &mut scan.together {
            page.first = None;
        }
        Ok(scan)
    }

    /// The template of a node's JSON.
    fn level(&self, node: TypeId, fields: Fields<'_, '_>) -> Level {
        let mut level = Level::default();
        let mut text = String::from("{");
        for (position, field) in fields.iter().enumerate() {
            if position > 0 {
                text.push(',');
            }
            text += &Value::from(field.key.as_str()).to_string();
            text.push(':');
            match self.piece(node, field, &mut level) {
                Piece::Text(more) => text += &more,
                piece => {
                    level.pieces.push(Piece::Text(std::mem::take(&mut text)));
                    level.pieces.push(piece);
                }
            }
        }
        text.push('}');
        level.pieces.push(Piece::Text(text));
        level
    }

    fn piece(&self, node: TypeId, field: &Selected<'_, Meaning>, level: &mut Level) -> Piece {
        let label = &self.graph.types[node].label;
        match field.field.meaning {
            // Only `__typename` has none here. Of an interface it is the node's own type; of a DataNode not.
            None if field.parent == "DataNode" => Piece::Text("\"DataNode\"".to_owned()),
            None | Some(Meaning::Type) => Piece::Text(Value::from(label.as_str()).to_string()),
            Some(Meaning::Id) => Piece::Id,
            Some(Meaning::ProjectName) => Piece::ProjectName,
            Some(Meaning::Property(scalar)) => {
                // The scalar of the node's own property: the union types know only one of several.
                let scalar =
                    self.graph.types[node].properties.get(&field.field.name).copied().unwrap_or(scalar);
                let column = Column { property: field.field.name.clone(), render: render(scalar) };
                let known = level.columns.iter().position(|other| *other == column);
                Piece::Column(known.unwrap_or_else(|| {
                    level.columns.push(column);
                    level.columns.len() - 1
                }))
            }
            Some(meaning) => match self.child(node, meaning, field) {
                Ok(Some(child)) => self.push_child(level, child),
                Ok(None) => Piece::Text("null".to_owned()),
                Err(message) => self.push_child(level, Child::Failed(message)),
            },
        }
    }

    fn push_child(&self, level: &mut Level, child: Child) -> Piece {
        level.children.push(child);
        Piece::Child(level.children.len() - 1)
    }

    fn child(
        &self,
        node: TypeId,
        meaning: Meaning,
        field: &Selected<'_, Meaning>,
    ) -> Result<Option<Child>, String> {
        let links = &self.graph.types[node].links;
        without_nul(&field.args)?;
        Ok(Some(match meaning {
            Meaning::Link => {
                let name = &field.field.name;
                let mut branch = self.branch(links[name].target, &field.args, objects(field))?;
                branch.link = Some(name.clone());
                Child::Linked(Box::new(branch))
            }
            Meaning::LinkCount => {
                let name = field.field.name.strip_prefix('_').and_then(|name| name.strip_suffix("_count"));
                let link = name.expect("invariant: the schema names counts so").to_owned();
                match self.count(links[&link].target, &field.args, false)? {
                    Some(count) => Child::Count { link, count },
                    None => return Ok(None),
                }
            }
            Meaning::Neighbours => Child::Neighbours(self.neighbours(node, field)?),
            Meaning::NodeLogs => Child::Logs(logs::scan(field)),
            Meaning::NodeLogCount => Child::LogCount(logs::count(&field.args)),
            other => unreachable!("invariant: {other:?} is no field of a node"),
        }))
    }
}

fn too_much<E>(_: E) -> String {
    format!("The schema and node types of an answer have at most {MOST_KNOWN} bytes.")
}

/// PostgreSQL keeps no text with a NUL and takes none; in the words of the original's driver.
fn without_nul(args: &Args) -> Result<(), String> {
    fn has_nul(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(has_nul),
            Value::Object(fields) => fields.values().any(has_nul),
            _ => false,
        }
    }
    match args.values().any(has_nul) {
        true => Err("A string literal cannot contain NUL (0x00) characters.".to_owned()),
        false => Ok(()),
    }
}

fn render(scalar: Scalar) -> Render {
    match scalar {
        Scalar::String => Render::Text,
        Scalar::Float => Render::Float,
        Scalar::Boolean => Render::Boolean,
        Scalar::List => Render::Texts,
    }
}

/// What is selected of an object.
fn objects<'f, 's>(field: &'f Selected<'s, Meaning>) -> Fields<'f, 's> {
    match &field.sub {
        Sub::Object(fields) => fields,
        Sub::Interface { common, .. } => common,
        Sub::Leaf => &[],
    }
}

/// What is selected of an interface's object of type `label`.
fn fields_of<'f, 's>(field: &'f Selected<'s, Meaning>, label: &str) -> Fields<'f, 's> {
    match &field.sub {
        Sub::Interface { common, special } => special.get(label).unwrap_or(common),
        _ => objects(field),
    }
}

/// `first` and `offset`: ten by default, everything for zero and below.
fn page(args: &Args) -> Page {
    let number = |name: &str| args.get(name).and_then(Value::as_i64);
    let first = number("first").unwrap_or(FIRST);
    Page { first: (first > 0).then_some(first), offset: number("offset").unwrap_or(0).max(0) }
}

/// Each branch gets the page that the query asks for, one after the other.
fn page_each(scan: &mut Scan, args: &Args) {
    scan.together = None;
    scan.branches.iter_mut().for_each(|branch| branch.page = page(args));
}

/// The wanted keys, and whether descending; the ascending one counts more.
fn wanted_order(args: &Args) -> impl Iterator<Item = (&str, bool)> {
    let keys = [("order_by_asc", false), ("order_by_desc", true)];
    keys.into_iter().filter_map(|(name, descending)| Some((args.get(name)?.as_str()?, descending)))
}

fn order(node: &NodeModel, args: &Args) -> Result<Vec<OrderBy>, String> {
    order_by(args, &node.label, |name| node.properties.contains_key(name))
}

/// The order of nodes of several types: by properties that one of them has.
fn any_order(graph: &Graph, types: &[TypeId], args: &Args) -> Result<Vec<OrderBy>, String> {
    order_by(args, "node", |name| {
        types.is_empty() || types.iter().any(|node| graph.types[*node].properties.contains_key(name))
    })
}

fn order_by(args: &Args, label: &str, is_property: impl Fn(&str) -> bool) -> Result<Vec<OrderBy>, String> {
    let mut order = Vec::new();
    for (key, descending) in wanted_order(args).filter(|(key, _)| *key != "type") {
        let key = match key {
            "id" => OrderKey::Id,
            name if is_property(name) => OrderKey::Property(name.to_owned()),
            name => return Err(format!("Cannot order by {name} on {label}")),
        };
        order.push(OrderBy { key, descending });
    }
    Ok(order)
}
