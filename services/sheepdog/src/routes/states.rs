//! Project states: `open`, `review`, `release`, `submit`.

use actix_web::{HttpRequest, HttpResponse, web};

use super::{
    resource,
    submission::{answer_with, find_project},
};
use crate::{
    Error, Sheepdog,
    states::{self, Transition},
};

pub(super) fn routes(cfg: &mut web::ServiceConfig) {
    for transition in Transition::ALL {
        for (suffix, is_dry_run) in [("", false), ("/_dry_run", true)] {
            let handler = move |request: HttpRequest,
                                sheepdog: web::Data<Sheepdog>,
                                path: web::Path<(String, String)>| {
                change(request, sheepdog, path, transition, is_dry_run)
            };
            let path = format!("/{{program}}/{{project}}/{}{suffix}", transition.word());
            cfg.service(resource(&path).route(web::put().to(handler)).route(web::post().to(handler)));
        }
    }
}

async fn change(
    request: HttpRequest,
    sheepdog: web::Data<Sheepdog>,
    path: web::Path<(String, String)>,
    transition: Transition,
    is_dry_run: bool,
) -> Result<HttpResponse, Error> {
    let (program, code) = path.into_inner();
    let project = find_project(&sheepdog, &program, &code).await?;
    let permitted = sheepdog.permit(&request, &["release"], &program, &code).await?;
    let work = states::Request {
        project,
        permitted,
        transition,
        is_dry_run,
        commits: None,
        path: request.path().to_owned(),
    };
    let (code, answer) = states::run(&sheepdog.into_inner(), work).await?;
    Ok(answer_with(code, answer))
}
