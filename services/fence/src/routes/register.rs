//! `/register`: the form in which users say who they are.

use actix_web::{HttpResponse, http::StatusCode, web::Data};
use web::Routes;

use super::{
    body::Body,
    document::{document, public_path},
    redirect::redirect,
};
use crate::{
    actions::{RegistrationForm, registration},
    config::REGISTRATION,
    error::Error,
    identity::{registration::may_register, session::CurrentSession},
    pages,
    service::Fence,
};

/// Under this name a session remembers where the login goes on, in the words of the original.
const GOES_ON: &str = "post_registration_redirect";

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource(REGISTRATION, |methods| methods.get(show).post(submit));
}

async fn show(fence: Data<Fence>, session: CurrentSession) -> Result<HttpResponse, Error> {
    let current = session.0.borrow().clone();
    let proof = may_register(&fence, &current).await?;
    let csrf_token = session.0.borrow_mut().csrf_token();
    let page = pages::Registration {
        action: &public_path(&fence, REGISTRATION),
        csrf_token: &csrf_token,
        username: &proof.user().username,
        email: proof.user().email.as_deref().filter(|email| !email.is_empty()),
    };
    Ok(document(&fence, StatusCode::OK).body(pages::registration(&fence.config, &page)))
}

async fn submit(fence: Data<Fence>, session: CurrentSession, body: Body) -> Result<HttpResponse, Error> {
    let current = session.0.borrow().clone();
    let proof = may_register(&fence, &current).await?;
    let fields = body.form();
    let field = |name: &str| fields.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if !current.accepts_csrf_token(field("csrf_token")) {
        return Err(Error::BadRequest("CSRF verification failed: please open the form again".into()));
    }
    let form = RegistrationForm {
        firstname: field("firstname"),
        lastname: field("lastname"),
        organization: field("organization"),
        email: field("email"),
    };
    let info = registration(proof.user(), &form)?;
    fence.register_user(&proof, &info).await?;
    let goes_on = session.0.borrow_mut().forget(GOES_ON).filter(|address| !address.is_empty());
    Ok(match goes_on {
        Some(address) => redirect(&address),
        None => HttpResponse::Ok().json(info),
    })
}
