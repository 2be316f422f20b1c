//! Projects: list, create, update, delete.

use std::{collections::BTreeMap, sync::Arc};

use actix_web::{HttpRequest, HttpResponse, web};
use dictionary::ViolationKind;
use psqlgraph::transactions::{self, NewLog, Role};
use serde_json::{Map, Value, json};

use super::{
    programs::{delete_program, no_content, read_one, text},
    resource, submission,
    submission::{find_project, require_state},
};
use crate::{
    Error, Sheepdog,
    answer::{Errors, Outcome},
    auth::{PROJECT_ADMIN, Permitted},
    batches::Batches,
    entity::{Action, Entity, Node},
    store,
    store::projects::{Program, Project},
    task::to_the_end,
};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    cfg.service(
        resource("/{program}")
            .route(web::get().to(list_projects))
            .route(web::put().to(put_project))
            .route(web::post().to(put_project))
            .route(web::patch().to(put_project))
            .route(web::delete().to(delete_program)),
    );
    cfg.service(
        resource("/{program}/{project}")
            .route(web::put().to(submission::put))
            .route(web::post().to(submission::post))
            .route(web::delete().to(delete_project)),
    );
}

async fn list_projects(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    name: web::Path<String>,
) -> Result<HttpResponse, Error> {
    sheepdog.require_openid(&request).await?;
    let program = find_program(&sheepdog, &name).await?;
    let mut connection = sheepdog.pool.acquire().await?;
    let codes = store::projects::codes(&mut connection, &sheepdog.dictionary, &program.node_id).await?;
    let links: Vec<String> = codes.iter().map(|code| format!("/v0/submission/{name}/{code}")).collect();
    Ok(HttpResponse::Ok().json(json!({ "links": links })))
}

async fn find_program(sheepdog: &Sheepdog, name: &str) -> Result<Program, Error> {
    let mut connection = sheepdog.pool.acquire().await?;
    let program = store::projects::program(&mut connection, name).await?;
    program.ok_or_else(|| Error::NotFound(format!("program {name} not found")))
}

async fn put_project(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    name: web::Path<String>,
    payload: web::Payload,
) -> Result<HttpResponse, Error> {
    let program = find_program(&sheepdog, &name).await?;
    sheepdog.permit_admin(&request, PROJECT_ADMIN).await?;
    let document = read_one(&request, &sheepdog, payload, "project").await?;
    let missing = |message: &str| Error::BadRequest(message.to_owned());
    let code =
        text(&document, "code").ok_or_else(|| missing("No project specified in key 'code'"))?.to_owned();
    let number = text(&document, "dbgap_accession_number")
        .ok_or_else(|| missing("No dbgap_accession_number specified."))?
        .to_owned();
    let props = submitted_props(&sheepdog, document, &code)?;
    let (sheepdog, path) = (sheepdog.into_inner(), request.path().to_owned());
    let work = async move {
        let mut outcome = write_project(&sheepdog, &path, &program, &code, props).await?;
        if let Some(program_number) = text(&program.props, "dbgap_accession_number") {
            sheepdog.make_resource(&format!("/programs/{program_number}/projects/{number}")).await;
        }
        outcome.answer(&sheepdog.place(), &sheepdog.dictionary).await
    };
    Ok(submission::answer_with(200, to_the_end(work).await?))
}

/// The properties that a user may set, checked against the schema as far as they are given: what the schema
/// requires is not required here.
fn submitted_props(
    sheepdog: &Sheepdog,
    document: Map<String, Value>,
    code: &str,
) -> Result<Map<String, Value>, Error> {
    let node_type = sheepdog
        .dictionary
        .nodes
        .get("project")
        .ok_or_else(|| Error::Corrupt("the dictionary has no project".to_owned()))?;
    let mut props = Map::new();
    for (name, value) in document {
        let dropped =
            matches!(name.as_str(), "id" | "type" | "state" | "released") || node_type.is_link(&name);
        if dropped {
            continue;
        }
        if !node_type.properties.contains_key(&name) {
            let id = psqlgraph::ids::project_id_uuid(code);
            return Err(Error::BadRequest(format!("ERROR: <Project({id})> has no property {name}")));
        }
        props.insert(name, value);
    }
    let mut checked = props.clone();
    checked.insert("type".to_owned(), json!("project"));
    let violations = sheepdog.validators.check("project", &Value::Object(checked));
    let messages: Vec<String> = violations
        .into_iter()
        .filter(|violation| violation.kind != ViolationKind::MissingProperty)
        .map(|violation| violation.message)
        .collect();
    match messages.is_empty() {
        true => Ok(props),
        false => Err(Error::BadRequest(messages.join("; "))),
    }
}

async fn write_project(
    sheepdog: &Sheepdog,
    path: &str,
    program: &Program,
    code: &str,
    props: Map<String, Value>,
) -> Result<Outcome, Error> {
    let mut transaction = sheepdog.pool.begin().await?;
    let id = psqlgraph::ids::project_id_uuid(code).to_string();
    store::projects::take_turns(&mut transaction, &id).await?;
    let stored = store::projects::owned(&mut transaction, &sheepdog.dictionary, &id).await?;
    let node = match stored {
        None => Node { id, action: Action::Create, old: None, props: new_project(props) },
        Some((owner, old)) => {
            if owner.as_deref() != Some(program.node_id.as_str()) {
                return Err(Error::BadRequest(format!("ERROR: Project {code} already exists in DB")));
            }
            let stored = Project {
                node_id: id.clone(),
                code: code.to_owned(),
                props: old.clone(),
                program: program.clone(),
            };
            require_state(&stored, path, "open")?;
            let mut merged = old.clone();
            merged.extend(props);
            Node { id, action: Action::Update, old: Some(old), props: merged }
        }
    };
    // The log row of a project stays PENDING and names nobody: clients of the transaction log know it so.
    let log = NewLog {
        submitter: None,
        role: Role::Update,
        program: &program.name,
        project: code,
        is_dry_run: false,
    };
    let transaction_id = transactions::open(&mut transaction, &log).await?;
    store::projects::put_project(&mut transaction, &sheepdog.dictionary, &program.node_id, &node).await?;
    transaction.commit().await?;
    let entity = Entity {
        document: Value::Null,
        label: Some("project".to_owned()),
        shown_type: json!("project"),
        shown_id: Value::Null,
        shown_keys: Vec::new(),
        urls: None,
        errors: Vec::new(),
        warnings: Vec::new(),
        node: Some(node),
        file: None,
        uses: BTreeMap::new(),
        edges: Vec::new(),
    };
    Ok(Outcome {
        transaction_id,
        entities: Batches::whole(vec![entity]),
        errors: Errors::new(sheepdog.place()),
        is_dry_run: false,
        success_code: 200,
    })
}

fn new_project(mut props: Map<String, Value>) -> Map<String, Value> {
    props.insert("state".to_owned(), json!("open"));
    props
}

async fn delete_project(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (program, code) = path.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    let permitted = sheepdog.permit_admin(&request, PROJECT_ADMIN).await?;
    to_the_end(remove_project(sheepdog.into_inner(), project, permitted)).await?;
    Ok(no_content())
}

async fn remove_project(
    sheepdog: Arc<Sheepdog>,
    project: Project,
    permitted: Permitted,
) -> Result<(), Error> {
    let code = &project.code;
    let mut transaction = sheepdog.pool.begin().await?;
    store::projects::lock(&mut transaction, &project.node_id).await?;
    if store::projects::has_nodes(&mut transaction, &sheepdog.dictionary, &project.node_id).await? {
        // The blanks are the original's.
        let blanks = " ".repeat(29);
        let message = format!("ERROR: Can not delete the project.{blanks}Project {code} is not empty");
        return Err(Error::BadRequest(message));
    }
    store::projects::delete_project(
        &mut transaction,
        &sheepdog.dictionary,
        &project,
        permitted.submitter.as_deref(),
    )
    .await?;
    transaction.commit().await?;
    Ok(())
}
