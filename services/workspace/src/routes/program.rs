//! `/proxy/`: the program of one's own workspace, with everything that it takes and answers.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload},
};

use crate::{error::Error, service::Workspaces};

pub(super) fn routes(routes: &mut web::Routes<'_>) {
    routes.resource("/proxy/{path:.*}", |methods| methods.any(forward));
}

/// Whose workspace it is follows from the token alone: nothing in the path, the headers or a cookie of the
/// program leads to another one.
async fn forward(
    service: Data<Workspaces>,
    request: HttpRequest,
    body: Payload,
) -> Result<HttpResponse, Error> {
    service.refuse_other_sites(&request)?;
    let holder = service.holder(request.headers()).await?;
    service.forward(&holder, &request, body).await
}
