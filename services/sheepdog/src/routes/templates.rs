//! Empty forms to fill in: one of a node type, or those of all types in an archive.

use ::web::{Params, Routes};
use actix_web::{HttpResponse, http::Method, web};
use dictionary::{Dictionary, NodeType};
use serde::Deserialize;
use serde_json::Value;

use super::answers;
use crate::{
    Error, Sheepdog,
    forms::{
        archive,
        template::{FileFormat, Template},
    },
    model::project::ProjectPath,
    projects::project,
};

#[derive(Deserialize)]
struct NodeName {
    node: String,
}

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.endpoint(Method::GET, "/template", all);
    routes.endpoint(Method::GET, "/template/{node}", one);
    routes.resource("/{program}/{project}/template", |methods| methods.get(all_in_project));
    routes.resource("/{program}/{project}/template/{node}", |methods| methods.get(one_in_project));
}

async fn all(sheepdog: web::Data<Sheepdog>, params: Params) -> Result<HttpResponse, Error> {
    answer_all(&sheepdog.dictionary, &params)
}

async fn one(
    sheepdog: web::Data<Sheepdog>,
    node: web::Path<NodeName>,
    params: Params,
) -> Result<HttpResponse, Error> {
    answer_one(&sheepdog.dictionary, &node.node, &params)
}

async fn all_in_project(
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    params: Params,
) -> Result<HttpResponse, Error> {
    project::find(&sheepdog, &path).await?;
    answer_all(&sheepdog.dictionary, &params)
}

async fn one_in_project(
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    node: web::Path<NodeName>,
    params: Params,
) -> Result<HttpResponse, Error> {
    project::find(&sheepdog, &path).await?;
    answer_one(&sheepdog.dictionary, &node.node, &params)
}

fn answer_one(dictionary: &Dictionary, node: &str, params: &Params) -> Result<HttpResponse, Error> {
    let found = dictionary.nodes.get(node);
    let found = found.ok_or_else(|| Error::NotFound(format!("Entity type {node} is not in dictionary")))?;
    let format = format_of(params)?;
    let name = format!("submission_{node}_template.{}", format.as_str());
    Ok(answers::attachment("application/octet-stream", &name)
        .body(Template::of(dictionary, found).render(format)))
}

fn answer_all(dictionary: &Dictionary, params: &Params) -> Result<HttpResponse, Error> {
    let format = format_of(params)?;
    let nodes = dictionary.nodes.values().filter(|node| is_wanted(node, params));
    let templates = nodes.map(|node| (node, Template::of(dictionary, node)));
    // The original leaves the content type at its framework's default.
    let content_type = "text/html; charset=utf-8";
    if format == FileFormat::Json {
        let all: Value = templates.map(|(_, template)| template.json()).collect();
        return Ok(answers::attachment(content_type, "submission_templates.json").body(format!("{all:#}")));
    }
    let files = templates.map(|(node, template)| {
        (format!("{}.{}", node.id, format.as_str()), template.render(format).into_bytes())
    });
    Ok(answers::attachment(content_type, "submission_templates.tar.gz").body(archive::tar_gz(files)?))
}

fn format_of(params: &Params) -> Result<FileFormat, Error> {
    let name = params.get("format").unwrap_or("tsv");
    FileFormat::named(name).ok_or_else(|| {
        let supported = "supported formats are: csv,tsv,json.";
        Error::BadRequest(format!("Format {name} is not supported; {supported}"))
    })
}

/// Types of records in projects, of the wanted categories, not excluded.
fn is_wanted(node: &NodeType, params: &Params) -> bool {
    let lists = |list: &str, word: &str| {
        let list = params.get(list).filter(|list| !list.is_empty());
        list.map(|list| list.split(',').any(|item| item == word))
    };
    node.properties.contains_key("project_id")
        && lists("categories", &node.category.0) != Some(false)
        && lists("exclude", &node.id) != Some(true)
}
