//! Rules about names that GraphQL knows (peregrine 3.2.6).

use super::rules::Rules;
use crate::{
    graphql_names::{is_graphql_name, is_graphql_type},
    problem::step,
};

/// Arguments of lists that have a meaning of their own: a property of such a name cannot be filtered.
const ARGUMENTS: [&str; 17] = [
    "ids",
    "quick_search",
    "first",
    "offset",
    "created_after",
    "created_before",
    "updated_after",
    "updated_before",
    "order_by_asc",
    "order_by_desc",
    "with_links",
    "with_links_any",
    "without_links",
    "with_path_to",
    "with_path_to_any",
    "without_path_to",
    "not",
];
/// Fields of every query that are no node types.
const ROOT_FIELDS: [&str; 4] = ["node", "datanode", "viewer", "transaction_log"];

impl Rules<'_> {
    /// Checks that everything can be asked for.
    pub(super) fn queries(&mut self) {
        self.type_name();
        for property in self.node.stored_properties() {
            self.property_name(&property.name);
        }
        for link in self.node.all_links() {
            for (what, name) in [("link", &link.name), ("backref", &link.backref)] {
                if !is_graphql_name(name) || name.starts_with("__") {
                    let message = format!("the {what} {name} cannot be queried");
                    self.problem(
                        "/links",
                        message,
                        "Use letters, digits and underscores, and begin with a letter.",
                    );
                }
            }
        }
    }

    fn type_name(&mut self) {
        let id = self.node.id.as_str();
        if !is_graphql_type(id) {
            let message =
                format!("the type {id} cannot be queried: GraphQL has another meaning for its name");
            self.problem("/id", message, "Give it another id.");
        } else if ROOT_FIELDS.contains(&id) {
            let message = format!("lists of {id} cannot be queried: the field {id} is about all types");
            self.problem("/id", message, "Give it another id.");
        }
    }

    fn property_name(&mut self, name: &str) {
        let path = step("/properties", name);
        if name.starts_with("__") {
            let message =
                format!("the property {name} cannot be queried: such names belong to GraphQL itself");
            self.problem(&path, message, "Begin it with a letter.");
        }
        if ARGUMENTS.contains(&name) {
            let message =
                format!("the property {name} cannot be filtered: queries have an argument of that name");
            self.problem(&path, message, "Give it another name.");
        }
        let links = self.node.backlinks.iter().map(|(_, link)| link.backref.as_str());
        let links = links.chain(self.node.all_links().into_iter().map(|link| link.name.as_str()));
        let hides = |link: &str| name == link || name.strip_prefix('_') == Some(&format!("{link}_count"));
        if let Some(link) = links.into_iter().find(|link| hides(link)) {
            let message = format!("the property {name} is hidden in queries by the link or backref {link}");
            self.problem(&path, message, "Give one of them another name.");
        }
    }
}
