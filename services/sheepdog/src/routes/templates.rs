//! Empty forms to fill in: one of a node type, or those of all types in an archive.

use actix_web::{HttpResponse, http::header::CONTENT_DISPOSITION, web};
use dictionary::{Dictionary, NodeType};
use serde::Deserialize;
use serde_json::Value;

use super::{resource, submission::find_project};
use crate::{
    Error, Sheepdog, archive,
    template::{Format, Template},
};

#[derive(Deserialize)]
struct Query {
    format: Option<String>,
    categories: Option<String>,
    exclude: Option<String>,
}

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(resource("/template").route(web::get().to(all)));
    cfg.service(resource("/template/{node}").route(web::get().to(one)));
    cfg.service(resource("/{program}/{project}/template").route(web::get().to(all_in_project)));
    cfg.service(resource("/{program}/{project}/template/{node}").route(web::get().to(one_in_project)));
}

async fn all(sheepdog: web::Data<Sheepdog>, query: web::Query<Query>) -> Result<HttpResponse, Error> {
    answer_all(&sheepdog.dictionary, &query)
}

async fn one(
    sheepdog: web::Data<Sheepdog>,
    node: web::Path<String>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    answer_one(&sheepdog.dictionary, &node, &query)
}

async fn all_in_project(
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    find_project(&sheepdog, &path.0, &path.1).await?;
    answer_all(&sheepdog.dictionary, &query)
}

async fn one_in_project(
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String, String)>,
    query: web::Query<Query>,
) -> Result<HttpResponse, Error> {
    find_project(&sheepdog, &path.0, &path.1).await?;
    answer_one(&sheepdog.dictionary, &path.2, &query)
}

fn answer_one(dictionary: &Dictionary, node: &str, query: &Query) -> Result<HttpResponse, Error> {
    let found = dictionary.nodes.get(node);
    let found = found.ok_or_else(|| Error::NotFound(format!("Entity type {node} is not in dictionary")))?;
    let format = query.format()?;
    let name = format!("submission_{node}_template.{}", format.as_str());
    Ok(attachment("application/octet-stream", &name, Template::of(dictionary, found).render(format)))
}

fn answer_all(dictionary: &Dictionary, query: &Query) -> Result<HttpResponse, Error> {
    let format = query.format()?;
    let nodes = dictionary.nodes.values().filter(|node| query.wants(node));
    let templates = nodes.map(|node| (node, Template::of(dictionary, node)));
    // The original leaves the content type at its framework's default.
    let content_type = "text/html; charset=utf-8";
    if format == Format::Json {
        let all: Value = templates.map(|(_, template)| template.json()).collect();
        return Ok(attachment(content_type, "submission_templates.json", format!("{all:#}")));
    }
    let files = templates.map(|(node, template)| {
        (format!("{}.{}", node.id, format.as_str()), template.render(format).into_bytes())
    });
    Ok(attachment(content_type, "submission_templates.tar.gz", archive::tar_gz(files)?))
}

impl Query {
    fn format(&self) -> Result<Format, Error> {
        let name = self.format.as_deref().unwrap_or("tsv");
        Format::named(name).ok_or_else(|| {
            let supported = "supported formats are: csv,tsv,json.";
            Error::BadRequest(format!("Format {name} is not supported; {supported}"))
        })
    }

    /// Types of records in projects, of the wanted categories, not excluded.
    fn wants(&self, node: &NodeType) -> bool {
        let lists = |list: &Option<String>, word: &str| {
            list.as_deref()
                .filter(|list| !list.is_empty())
                .map(|list| list.split(',').any(|item| item == word))
        };
        node.properties.contains_key("project_id")
            && lists(&self.categories, &node.category.0) != Some(false)
            && lists(&self.exclude, &node.id) != Some(true)
    }
}

/// A file to save.
pub(super) fn attachment(content_type: &str, name: &str, body: impl Into<web::Bytes>) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename={name}")))
        .body(body.into())
}
