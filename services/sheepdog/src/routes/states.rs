//! Project states: `open`, `review`, `release`, `submit`.

use ::web::Routes;
use actix_web::{HttpRequest, HttpResponse, web};

use super::{answers, permit::permit};
use crate::{
    Error, Sheepdog,
    model::project::ProjectPath,
    projects::states::{self, StateChange, Transition},
    transaction::Mode,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    for transition in Transition::ALL {
        for (suffix, mode) in [("", Mode::Real), ("/_dry_run", Mode::DryRun)] {
            let change = move |request, sheepdog, path| change(request, sheepdog, path, transition, mode);
            let path = format!("/{{program}}/{{project}}/{}{suffix}", transition.word());
            routes.resource(&path, |methods| methods.put(change).post(change));
        }
    }
}

async fn change(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<ProjectPath>,
    transition: Transition,
    mode: Mode,
) -> Result<HttpResponse, Error> {
    let permit = permit(&sheepdog, &request, &path).await?;
    let change = StateChange::new(permit, transition, mode);
    let path = request.path().to_owned();
    Ok(answers::transaction(states::run(&sheepdog.into_inner(), change, path).await?))
}
