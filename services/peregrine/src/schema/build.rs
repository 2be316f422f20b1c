//! Makes the schema of a graph.

use dictionary::Dictionary;
use graphql::{FieldDef, Schema, SchemaError, TypeDef, TypeRef};

use super::{
    arguments::{self, Arguments},
    logs,
    meaning::Meaning,
};
use crate::graph::{Graph, NodeModel, Scalar, TypeId};

/// Fields that every node has.
pub(crate) const COMMON: [&str; 6] =
    ["id", "submitter_id", "type", "project_id", "created_datetime", "updated_datetime"];

/// What the schema says of all nodes.
const NODE: &str = "The query object that represents the psqlgraph.Node base";

/// Builds the schema. All of it is in memory; argument lists are shared.
pub(crate) fn build(dictionary: &Dictionary, graph: &Graph) -> Result<Schema<Meaning>, SchemaError> {
    let arguments = Arguments::new(graph);
    let mut root = Vec::new();
    for (id, node) in graph.types.iter() {
        root.push(nodes_field(&node.label, Meaning::Nodes(id), graph, id, &arguments));
        let count =
            FieldDef::new(&format!("_{}_count", node.label), TypeRef::named("Int"), Meaning::NodeCount(id));
        root.push(count.with_args(arguments.of[&id].clone()));
    }
    root.push(
        FieldDef::new("node", TypeRef::list("Node"), Meaning::AnyNodes)
            .with_args(arguments.any_nodes.clone()),
    );
    root.push(
        FieldDef::new("datanode", TypeRef::list("DataNode"), Meaning::DataNodes)
            .with_args(arguments.data_nodes.clone()),
    );
    let keys = schema_keys(dictionary);
    let node_types = FieldDef::new("_node_type", TypeRef::list("NodeType"), Meaning::NodeTypes);
    root.push(node_types.with_args(arguments::node_types(&keys)));
    let viewer = root.clone();
    root.push(FieldDef::new("viewer", TypeRef::named("viewer"), Meaning::Viewer));
    root.extend(logs::root_fields(&arguments));

    let mut types = vec![
        TypeDef::object("Root", root, vec![]),
        TypeDef::interface("Node", common_fields()).described(NODE),
    ];
    types.extend(logs::types());
    types.extend(graph.types.iter().map(|(id, _)| node_type(graph, id, &arguments)));
    types.extend(arguments::inputs(graph));
    types.push(data_node(graph));
    let key_fields =
        keys.iter().map(|key| FieldDef::new(key, TypeRef::named("String"), Meaning::Key)).collect();
    types.push(TypeDef::object("NodeType", key_fields, vec![]));
    types.push(TypeDef::object("viewer", viewer, vec![]));
    Schema::new("Root", types)
}

fn nodes_field(
    name: &str,
    meaning: Meaning,
    graph: &Graph,
    target: TypeId,
    arguments: &Arguments,
) -> FieldDef<Meaning> {
    let target_label = &graph.types[target].label;
    FieldDef::new(name, TypeRef::list(target_label), meaning).with_args(arguments.of[&target].clone())
}

fn common_fields() -> Vec<FieldDef<Meaning>> {
    let common = |name: &str| match name {
        "id" => FieldDef::new(name, TypeRef::named("ID"), Meaning::Id),
        "type" => FieldDef::new(name, TypeRef::named("String"), Meaning::Type),
        _ => FieldDef::new(name, TypeRef::named("String"), Meaning::Property(Scalar::String)),
    };
    COMMON.into_iter().map(common).collect()
}

fn property_field(name: &str, scalar: Scalar) -> FieldDef<Meaning> {
    let ty = match scalar {
        Scalar::String => TypeRef::named("String"),
        Scalar::Float => TypeRef::named("Float"),
        Scalar::Boolean => TypeRef::named("Boolean"),
        Scalar::List => TypeRef::list("String"),
    };
    FieldDef::new(name, ty, Meaning::Property(scalar))
}

fn node_type(graph: &Graph, id: TypeId, arguments: &Arguments) -> TypeDef<Meaning> {
    let node = &graph.types[id];
    let mut fields = common_fields();
    if node.label == "project"
        && let Some(field) = fields.iter_mut().find(|field| field.name == "project_id")
    {
        field.meaning = Some(Meaning::ProjectName);
    }
    fields.extend(own_properties(node).map(|(name, scalar)| property_field(name, *scalar)));
    for (name, link) in &node.links {
        fields.push(nodes_field(name, Meaning::Link, graph, link.target, arguments));
        // The arguments of a count are those of this type and not of the target's (peregrine 3.2.6).
        let count = FieldDef::new(&format!("_{name}_count"), TypeRef::named("Int"), Meaning::LinkCount);
        fields.push(count.with_args(arguments.of[&id].clone()));
    }
    fields.push(
        FieldDef::new("_links", TypeRef::list("Node"), Meaning::Neighbours)
            .with_args(arguments.neighbours.clone()),
    );
    fields.extend(logs::node_fields(arguments));
    TypeDef::object(&node.label, fields, vec!["Node".to_owned()])
}

/// Properties beside those that every node has.
fn own_properties(node: &NodeModel) -> impl Iterator<Item = (&String, &Scalar)> {
    node.properties.iter().filter(|(name, _)| !COMMON.contains(&name.as_str()))
}

fn data_node(graph: &Graph) -> TypeDef<Meaning> {
    let mut fields = vec![
        FieldDef::new("id", TypeRef::named("ID"), Meaning::Id),
        FieldDef::new("type", TypeRef::named("String"), Meaning::Type),
    ];
    fields
        .extend(arguments::file_properties(graph).iter().map(|(name, scalar)| property_field(name, *scalar)));
    TypeDef::object("DataNode", fields, vec![])
}

/// Every key that the schema of some node type has, in order of appearance.
fn schema_keys(dictionary: &Dictionary) -> Vec<String> {
    let mut keys: Vec<String> = vec!["id".to_owned()];
    for node in dictionary.nodes.values() {
        let own = node.schema.as_object().into_iter().flat_map(|schema| schema.keys());
        for key in own.filter(|key| !key.starts_with('$')) {
            if !keys.contains(key) {
                keys.push(key.clone());
            }
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_count_of_a_type_called_like_a_count_has_a_name_of_its_own() {
        let mut files: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/data/dictionary.json")).unwrap();
        for id in ["slide", "slide_count"] {
            let mut node = files["case.yaml"].clone();
            node["id"] = id.into();
            node["links"] = serde_json::json!([]);
            files[format!("{id}.yaml")] = node;
        }
        let dictionary = Dictionary::from_files(serde_json::from_value(files).unwrap()).unwrap();
        let graph = Graph::new(&dictionary);
        let schema = build(&dictionary, &graph).unwrap();
        let (slide, slide_count) = (graph.find("slide").unwrap(), graph.find("slide_count").unwrap());
        let wanted = [
            ("{slide {id}}", Meaning::Nodes(slide)),
            ("{_slide_count}", Meaning::NodeCount(slide)),
            ("{slide_count {id}}", Meaning::Nodes(slide_count)),
            ("{_slide_count_count}", Meaning::NodeCount(slide_count)),
        ];
        for (query, meaning) in wanted {
            let limits = graphql::Limits::default();
            let fields = graphql::prepare(&schema, query, &serde_json::Map::new(), &limits).unwrap();
            assert_eq!(fields[0].field.meaning, Some(meaning), "{query}");
        }
    }
}
