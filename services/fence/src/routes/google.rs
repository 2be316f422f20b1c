//! `/google/...`: service accounts of users at Google Cloud. This commons registers none; who asks is told
//! so, after the checks that come first.

use actix_web::{HttpResponse, web::Data};
use serde_json::json;
use web::Routes;

use crate::{error::Error, identity::caller::Caller, service::Fence};

const ACCOUNTS: &str = "google_service_account";
const CREDENTIALS: &str = "google_credentials";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/google/billing_projects", |methods| methods.get(billing_projects));
    routes.resource("/google/primary_google_service_account", |methods| methods.post(primary_account));
    for path in ["/google/service_accounts", "/google/service_accounts/_dry_run"] {
        routes.resource(path, |methods| methods.get(accounts).post(accounts));
    }
    for path in ["/google/service_accounts/{id}", "/google/service_accounts/_dry_run/{id}"] {
        routes.resource(path, |methods| methods.get(accounts).patch(accounts).delete(accounts));
    }
}

/// Which projects at Google pay where a request names none.
async fn billing_projects(fence: Data<Fence>) -> HttpResponse {
    let project = fence.config.billing_project_for_signed_urls.as_deref().filter(|name| !name.is_empty());
    HttpResponse::Ok().json(json!({
        "signed_urls": { "project_id": project },
        "temporary_service_account_credentials": { "project_id": null },
    }))
}

async fn accounts(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    caller.bearer(&fence, &[ACCOUNTS]).await?;
    Err(off())
}

async fn primary_account(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    caller.bearer(&fence, &[CREDENTIALS]).await?;
    Err(off())
}

fn off() -> Error {
    Error::NotFound("service accounts of Google Cloud are not registered in this commons".into())
}
