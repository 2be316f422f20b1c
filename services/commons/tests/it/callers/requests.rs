//! The requests to each service. They are those of the services' own tests; what they are about is made here,
//! among real neighbours.

use serde_json::{Value, json};
use testing::{callers::Caller, endpoints::Case};
use web::Endpoint;

use super::stage::Stage;

#[path = "../../../../arborist/tests/it/cases.rs"]
mod arborist_cases;
#[path = "../../../../audit/tests/it/cases.rs"]
mod audit_cases;
#[path = "../../../../fence/tests/it/cases.rs"]
mod fence_cases;
#[path = "../../../../guppy/tests/it/cases.rs"]
mod guppy_cases;
#[path = "../../../../indexd/tests/it/cases.rs"]
mod indexd_cases;
#[path = "../../../../library/tests/it/cases.rs"]
mod library_cases;
#[path = "../../../../manifests/tests/it/cases.rs"]
mod manifests_cases;
#[path = "../../../../metadata/tests/it/cases.rs"]
mod metadata_cases;
#[path = "../../../../operations/tests/it/cases.rs"]
mod operations_cases;
#[path = "../../../../peregrine/tests/it/cases.rs"]
mod peregrine_cases;
#[path = "../../../../portal/tests/it/cases.rs"]
mod portal_cases;
#[path = "../../../../requestor/tests/it/cases.rs"]
mod requestor_cases;
#[path = "../../../../sheepdog/tests/it/cases.rs"]
mod sheepdog_cases;
#[path = "../../../../workflow/tests/it/cases.rs"]
mod workflow_cases;
#[path = "../../../../workspace/tests/it/cases.rs"]
mod workspace_cases;
#[path = "../../../../wts/tests/it/cases.rs"]
mod wts_cases;

/// For whom requests are made, and how often they have been made for them before.
pub(super) struct World<'a> {
    pub(super) service: &'a str,
    pub(super) round: usize,
    pub(super) caller: Caller,
}

impl World<'_> {
    /// Different for each world of a service.
    fn number(&self) -> usize {
        self.round * Caller::ALL.len() + self.caller.index()
    }

    fn name(&self) -> String {
        format!("{}{}", self.service, self.number())
    }

    /// One of ten GUIDs; each service has its own thousand.
    fn guid(&self, n: usize) -> String {
        let first = match self.service {
            "fence" => 1000,
            "metadata" => 2000,
            _ => 0,
        };
        format!("00000000-0000-4000-8000-{:012}", first + 10 * self.number() + n)
    }
}

/// Everything that a service answers.
pub(super) fn endpoints(service: &str) -> Vec<Endpoint> {
    match service {
        "arborist" => arborist::endpoints(),
        "audit" => audit::Audit::endpoints(),
        "fence" => fence::endpoints(),
        "guppy" => guppy::Guppy::endpoints(),
        "indexd" => indexd::endpoints(),
        "library" => library::Library::endpoints(),
        "manifests" => manifests::Manifests::endpoints(),
        "metadata" => metadata::endpoints(),
        "operations" => operations::Operations::endpoints(),
        "peregrine" => peregrine::Peregrine::endpoints(),
        "portal" => portal::Portal::endpoints(),
        "requestor" => requestor::Requestor::endpoints(),
        "sheepdog" => sheepdog::endpoints(),
        "workspace" => [workspace::Workspaces::endpoints(), workflow::Workflows::endpoints()].concat(),
        "wts" => wts::Wts::endpoints(),
        other => panic!("the routes of {other} are not asked here"),
    }
}

/// The requests to a service, and what they are about.
pub(super) async fn cases(stage: &Stage, world: &World<'_>) -> Vec<Case> {
    match world.service {
        "arborist" => {
            let programs = stage.prepare("GET", "arborist", "/resource/programs", &Value::Null).await;
            arborist_cases::cases(text(&programs, "tag"), &world.name())
        }
        "audit" => audit_cases::cases(),
        "fence" => fence(stage, world).await,
        "guppy" => guppy_cases::cases(),
        "indexd" => indexd(stage, world).await,
        "library" => {
            let list = json!({"lists": [{"name": world.name(), "items": {}}]});
            let made = stage.prepare("PUT", "library", "/lists", &list).await;
            let lists = made["lists"].as_object().unwrap();
            library_cases::cases(lists.keys().next().unwrap())
        }
        "manifests" => {
            let manifest = stage.prepare("POST", "manifests", "/", &json!([{"object_id": "1"}])).await;
            let metadata = stage.prepare("POST", "manifests", "/metadata", &json!({"a": 1})).await;
            manifests_cases::cases(text(&manifest, "filename"), text(&metadata, "filename"))
        }
        "metadata" => {
            let name = world.name();
            let document = json!({"x": 1});
            stage.prepare("POST", "metadata", &format!("/metadata/{name}"), &document).await;
            metadata_cases::cases(&name, &guarded(stage, world).await)
        }
        "operations" => {
            let ended = ended_run(stage).await;
            operations_cases::cases(OPERATION, &ended, &ended)
        }
        "peregrine" => peregrine_cases::cases(&stage.file),
        "portal" => {
            let page = stage.prepare("GET", "portal", "/query", &Value::Null).await;
            let mut parts = page.as_str().unwrap().split('"');
            portal_cases::cases(parts.find(|part| part.starts_with("/query/assets/")).unwrap())
        }
        "requestor" => {
            let request = json!({"username": world.name(), "policy_id": "p1"});
            let made = stage.prepare("POST", "requestor", "/request", &request).await;
            requestor_cases::cases(text(&made, "request_id"), &world.name(), "p2")
        }
        "sheepdog" => sheepdog(stage, world).await,
        "workspace" => {
            let task = json!({"executors": [{"image": "i", "command": ["true"]}]});
            let task = stage.prepare("POST", "workspace", "/ga4gh/tes/v1/tasks", &task).await;
            [workspace_cases::cases(), workflow_cases::cases(text(&task, "id"))].concat()
        }
        "wts" => wts_cases::cases(),
        other => panic!("{other} has no requests here"),
    }
}

/// An operation that is over at once.
const OPERATION: &str = "expired-clients";

/// A run that has ended.
async fn ended_run(stage: &Stage) -> String {
    let run = stage.prepare("POST", "operations", "/v1/runs", &json!({"kind": OPERATION})).await;
    let path = format!("/v1/runs/{}", text(&run, "id"));
    for _ in 0..600 {
        let run = stage.prepare("GET", "operations", &path, &Value::Null).await;
        if run["state"] == "succeeded" {
            return text(&run, "id").to_owned();
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the operation does not end: {run}")
}

fn text<'a>(said: &'a Value, field: &str) -> &'a str {
    said[field].as_str().unwrap_or_else(|| panic!("no {field}: {said}"))
}

/// The record of a file in the resource `/data_file`.
async fn guarded(stage: &Stage, world: &World<'_>) -> String {
    let guid = world.guid(0);
    let record = json!({
        "did": guid, "form": "object", "size": 1, "hashes": {"md5": format!("{:032x}", world.number())},
        "urls": [format!("s3://commons-data/{guid}/f")], "authz": ["/data_file"],
    });
    stage.prepare_index("POST", "/index", &record).await;
    guid
}

async fn fence(stage: &Stage, world: &World<'_>) -> Vec<Case> {
    let guarded = guarded(stage, world).await;
    let key = stage.prepare_as(&stage.ada, "POST", "fence", "/credentials/api", &json!({})).await;
    fence_cases::cases(&fence_cases::Objects {
        guarded,
        somebodys_key: text(&key, "api_key").to_owned(),
        own_key: stage.api_key(world.caller).to_owned(),
        workspace_key: world.guid(9),
        project: world.name(),
    })
}

async fn indexd(stage: &Stage, world: &World<'_>) -> Vec<Case> {
    let mut made = Vec::new();
    for n in 0..3 {
        let record = json!({
            "did": world.guid(n), "form": "object", "size": 1, "authz": ["/a"], "urls": [],
            "hashes": {"md5": "00000000000000000000000000000001"},
        });
        let said = stage.prepare("POST", "indexd", "/index", &record).await;
        made.push((text(&said, "did").to_owned(), text(&said, "rev").to_owned()));
    }
    let said = stage.prepare("POST", "indexd", "/index/blank", &json!({"authz": ["/a"]})).await;
    let blank = (text(&said, "did").to_owned(), text(&said, "rev").to_owned());
    let bundle = format!("bundle-{}", world.name());
    let bundled = json!({"bundles": [made[0].0], "bundle_id": bundle});
    stage.prepare("POST", "indexd", "/bundle", &bundled).await;
    stage.prepare_index("PUT", &format!("/alias/{}", world.name()), &indexd_cases::alias()).await;
    let [read, updated, deleted] = made.try_into().unwrap();
    indexd_cases::cases(&indexd_cases::Objects {
        read: read.0,
        updated,
        deleted,
        blank,
        new: [world.guid(3), world.guid(4)],
        another_bundle: format!("another-{bundle}"),
        bundle,
        alias: world.name(),
    })
}

async fn sheepdog(stage: &Stage, world: &World<'_>) -> Vec<Case> {
    let (program, project) = (world.name(), format!("project{}", world.number()));
    let body = json!({"type": "program", "name": program, "dbgap_accession_number": format!("phs{program}")});
    stage.prepare("POST", "sheepdog", "/v0/submission", &body).await;
    let body = json!({"code": project, "name": project, "dbgap_accession_number": format!("phs{project}")});
    stage.prepare("PUT", "sheepdog", &format!("/v0/submission/{program}"), &body).await;
    sheepdog_cases::cases(&program, &project)
}
