//! Lists and counts of nodes.

use graphql::Selected;
use serde_json::Value;

use super::{
    args::{Args, any_order, number, order, page},
    fields::{Fields, fields_of, objects},
    filters,
    lowering::Lowering,
};
use crate::{
    access::Scope,
    graph::{NodeModel, TypeId},
    ir::{Branch, Count, Page, Scan},
    schema::Meaning,
};

/// Where a count stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Root,
    Node,
}

impl Lowering<'_> {
    /// Nodes of one type, with the arguments of the type's own list.
    pub(super) fn branch(&self, node: TypeId, args: &Args, fields: Fields<'_, '_>) -> Result<Branch, String> {
        let filter = filters::of_node(self.graph, node, args)?;
        let order = order(&self.graph.types[node], args)?;
        Ok(Branch { node, link: None, filter, order, page: page(args), level: self.level(node, fields) })
    }

    /// `None` where the original counts nothing: with an offset, and at the top level with `first: 0`.
    pub(super) fn count(&self, node: TypeId, args: &Args, place: Place) -> Result<Option<Count>, String> {
        let is_empty_page = place == Place::Root && number(args, "first") == Some(0);
        if is_empty_page || number(args, "offset").is_some_and(|offset| offset > 0) {
            return Ok(None);
        }
        let mut any_links = filters::names(args, "with_links_any");
        any_links.sort();
        any_links.dedup();
        let filter = filters::of_node(self.graph, node, args)?;
        Ok(Some(Count { node, filter, any_links: (any_links.len() > 1).then_some(any_links) }))
    }

    /// `node`. With `category` each type has a page, otherwise there is one page of the nodes that name their
    /// project.
    pub(super) fn any_nodes(&self, field: &Selected<'_, Meaning>) -> Result<Scan, String> {
        let args = &field.args;
        let has_category = args.contains_key("category");
        let types = self.types(args, |node| has_category || node.scope == Scope::ProjectId);
        let mut scan = self.union(&types, args, |node| fields_of(field, &self.graph.types[node].label))?;
        if has_category {
            page_each(&mut scan, args);
        }
        Ok(scan)
    }

    /// `datanode`. Each type has a page.
    pub(super) fn data_nodes(&self, field: &Selected<'_, Meaning>) -> Result<Scan, String> {
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
        self.graph.types.iter().filter(wanted).map(|(id, _)| id).collect()
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
            let level = self.level(node, fields(node));
            branches.push(Branch { node, link: None, filter, order, page, level });
        }
        Ok(Scan { branches, together: Some((order, page)) })
    }

    /// `_links`. Each link has a branch.
    pub(super) fn neighbours(&self, node: TypeId, field: &Selected<'_, Meaning>) -> Result<Scan, String> {
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
        // All of them, because the original forgets `first` here.
        if let Some((_, page)) = &mut scan.together {
            page.first = None;
        }
        Ok(scan)
    }
}

/// Each branch gets the page that the query asks for, one after the other.
fn page_each(scan: &mut Scan, args: &Args) {
    scan.together = None;
    scan.branches.iter_mut().for_each(|branch| branch.page = page(args));
}
