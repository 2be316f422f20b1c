//! Example queries (GraphQL, peregrine 3.2.6) for a dictionary. Examples that it has no types or properties
//! for are left out.

mod shape;
mod text;

use serde::Serialize;

use crate::{Dictionary, graphql_names::is_graphql_name};
use shape::{Enumeration, Shape};
use text::{Selection, article, leaf, leaves, quoted, tree};

/// The number of records of a page.
const PAGE: u32 = 20;
/// Records changed after this date are shown as recently changed; people replace it.
const SINCE: &str = "2024-01-01";
/// The properties by which a file is fetched and checked.
const FILE_PROPERTIES: [&str; 7] =
    ["submitter_id", "file_name", "file_size", "data_format", "data_type", "object_id", "md5sum"];
/// The properties that tell a project from others.
const PROJECT_PROPERTIES: [&str; 5] =
    ["code", "name", "availability_type", "dbgap_accession_number", "investigator_name"];

/// A query and its explanation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Short name, the same for all dictionaries, for example `counts`.
    pub name: &'static str,
    /// Title, for a menu.
    pub title: String,
    /// One sentence; also the comment above the query.
    pub explanation: String,
    /// The query.
    pub query: String,
}

/// Queries for the records of `project` (`<program>-<code>`), from the general to the particular.
pub fn examples(dictionary: &Dictionary, project: &str) -> Vec<Example> {
    let shape = Shape::of(dictionary);
    let makers = [
        projects,
        counts,
        first_records,
        levels,
        files,
        linked_counts,
        counts_by_value,
        pages,
        newest,
        changed,
        lacking_a_link,
        paths,
        search,
        failed_submissions,
        node_types,
    ];
    let within = Within { shape: &shape, project: quoted(project) };
    makers.iter().filter_map(|make| make(&within)).collect()
}

/// The material of an example.
struct Within<'d> {
    shape: &'d Shape<'d>,
    /// The project, as a GraphQL string.
    project: String,
}

impl Within<'_> {
    /// The arguments that select the project, then `more`.
    fn args(&self, more: &str) -> String {
        let separator = if more.is_empty() { "" } else { ", " };
        format!("project_id: {}{separator}{more}", self.project)
    }
}

fn example(name: &'static str, title: String, explanation: String, fields: &[Selection]) -> Option<Example> {
    let query = text::query(name, &explanation, fields);
    (!fields.is_empty()).then_some(Example { name, title, explanation, query })
}

fn projects(within: &Within) -> Option<Example> {
    let (shape, project) = (within.shape, within.shape.node("project")?);
    let mut fields = leaves(["project_id"]);
    fields.extend(leaves(PROJECT_PROPERTIES.into_iter().filter(|name| shape.has_property(project, name))));
    let program = project
        .all_links()
        .into_iter()
        .find(|link| link.target_type == "program" && is_graphql_name(&link.name));
    fields.extend(program.map(|link| tree(&link.name, leaves(["name"]))));
    let explanation = "All projects that you may read.".to_owned();
    example("projects", "Projects I can read".into(), explanation, &[tree("project(first: 0)", fields)])
}

fn counts(within: &Within) -> Option<Example> {
    let args = within.args("");
    let count = |id: &str| leaf(format!("_{id}_count({args})"));
    let fields: Vec<Selection> = within.shape.types.iter().map(|node| count(&node.id)).collect();
    let explanation = "How many records of each node type the project has.".to_owned();
    example("counts", "Counts of every node type".into(), explanation, &fields)
}

fn first_records(within: &Within) -> Option<Example> {
    let subject = within.shape.subject?;
    let mut fields = leaves(["id", "submitter_id", "type", "project_id"]);
    fields.extend(leaves(within.shape.own_properties(subject)));
    fields.extend(leaves(["created_datetime", "updated_datetime"]));
    let id = &subject.id;
    let title = format!("First records of {id} with all properties");
    let explanation = format!("The first {PAGE} records of {id}, with every property.");
    let head = format!("{id}({})", within.args(&format!("first: {PAGE}")));
    example("first_records", title, explanation, &[tree(head, fields)])
}

fn levels(within: &Within) -> Option<Example> {
    let subject = within.shape.subject?;
    let chain = within.shape.chain_below(subject);
    let mut below: Option<Selection> = None;
    for (backref, node) in chain.iter().rev() {
        let mut fields = leaves(["submitter_id"]);
        fields.extend(leaves(within.shape.own_properties(node).into_iter().take(3)));
        fields.extend(below.take());
        below = Some(tree(*backref, fields));
    }
    let mut fields = leaves(["submitter_id"]);
    fields.extend(Some(below?));
    let names: Vec<&str> = chain.iter().map(|(_, node)| node.id.as_str()).collect();
    let title = format!("From {} down to {}", subject.id, names.last()?);
    let explanation =
        format!("Ten records of {} with all that is below them: {}.", subject.id, names.join(", "))
            + " `first: 0` means all.";
    let fields = all_of_each(fields);
    let head = format!("{}({})", subject.id, within.args("first: 10"));
    example("levels", title, explanation, &[tree(head, fields)])
}

/// Adds `first: 0` to every list below the first level; otherwise ten items would be shown.
fn all_of_each(fields: Vec<Selection>) -> Vec<Selection> {
    let whole = |field: Selection| {
        if field.fields.is_empty() {
            return field;
        }
        tree(format!("{}(first: 0)", field.head), all_of_each(field.fields))
    };
    fields.into_iter().map(whole).collect()
}

fn files(within: &Within) -> Option<Example> {
    let files = within.shape.file_properties();
    if !files.contains("object_id") {
        return None;
    }
    let mut fields = leaves(["id", "type"]);
    fields.extend(leaves(FILE_PROPERTIES.into_iter().filter(|name| files.contains(name))));
    let head = format!("datanode({})", within.args(&format!("first: {PAGE}")));
    let explanation =
        "Files of any type; each is downloaded by its object_id: /user/data/download/OBJECT_ID.".to_owned();
    example("files", "Files with size, format and object_id".into(), explanation, &[tree(head, fields)])
}

fn linked_counts(within: &Within) -> Option<Example> {
    let subject = within.shape.subject?;
    let children = within.shape.children(subject);
    (!children.is_empty()).then_some(())?;
    let mut fields = leaves(["submitter_id"]);
    fields.extend(children.iter().map(|(backref, _)| leaf(format!("_{backref}_count"))));
    let id = &subject.id;
    let head = format!("{id}({})", within.args(&format!("first: {PAGE}")));
    let explanation = format!("How many records are linked to each record of {id}.");
    example("linked_counts", format!("Counts of what is linked to {id}"), explanation, &[tree(head, fields)])
}

fn counts_by_value(within: &Within) -> Option<Example> {
    let Enumeration { node, property, values } = within.shape.enumeration()?;
    let count = |(alias, value): (String, &&str)| {
        let args = within.args(&format!("{property}: [{}]", quoted(value)));
        leaf(format!("{alias}: _{}_count({args})", node.id))
    };
    let fields: Vec<Selection> = text::aliases(&values).into_iter().zip(&values).map(count).collect();
    let title = format!("Counts of {} by {property}", node.id);
    let explanation = format!("How many records of {} have each value of {property}.", node.id);
    example("counts_by_value", title, explanation, &fields)
}

fn pages(within: &Within) -> Option<Example> {
    let id = &within.shape.subject?.id;
    let more = format!("first: {PAGE}, offset: {PAGE}, order_by_asc: \"submitter_id\"");
    let page = tree(format!("{id}({})", within.args(&more)), leaves(["id", "submitter_id"]));
    let all = leaf(format!("_{id}_count({})", within.args("")));
    let explanation = format!(
        "The second page of {PAGE} records; an order makes pages that neither overlap nor miss a record."
    );
    example("pages", format!("{id}, page by page"), explanation, &[all, page])
}

fn newest(within: &Within) -> Option<Example> {
    let id = &within.shape.subject?.id;
    let more = format!("first: {PAGE}, order_by_desc: \"created_datetime\"");
    let list = tree(format!("{id}({})", within.args(&more)), leaves(["submitter_id", "created_datetime"]));
    let explanation =
        format!("Records of {id} in descending order of a property; `order_by_asc` is the other way round.");
    example("order", format!("The newest records of {id}"), explanation, &[list])
}

fn changed(within: &Within) -> Option<Example> {
    (!within.shape.types.is_empty()).then_some(())?;
    let more = format!("first: {PAGE}, updated_after: {}", quoted(SINCE));
    let fields = leaves(["id", "type", "submitter_id", "updated_datetime"]);
    let explanation = "Records of any type that were created or changed after a date.".to_owned();
    let list = tree(format!("node({})", within.args(&more)), fields);
    example("changed", "Records changed since a date".into(), explanation, &[list])
}

fn lacking_a_link(within: &Within) -> Option<Example> {
    let subject = within.shape.subject?;
    let children = within.shape.children(subject);
    let chain = within.shape.chain_below(subject);
    let (backref, child) = chain.first().or(children.first())?;
    let id = &subject.id;
    let lacking = format!("without_links: [{}]", quoted(backref));
    let count = leaf(format!("_{id}_count({})", within.args(&lacking)));
    let more = format!("first: {PAGE}, {lacking}");
    let list = tree(format!("{id}({})", within.args(&more)), leaves(["id", "submitter_id"]));
    let title = format!("{id} without {}", child.id);
    let explanation = format!(
        "Records of {id} to which no {} is linked; `with_links` is the opposite, and names are those of \
         links.",
        child.id
    );
    example("without_links", title, explanation, &[count, list])
}

fn paths(within: &Within) -> Option<Example> {
    let subject = within.shape.subject?;
    let chain = within.shape.chain_below(subject);
    let (_, last) = chain.iter().rev().find(|(_, node)| !node.category.is_file()).or(chain.last())?;
    let id = &subject.id;
    let path = format!("with_path_to: [{{type: {}}}]", quoted(&last.id));
    let more = format!("first: {PAGE}, {path}");
    let count = leaf(format!("_{id}_count({})", within.args(&path)));
    let list = tree(format!("{id}({})", within.args(&more)), leaves(["id", "submitter_id"]));
    let title = format!("{id} with {} at the end of a path", article(&last.id));
    let explanation = format!(
        "Records of {id} from which links lead to {} in any number of steps; its properties may stand beside \
         `type`.",
        article(&last.id)
    );
    example("with_path_to", title, explanation, &[count, list])
}

fn search(within: &Within) -> Option<Example> {
    let id = &within.shape.subject?.id;
    let more = format!("first: {PAGE}, quick_search: \"1\"");
    let list = tree(format!("{id}({})", within.args(&more)), leaves(["id", "submitter_id"]));
    let explanation =
        format!("Records of {id} whose id or submitter_id has this text in it, in small or capital letters.");
    example("quick_search", format!("Search {id} by a part of its id"), explanation, &[list])
}

fn failed_submissions(within: &Within) -> Option<Example> {
    let errors = tree("errors", leaves(["type", "keys", "message"]));
    let mut entities = leaves(["type", "unique_keys"]);
    entities.push(errors);
    let mut response = leaves(["message", "entity_error_count"]);
    response.push(tree("entities", entities));
    let mut fields = leaves(["id", "state", "type", "submitter", "created_datetime"]);
    fields.push(tree("documents", vec![leaf("name"), tree("response", response)]));
    let args =
        format!("project_id: [{}], state: \"FAILED\", first: 5, order_by_desc: \"id\"", within.project);
    let explanation = "The last five submissions that were refused, with the reasons.".to_owned();
    let list = tree(format!("transaction_log({args})"), fields);
    example("failed_submissions", "Failed submissions and why".into(), explanation, &[list])
}

fn node_types(within: &Within) -> Option<Example> {
    let known = |name: &&str| within.shape.has_schema_key(name);
    let fields = leaves(["id", "title", "category", "description"].into_iter().filter(known));
    let explanation = "The node types of the data dictionary.".to_owned();
    example("node_types", "Node types".into(), explanation, &[tree("_node_type(first: 0)", fields)])
}
