//! `/admin/user`, `/admin/users` and `/admin/register`: users, for administrators.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::{Map, Value, json};
use web::Routes;

use super::{
    body::{Body, required_text, text},
    user::{add_passport, document},
};
use crate::{
    actions::UserPage,
    error::Error,
    identity::{
        caller::Caller,
        permits::{MayAdminister, may_administer},
    },
    service::Fence,
    store::{
        administration::{Changes, NewUser},
        users::ListedUser,
    },
};

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/admin/register", |methods| methods.get(registrations));
    for name in ["user", "users"] {
        routes.below(&format!("/admin/{name}"), |routes| {
            routes.resource("", |methods| methods.get(list).post(create));
            routes.resource("/{username}", |methods| methods.get(read).put(update).delete(delete));
            routes.resource("/{username}/soft", |methods| methods.delete(deactivate));
            routes.resource("/{username}/reactivate", |methods| methods.post(reactivate));
        });
    }
}

async fn list(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let users = fence.all_users(&proof).await?;
    let line = |user: &ListedUser| {
        let role = role(user.is_admin.unwrap_or(false));
        json!({ "username": user.username, "role": role })
    };
    Ok(HttpResponse::Ok().json(json!({ "users": users.iter().map(line).collect::<Vec<_>>() })))
}

/// The name of what a user is in the whole commons.
pub(super) fn role(is_admin: bool) -> &'static str {
    if is_admin { "admin" } else { "user" }
}

fn shown(proof: &MayAdminister, page: &UserPage) -> HttpResponse {
    let mut document = document(page);
    // A user's visas are nobody else's.
    add_passport(&mut document, proof.administrator(), &[]);
    HttpResponse::Ok().json(document)
}

async fn read(fence: Data<Fence>, caller: Caller, username: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let page = fence.page_of(&proof, &username).await?;
    Ok(shown(&proof, &page))
}

async fn create(fence: Data<Fence>, caller: Caller, body: Body) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let body = body.any_object()?;
    let missing = |_| Error::BadRequest("Error: Please provide a username".into());
    let user = NewUser {
        username: required_text(&body, "username").map_err(missing)?,
        email: text(&body, "email")?,
        display_name: text(&body, "display_name")?,
        phone_number: text(&body, "phone_number")?,
        idp: text(&body, "idp_name")?.filter(|name| !name.is_empty()),
    };
    let page = fence.add_user(&proof, &user, tags(&body)?).await?;
    Ok(shown(&proof, &page))
}

/// The tags of a new user: texts, or null for a tag without a value.
fn tags(body: &Map<String, Value>) -> Result<Vec<(String, Option<String>)>, Error> {
    let wrong = || Error::BadRequest("`tags` must be an object of texts".into());
    let given = match body.get("tags") {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Object(given)) => given,
        Some(_) => return Err(wrong()),
    };
    let tag = |(key, value): (&String, &Value)| match value {
        Value::String(text) => Ok((key.clone(), Some(text.clone()))),
        Value::Null => Ok((key.clone(), None)),
        _ => Err(wrong()),
    };
    given.iter().map(tag).collect()
}

async fn update(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    body: Body,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let body = body.any_object()?;
    let given = |name| Ok::<_, Error>(text(&body, name)?.filter(|text| !text.is_empty()));
    let changes = Changes {
        username: given("username")?,
        email: given("email")?,
        is_admin: match given("role")? {
            None => None,
            Some("admin") => Some(true),
            Some("user") => Some(false),
            Some(other) => {
                return Err(Error::BadRequest(format!("`role` is admin or user, and not {other}")));
            }
        },
    };
    let page = fence.change_user(&proof, &username, &changes).await?;
    Ok(shown(&proof, &page))
}

async fn delete(fence: Data<Fence>, caller: Caller, username: Path<String>) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    fence.delete_user(&proof, &username).await?;
    Ok(HttpResponse::Ok().json(json!({ "result": "success" })))
}

async fn deactivate(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    fence.deactivate_user(&proof, &username).await?;
    let page = fence.page_of(&proof, &username).await?;
    Ok(shown(&proof, &page))
}

async fn reactivate(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let page = fence.reactivate_user(&proof, &username).await?;
    Ok(shown(&proof, &page))
}

async fn registrations(fence: Data<Fence>, caller: Caller) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    Ok(HttpResponse::Ok().json(fence.registrations(&proof).await?))
}
