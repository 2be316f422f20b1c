//! Pay models, of which there are none, and what a workspace costs.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use chrono::Utc;
use serde_json::{Value, json};
use web::Params;

use super::answers::text;
use crate::{access::Holder, error::Error, life::Status, model::Stored, service::Workspaces};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/paymodels", |methods| methods.get(current));
    routes.resource("/allpaymodels", |methods| methods.get(all));
    routes.resource("/setpaymodel", |methods| methods.post(set));
    routes.resource("/resetpaymodels", |methods| methods.post(reset));
    routes.resource("/create-ecs-cluster", |methods| methods.post(cluster));
    routes.resource("/allCosts", |methods| methods.get(costs));
}

async fn current(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    service.holder(request.headers()).await?;
    Err(Error::NotFound("Current paymodel not set".into()))
}

async fn all(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    service.holder(request.headers()).await?;
    Err(Error::NotFound("No paymodel set".into()))
}

async fn set(service: Data<Workspaces>, request: HttpRequest, params: Params) -> Result<HttpResponse, Error> {
    service.refuse_other_sites(&request)?;
    let holder = service.holder(request.headers()).await?;
    if params.get("id").is_none_or(str::is_empty) {
        return Err(Error::BadRequest("Missing ID argument".into()));
    }
    refuse_while_running(&service, &holder, "Can not update paymodel when workspace is running").await?;
    Err(Error::NotFound("No paymodel set".into()))
}

async fn reset(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    service.refuse_other_sites(&request)?;
    let holder = service.holder(request.headers()).await?;
    refuse_while_running(&service, &holder, "Can not reset paymodels when workspace is running").await?;
    Ok(text("Current Paymodel has been reset"))
}

async fn refuse_while_running(service: &Workspaces, holder: &Holder, why: &str) -> Result<(), Error> {
    match service.status(holder).await?.0 {
        Status::NotFound => Ok(()),
        _ => Err(Error::Historic(why.to_owned())),
    }
}

async fn cluster(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    service.refuse_other_sites(&request)?;
    service.holder(request.headers()).await?;
    Err(Error::NotFound("Paymodel has not been setup for user".into()))
}

/// What the caller's own workspace has cost so far. The original shows those of everybody.
async fn costs(service: Data<Workspaces>, request: HttpRequest) -> Result<HttpResponse, Error> {
    let holder = service.holder(request.headers()).await?;
    let hatchery = &service.config.hatchery;
    let namespace = hatchery.namespace.as_deref().unwrap_or_default();
    let row = service.costs(&holder).await?;
    let pods: Vec<Value> = row
        .iter()
        .map(|row| cost(row, &holder, namespace, (hatchery.cpu_price, hatchery.memory_price)))
        .collect();
    let total: f64 = pods.iter().filter_map(|pod| pod["total_cost"].as_f64()).sum();
    let summary =
        json!({ "namespace": namespace, "total_pods": pods.len(), "total_cost": total, "pods": pods });
    Ok(super::answers::json(&summary))
}

#[expect(clippy::cast_precision_loss, reason = "amounts of one workspace are small numbers")]
fn cost(row: &Stored, holder: &Holder, namespace: &str, (cpu_price, memory_price): (f64, f64)) -> Value {
    let runtime = (Utc::now() - row.launched).to_std().unwrap_or_default();
    let hours = runtime.as_secs_f64() / 3_600.0;
    let cores = row.container.cpu_millis as f64 / 1_000.0;
    let gigabytes = row.container.memory_bytes as f64 / f64::from(1 << 30);
    let (cpu, memory) = (cores * cpu_price * hours, gigabytes * memory_price * hours);
    let seconds = runtime.as_secs();
    json!({
        "pod_name": holder.names().pod(),
        "namespace": namespace,
        "runtime": format!("{}h{}m{}s", seconds / 3_600, seconds / 60 % 60, seconds % 60),
        "cpu_cores": cores,
        "memory_gb": gigabytes,
        "cpu_cost": cpu,
        "memory_cost": memory,
        "total_cost": cpu + memory,
    })
}
