//! `/login`: by which ways users log in: as JSON for programs, and as a page for people.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{self, HeaderValue},
    },
    web::Data,
};
use serde_json::{Value, json};
use url::{Url, form_urlencoded::Serializer as Query};
use web::{Params, Routes};

use super::{
    document::{document, prefers_page, public_path},
    login::{shown, target},
};
use crate::{
    config::{LOCAL_IDP, LOCAL_LOGIN, LoginOption},
    error::Error,
    identity::session::CurrentSession,
    pages::{self, Way},
    service::Fence,
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/login", |methods| methods.get(login));
}

/// What is answered depends on what is accepted; caches must know.
async fn login(
    fence: Data<Fence>,
    session: CurrentSession,
    params: Params,
    request: HttpRequest,
) -> Result<HttpResponse, Error> {
    fence.behind.refresh().await;
    let mut answer = if prefers_page(&request) {
        let target = target(&fence, &request, params.get("redirect")).await?;
        document(&fence, StatusCode::OK).body(page(&fence, &session, &target).await)
    } else {
        list(&fence)
    };
    answer.headers_mut().append(header::VARY, HeaderValue::from_static("Accept"));
    Ok(answer)
}

fn list(fence: &Fence) -> HttpResponse {
    let shown = |option: &LoginOption| shown(fence, option);
    HttpResponse::Ok().json(json!({
        "default_provider": fence.checked.default_login.as_ref().map(shown),
        "providers": fence.checked.logins.iter().map(shown).collect::<Vec<_>>(),
    }))
}

async fn page(fence: &Fence, session: &CurrentSession, target: &str) -> String {
    let current = session.0.borrow().clone();
    let user = fence.session_user(&current).await.ok();
    let (secondary, primary): (Vec<_>, Vec<_>) = fence
        .checked
        .logins
        .iter()
        .filter(|option| option.idp != LOCAL_IDP)
        .partition(|option| option.secondary.is_on());
    let ways = |options: Vec<&LoginOption>| -> Vec<Way> {
        options.into_iter().flat_map(|option| ways(&shown(fence, option), target)).collect()
    };
    let local = fence.checked.logins.iter().find(|option| option.idp == LOCAL_IDP);
    // Only a form needs a token, and only a token needs a session.
    let csrf_token = local.map(|_| session.0.borrow_mut().csrf_token()).unwrap_or_default();
    let base = public_path(fence, LOCAL_LOGIN);
    let form = local.map(|option| pages::PasswordForm {
        name: &option.name,
        explanation: option.desc.as_deref(),
        action: &base,
        csrf_token: &csrf_token,
        redirect: target,
        username: "",
        problem: None,
        is_secondary: option.secondary.is_on(),
    });
    let logout = Query::new(String::new()).append_pair("next", &fence.config.base_url).finish();
    let logout = format!("{}?{logout}", public_path(fence, "/logout"));
    let is_local = local.is_some() && current.get("provider") == Some(LOCAL_IDP);
    let login = pages::Login {
        ways: &ways(primary),
        others: &ways(secondary),
        form,
        current: user.as_ref().map(|user| pages::Current {
            username: &user.username,
            goes_on: target,
            logout: &logout,
            account: is_local.then_some(&*base),
        }),
        all_ways: None,
    };
    pages::login(&fence.config, &login)
}

/// The ways that an option has, as programs read them, which lead on to `target`.
fn ways(option: &Value, target: &str) -> Vec<Way> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let explanation = text(&option["desc"]);
    let urls = option["urls"].as_array().into_iter().flatten();
    let way = |entry: &Value| {
        let mut address = Url::parse(entry["url"].as_str()?).ok()?;
        address.query_pairs_mut().append_pair("redirect", target);
        Some(Way { name: text(&entry["name"])?, address: address.into(), explanation: explanation.clone() })
    };
    urls.filter_map(way).collect()
}
