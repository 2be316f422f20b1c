//! `/admin/groups` and `/admin/projects`, and those of a user: access as it was before arborist. Buckets and
//! cloud providers, which these routes once made in object stores, are configured now.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Map, Value, json};
use web::Routes;

use super::{
    admin_users::role,
    body::{Body, required_text, text, texts},
};
use crate::{
    actions::{Access, MOST_NAMES},
    error::Error,
    identity::{caller::Caller, permits::may_administer},
    service::Fence,
    store::legacy_access::Project,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    for name in ["user", "users"] {
        routes.below(&format!("/admin/{name}/{{username}}"), |routes| {
            routes.resource("/groups", |methods| methods.get(groups_of).put(join).delete(leave));
            routes.resource("/projects", |methods| methods.put(grant).delete(revoke));
        });
    }
    routes.below("/admin/groups", |routes| {
        routes.resource("", |methods| methods.get(groups).post(create_group));
        routes.resource("/{name}", |methods| methods.get(group).put(update_group).delete(delete_group));
        routes.resource("/{name}/users", |methods| methods.get(members));
        routes.resource("/{name}/projects", |methods| {
            methods.get(projects_of).put(add_projects).delete(remove_projects)
        });
    });
    routes.below("/admin/projects", |routes| {
        routes.resource("", |methods| methods.get(projects));
        routes
            .resource("/{name}", |methods| methods.get(project).post(create_project).delete(delete_project));
        routes.resource("/{name}/groups", |methods| methods.put(add_to_groups));
        routes.resource("/{name}/bucket", |methods| methods.get(buckets));
    });
}

/// The names that a request lists.
///
/// # Errors
/// 413 for too many, 400 for what is no list of texts.
fn names(body: &Map<String, Value>, key: &str) -> Result<Vec<String>, Error> {
    let names = texts(body, key)?;
    not_too_many(names.len())?;
    Ok(names)
}

fn not_too_many(number: usize) -> Result<(), Error> {
    if number > MOST_NAMES {
        return Err(Error::TooLarge(format!("a request names at most {MOST_NAMES}")));
    }
    Ok(())
}

async fn groups_of(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({ "groups": fence.groups_of(&proof, &username).await? })))
}

async fn join(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let groups = names(&body.any_object()?, "groups")?;
    Ok(HttpResponse::Ok().json(fence.join_groups(&proof, &username, &groups).await?))
}

async fn leave(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let groups = names(&body.any_object()?, "groups")?;
    Ok(HttpResponse::Ok().json(fence.leave_groups(&proof, &username, &groups).await?))
}

async fn grant(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let accesses = accesses(&body.any_object()?)?;
    Ok(HttpResponse::Ok().json(fence.grant_projects(&proof, &username, &accesses).await?))
}

fn accesses(body: &Map<String, Value>) -> Result<Vec<Access>, Error> {
    let wrong = || Error::BadRequest("`projects` must be a list of {auth_id, privilege}".into());
    let list = match body.get("projects") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(list) => list.as_array().ok_or_else(wrong)?,
    };
    not_too_many(list.len())?;
    let access = |item: &Value| {
        let item = item.as_object().ok_or_else(wrong)?;
        Ok(Access {
            auth_id: required_text(item, "auth_id")?.to_owned(),
            privileges: texts(item, "privilege")?,
        })
    };
    list.iter().map(access).collect()
}

async fn revoke(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let projects = names(&body.any_object()?, "projects")?;
    Ok(HttpResponse::Ok().json(fence.revoke_projects(&proof, &username, &projects).await?))
}

async fn groups(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({ "groups": fence.groups(&proof).await? })))
}

async fn create_group(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let body = body.any_object()?;
    let group = fence.add_group(&proof, required_text(&body, "name")?, text(&body, "description")?).await?;
    Ok(HttpResponse::Ok().json(group))
}

async fn group(fence: Data<Fence>, caller: Caller, name: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(fence.group(&proof, &name).await?))
}

async fn update_group(
    fence: Data<Fence>,
    caller: Caller,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let body = body.any_object()?;
    let new_name = text(&body, "name")?.filter(|name| !name.is_empty());
    let group = fence.change_group(&proof, &name, new_name, text(&body, "description")?).await?;
    Ok(HttpResponse::Ok().json(group))
}

async fn delete_group(fence: Data<Fence>, caller: Caller, name: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    fence.delete_group(&proof, &name).await?;
    Ok(HttpResponse::Ok().json(json!({ "result": "success" })))
}

async fn members(fence: Data<Fence>, caller: Caller, name: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let members = fence.members(&proof, &name).await?;
    let line = |(name, is_admin): &(String, bool)| json!({ "name": name, "role": role(*is_admin) });
    Ok(HttpResponse::Ok().json(json!({ "users": members.iter().map(line).collect::<Vec<_>>() })))
}

async fn projects_of(fence: Data<Fence>, caller: Caller, name: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(json!({ "projects": fence.group(&proof, &name).await?.projects })))
}

async fn add_projects(
    fence: Data<Fence>,
    caller: Caller,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let projects = names(&body.any_object()?, "projects")?;
    Ok(HttpResponse::Ok().json(fence.connect(&proof, &[name.into_inner()], &projects).await?))
}

async fn remove_projects(
    fence: Data<Fence>,
    caller: Caller,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let projects = names(&body.any_object()?, "projects")?;
    Ok(HttpResponse::Ok().json(fence.disconnect(&proof, &name, &projects).await?))
}

fn described(project: &Project) -> Value {
    json!({
        "id": project.id,
        "name": project.name,
        "auth_id": project.auth_id,
        "description": project.description,
        "associated buckets": [],
    })
}

async fn projects(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let projects = fence.projects(&proof).await?;
    Ok(HttpResponse::Ok().json(json!({ "projects": projects.iter().map(described).collect::<Vec<_>>() })))
}

async fn project(fence: Data<Fence>, caller: Caller, name: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(described(&fence.project(&proof, &name).await?)))
}

async fn create_project(
    fence: Data<Fence>,
    caller: Caller,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let body = body.any_object()?;
    // Cloud providers are none that a project could be connected to.
    if let Some(provider) = texts(&body, "storage_accesses")?.first() {
        return Err(Error::NotFound(format!("Provider {provider} does not exist")));
    }
    fence.add_project(&proof, &name, text(&body, "auth_id")?).await?;
    Ok(HttpResponse::Ok().json(json!({ "result": "success" })))
}

async fn delete_project(
    fence: Data<Fence>,
    caller: Caller,
    name: Path<String>,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    fence.delete_project(&proof, &name).await?;
    Ok(HttpResponse::Ok().json(json!({ "result": "success" })))
}

async fn add_to_groups(
    fence: Data<Fence>,
    caller: Caller,
    name: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let groups = names(&body.any_object()?, "groups")?;
    Ok(HttpResponse::Ok().json(fence.connect(&proof, &groups, &[name.into_inner()]).await?))
}

/// Projects have no buckets of their own: what a project's files are is in the index.
async fn buckets(fence: Data<Fence>, caller: Caller, name: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    fence.project(&proof, &name).await?;
    Ok(HttpResponse::Ok().json(json!({ "buckets": [] })))
}
