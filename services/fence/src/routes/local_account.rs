//! `/login/local/…`: the pages of a local account: its invitation, its password, its second factor. Ours.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{HeaderValue, REFERRER_POLICY},
    },
    web::Data,
};
use web::{Params, Routes};

use super::{
    body::Body,
    document::{document, public_path},
    local_login::{field, told},
};
use crate::{
    clock::now,
    config::{LOCAL_IDP, LOCAL_LOGIN},
    error::Error,
    identity::{
        attempts::Origin,
        password::{
            Again, Invited, may_change_account, may_follow, must_be_on, must_be_own_form, own_account,
        },
        session::CurrentSession,
    },
    local::{passwords::NewPassword, second_factor::Secret},
    pages::{self, Factor, Problem},
    service::Fence,
    store::local_accounts::Account,
};

const INVITATION: &str = "/login/local/invitation";
const PASSWORD: &str = "/login/local/password";
const SECOND_FACTOR: &str = "/login/local/second-factor";
/// No code has so many characters.
const LONGEST_CODE: usize = 100;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource(INVITATION, |methods| methods.get(show_invitation).post(accept));
    routes.resource(PASSWORD, |methods| methods.get(show_password).post(change_password));
    routes.resource(SECOND_FACTOR, |methods| methods.get(show_factor).post(change_factor));
}

/// A password that somebody has typed twice, for the user of `account`; or the field with what is wrong.
fn chosen(
    fence: &Fence,
    account: &Account,
    fields: &[(String, String)],
) -> Result<NewPassword, (&'static str, String)> {
    let typed = field(fields, "new_password").unwrap_or_default();
    let shortest = fence.config.local_accounts.shortest_password;
    let new = NewPassword::choose(typed, &account.username, account.email.as_deref(), shortest);
    let new = new.map_err(|weakness| ("new_password", weakness.to_string()))?;
    if field(fields, "again") != Some(typed) {
        return Err(("again", "The two passwords are not the same.".into()));
    }
    Ok(new)
}

async fn show_invitation(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
) -> Result<HttpResponse, Error> {
    // Looking at it does not use it up: mail programs do that.
    let code = params.get("code").unwrap_or_default();
    let invited = may_follow(&fence, code).await?;
    let page = invitation_form(&fence, &session, &invited, code, None);
    let mut answer = document(&fence, StatusCode::OK);
    // Its address lets somebody in.
    answer.insert_header((REFERRER_POLICY, HeaderValue::from_static("no-referrer")));
    Ok(answer.body(page))
}

fn invitation_form(
    fence: &Fence,
    session: &CurrentSession,
    invited: &Invited,
    code: &str,
    problem: Option<Problem<'_>>,
) -> String {
    let csrf_token = session.0.borrow_mut().csrf_token();
    let shown = pages::InvitationForm {
        action: &public_path(fence, INVITATION),
        csrf_token: &csrf_token,
        code,
        username: &invited.account().username,
        shortest: fence.config.local_accounts.shortest_password,
        problem,
    };
    pages::invitation(&fence.config, &shown)
}

async fn accept(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    must_be_on(&fence)?;
    let fields = body.form();
    let code = field(&fields, "code").unwrap_or_default();
    let invited = may_follow(&fence, code).await?;
    let again = |field: &'static str, error: Error| {
        told(&fence, &request, error, |text| {
            invitation_form(&fence, &session, &invited, code, Some(Problem { field, text }))
        })
    };
    let own = must_be_own_form(&session.0.borrow(), field(&fields, "csrf_token"));
    if let Err(error) = own {
        return again("new_password", error);
    }
    let new = match chosen(&fence, invited.account(), &fields) {
        Ok(new) => new,
        Err((field, text)) => return again(field, Error::BadRequest(text)),
    };
    fence.accept_invitation(&invited, new).await?;
    let name = &invited.account().username;
    let text = format!("From now on you log in as {name} with this password.");
    let login = public_path(&fence, LOCAL_LOGIN);
    let page = pages::done(&fence.config, "Your password is set", &text, (&login, "Log in"));
    Ok(document(&fence, StatusCode::OK).body(page))
}

async fn show_password(fence: Data<Fence>, session: CurrentSession) -> Result<HttpResponse, Error> {
    let current = session.0.borrow().clone();
    let account = own_account(&fence, &current).await?;
    Ok(document(&fence, StatusCode::OK).body(password_form(&fence, &session, &account, None)))
}

fn password_form(
    fence: &Fence,
    session: &CurrentSession,
    account: &Account,
    problem: Option<Problem<'_>>,
) -> String {
    let csrf_token = session.0.borrow_mut().csrf_token();
    let shown = pages::ChangePassword {
        action: &public_path(fence, PASSWORD),
        csrf_token: &csrf_token,
        username: &account.username,
        shortest: fence.config.local_accounts.shortest_password,
        problem,
    };
    pages::change_password(&fence.config, &shown)
}

async fn change_password(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    let current = session.0.borrow().clone();
    let account = own_account(&fence, &current).await?;
    let fields = body.form();
    let again = |field: &'static str, error: Error| {
        told(&fence, &request, error, |text| {
            password_form(&fence, &session, &account, Some(Problem { field, text }))
        })
    };
    if let Err(error) = must_be_own_form(&current, field(&fields, "csrf_token")) {
        return again("password", error);
    }
    let new = match chosen(&fence, &account, &fields) {
        Ok(new) => new,
        Err((field, text)) => return again(field, Error::BadRequest(text)),
    };
    let shown = Again { password: field(&fields, "password").unwrap_or_default(), code: None };
    let proof = match may_change_account(&fence, &current, shown, &Origin::of(&request)).await {
        Ok(proof) => proof,
        Err(error) => return again("password", error),
    };
    let user = fence.change_password(&proof, new).await?;
    // All others have ended.
    session.0.borrow_mut().log_in(&user, LOCAL_IDP);
    let text = "Everywhere else you are logged out.";
    let page = pages::done(&fence.config, "Your password has changed", text, ("/", "Go on"));
    Ok(document(&fence, StatusCode::OK).body(page))
}

async fn show_factor(fence: Data<Fence>, session: CurrentSession) -> Result<HttpResponse, Error> {
    let current = session.0.borrow().clone();
    let account = own_account(&fence, &current).await?;
    let page = factor_form(&fence, &session, &account, &Secret::random(), None);
    Ok(document(&fence, StatusCode::OK).body(page))
}

fn factor_form(
    fence: &Fence,
    session: &CurrentSession,
    account: &Account,
    secret: &Secret,
    problem: Option<Problem<'_>>,
) -> String {
    let csrf_token = session.0.borrow_mut().csrf_token();
    let (text, carried) = (secret.text(), hex::encode(secret.as_bytes()));
    let address = secret.address(&fence.config.app_name, &account.username);
    let factor = match account.second_factor {
        None => Factor::Off { text: &text, carried: &carried, address: &address },
        Some(_) => Factor::On { left: account.recovery_codes },
    };
    let shown = pages::SecondFactor {
        action: &public_path(fence, SECOND_FACTOR),
        csrf_token: &csrf_token,
        username: &account.username,
        factor,
        problem,
    };
    pages::second_factor(&fence.config, &shown)
}

async fn change_factor(
    fence: Data<Fence>,
    session: CurrentSession,
    request: HttpRequest,
    body: Body,
) -> Result<HttpResponse, Error> {
    let current = session.0.borrow().clone();
    let account = own_account(&fence, &current).await?;
    let fields = body.form();
    let text = |name: &str| field(&fields, name).unwrap_or_default();
    let carried = hex::decode(text("secret")).ok().and_then(|bytes| Secret::from_bytes(&bytes));
    let secret = carried.clone().unwrap_or_else(Secret::random);
    let again = |field: &'static str, error: Error| {
        told(&fence, &request, error, |text| {
            factor_form(&fence, &session, &account, &secret, Some(Problem { field, text }))
        })
    };
    if let Err(error) = must_be_own_form(&current, field(&fields, "csrf_token")) {
        return again("password", error);
    }
    let code = text("code");
    if code.len() > LONGEST_CODE {
        return Err(Error::BadRequest("this is no code".into()));
    }
    let (password, origin) = (text("password"), Origin::of(&request));
    let page = match (text("turn"), account.second_factor.is_some(), carried) {
        ("on", false, Some(secret)) => {
            let Some(step) = secret.step_of(code, now(), 0) else {
                let text = "This is not the code of this secret. Is the clock of the authenticator right?";
                return again("code", Error::BadRequest(text.into()));
            };
            let shown = Again { password, code: None };
            let proof = match may_change_account(&fence, &current, shown, &origin).await {
                Ok(proof) => proof,
                Err(error) => return again("password", error),
            };
            let codes = fence.begin_second_factor(&proof, &secret, step).await?;
            pages::recovery_codes(&fence.config, &codes)
        }
        ("off", true, _) => {
            let shown = Again { password, code: Some(code) };
            let proof = match may_change_account(&fence, &current, shown, &origin).await {
                Ok(proof) => proof,
                Err(error) => return again("password", error),
            };
            fence.end_second_factor(&proof).await?;
            let text = "You log in by your password alone.";
            pages::done(&fence.config, "The second factor is off", text, ("/", "Go on"))
        }
        _ => return Err(Error::BadRequest("the second factor is so already: open the page again".into())),
    };
    Ok(document(&fence, StatusCode::OK).body(page))
}
