//! Users who must say who they are before they are let in.

use indexmap::IndexMap;
use serde_json::json;

use crate::world::{World, answer, cookie_header, cookies};

async fn world() -> World {
    World::with(|config| {
        config.register_users_on = true.into();
        config.registered_users_group = "registered".into();
    })
    .await
}

/// Begins a login and opens the form that it leads to: the browser's cookies, and the form's token.
async fn begin(world: &World) -> (IndexMap<String, String>, String) {
    let login = world.get("/login/google?redirect=/portal").header("cookie", "dev_login=ada");
    let login = login.send().await.unwrap();
    assert_eq!(
        (login.status().as_u16(), &login.headers()["location"]),
        (302, &"http://localhost/user/register/".parse().unwrap())
    );
    let jar = cookies(&login);
    assert_eq!(answer(world.get("/user").header("cookie", cookie_header(&jar))).await.0, 401, "not in yet");
    let page = world.get("/register").header("cookie", cookie_header(&jar)).send().await.unwrap();
    assert_eq!(page.status(), 200);
    let jar = cookies(&page);
    let page = page.text().await.unwrap();
    let (_, rest) = page.split_once("name=\"csrf_token\" value=\"").unwrap();
    (jar, rest.split_once('"').unwrap().0.to_owned())
}

async fn submit(world: &World, jar: &IndexMap<String, String>, form: &str) -> reqwest::Response {
    let request = world.request("POST", "/register").header("cookie", cookie_header(jar));
    request
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form.to_owned())
        .send()
        .await
        .unwrap()
}

#[tokio::test]
async fn who_has_said_who_they_are_is_let_in_and_never_asked_again() {
    let world = world().await;
    let (jar, token) = begin(&world).await;
    let form = format!("csrf_token={token}&firstname=Ada&lastname=L.&organization=X&email=%20ada@x.org%20");
    let registered = submit(&world, &jar, &form).await;
    assert_eq!(registered.status(), 302);
    let back = registered.headers()["location"].to_str().unwrap();
    assert_eq!(back, "http://localhost/user/login/google?redirect=/portal", "the login goes on");
    let login =
        world.get("/login/google?redirect=/portal").header("cookie", "dev_login=ada").send().await.unwrap();
    assert_eq!(login.headers()["location"], "/portal");
    let (status, _) = answer(world.get("/user").header("cookie", cookie_header(&cookies(&login)))).await;
    assert_eq!(status, 200);
    assert_eq!(world.rights.members(), [("ada".to_owned(), "registered".to_owned())]);
    let admin = world.token("admin").await;
    let (_, list) = answer(world.get("/admin/register").bearer_auth(admin)).await;
    let info = json!({"firstname": "Ada", "lastname": "L.", "org": "X", "email": "ada@x.org"});
    assert_eq!(list, json!({ "ada": info }));
}

#[tokio::test]
async fn forms_that_are_not_filled_in_or_not_ours_register_nobody() {
    let world = world().await;
    let (jar, token) = begin(&world).await;
    let long = "x".repeat(256);
    for form in [
        "firstname=A&lastname=L&organization=X&email=a@x.org".to_owned(),
        "csrf_token=x&firstname=A&lastname=L&organization=X&email=a@x.org".to_owned(),
        format!("csrf_token={token}&firstname=&lastname=L&organization=X&email=a@x.org"),
        format!("csrf_token={token}&firstname=A&lastname=L&organization=%20&email=a@x.org"),
        format!("csrf_token={token}&firstname=A&lastname=L&organization=X&email=nobody"),
        format!("csrf_token={token}&firstname=A&lastname=L&organization=X"),
        format!("csrf_token={token}&firstname={long}&lastname=L&organization=X&email=a@x.org"),
    ] {
        assert_eq!(submit(&world, &jar, &form).await.status(), 400, "{form}");
    }
    assert!(world.rights.members().is_empty());
    assert_eq!(answer(world.get("/register")).await.0, 401, "nobody");
    let without = World::new().await;
    assert_eq!(answer(without.get("/register")).await.0, 404, "where nobody registers");
}
