//! `/v1/users`: pages of users, and the end of their sessions, for administrators. Not of the original, whose
//! list has all users at once and of each the name and the role only.

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::json;
use web::{Params, Routes};

use crate::{
    error::Error,
    identity::{caller::Caller, permits::may_administer},
    service::Fence,
    store::user_list::UserFilter,
};

/// Users of a page that names no size.
const SIZE: u16 = 50;
/// Most users of a page.
const MOST: u16 = 500;
/// The longest text that is looked for: names have at most 255 letters.
const LONGEST: usize = 255;

pub(super) fn routes(routes: &mut Routes<'_>) {
    routes.resource("/v1/users", |methods| methods.get(list));
    routes.resource("/v1/users/{username}/sessions", |methods| methods.delete(end_sessions));
}

/// `?q=&role=&active=&size=&after=`: users by name; `next` is the `after` of the next page.
async fn list(fence: Data<Fence>, caller: Caller, params: Params) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    let (filter, size) = asked(&params)?;
    let (users, has_more) = fence.some_users(&proof, &filter, size).await?;
    let next = users.last().filter(|_| has_more).map(|user| &user.username);
    Ok(HttpResponse::Ok().json(json!({ "users": users, "next": next })))
}

/// `?api_keys=true` ends the API keys as well.
async fn end_sessions(
    fence: Data<Fence>,
    caller: Caller,
    username: Path<String>,
    params: Params,
) -> Result<HttpResponse, Error> {
    let proof = may_administer(&fence, &caller).await?;
    if let Some((name, _)) = params.iter().find(|(name, _)| *name != "api_keys") {
        return Err(Error::BadRequest(format!("{name:?} is no parameter; there is api_keys")));
    }
    let with_keys = params.get("api_keys").map(|word| truth("api_keys", word)).transpose()?.unwrap_or(false);
    fence.end_sessions(&proof, &username, with_keys).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Which users, and how many. Pure.
fn asked(params: &Params) -> Result<(UserFilter, u16), Error> {
    let (mut filter, mut size) = (UserFilter::default(), SIZE);
    for (name, value) in params.iter().filter(|(_, value)| !value.is_empty()) {
        match name {
            "q" => filter.words = Some(text(name, value)?),
            "after" => filter.after = Some(text(name, value)?),
            "active" => filter.active = Some(truth(name, value)?),
            "role" => match value {
                "admin" | "user" => filter.is_admin = Some(value == "admin"),
                _ => return Err(Error::BadRequest("role: there are admin and user".into())),
            },
            "size" => {
                let told = || Error::BadRequest(format!("size: a page has 1 to {MOST} users"));
                size = value.parse().ok().filter(|size| (1..=MOST).contains(size)).ok_or_else(told)?;
            }
            _ => {
                let told = format!("{name:?} is no parameter; there are q, role, active, size and after");
                return Err(Error::BadRequest(told));
            }
        }
    }
    Ok((filter, size))
}

fn text(name: &str, value: &str) -> Result<String, Error> {
    if value.chars().count() > LONGEST || value.contains('\0') {
        return Err(Error::BadRequest(format!("{name}: at most {LONGEST} letters, none of them NUL")));
    }
    Ok(value.to_owned())
}

fn truth(name: &str, word: &str) -> Result<bool, Error> {
    word.parse().map_err(|_| Error::BadRequest(format!("{name}: it is true or false")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_read_or_refused_with_the_reason() {
        let read = |query: &str| asked(&Params::parse(query));
        let (filter, size) = read("q=Ann&role=admin&active=false&after=b&size=7").unwrap();
        let wanted = UserFilter {
            words: Some("Ann".into()),
            is_admin: Some(true),
            active: Some(false),
            after: Some("b".into()),
        };
        assert_eq!((filter, size), (wanted, 7));
        assert_eq!(read("q=&role=").unwrap(), (UserFilter::default(), SIZE));
        let long = format!("q={}", "a".repeat(256));
        for wrong in ["role=king", "active=yes", "size=0", "size=501", "page=2", "q=%00", &long] {
            assert!(matches!(read(wrong), Err(Error::BadRequest(_))), "{wrong}");
        }
    }
}
