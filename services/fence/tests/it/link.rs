//! Accounts at Google that belong to users.

use serde_json::json;

use crate::world::{World, answer};

async fn world(on: bool) -> (World, String) {
    let world = World::with(|config| config.allow_google_linking = on.into()).await;
    let token = world.token("ada").await;
    (world, token)
}

#[tokio::test]
async fn without_the_setting_there_are_no_such_addresses() {
    let (world, token) = world(false).await;
    for path in ["/link/google?redirect=/", "/link/google/callback"] {
        assert_eq!(answer(world.get(path).bearer_auth(&token)).await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn new_links_are_refused_in_the_form_that_clients_know_and_old_ones_can_be_taken_back() {
    let (world, token) = world(true).await;
    let ask = async |method: &str, path: &str| {
        world.request(method, path).bearer_auth(&token).send().await.unwrap()
    };
    assert_eq!(answer(world.get("/link/google?redirect=/")).await.0, 401);
    for wrong in ["", "?redirect=", "?redirect=https://elsewhere.example/"] {
        assert_eq!(ask("GET", &format!("/link/google{wrong}")).await.status(), 400, "{wrong}");
    }
    let location = async |path: &str| {
        let sent = ask("GET", path).await;
        assert_eq!(sent.status(), 302);
        sent.headers()["location"].to_str().unwrap().to_owned()
    };
    let refused = location("/link/google?redirect=/portal?a=1").await;
    assert!(refused.starts_with("/portal?a=1&error=g_acnt_access_error&error_description="), "{refused}");
    assert_eq!(ask("GET", "/link/google/callback?code=x").await.status(), 400);
    assert_eq!(ask("PATCH", "/link/google").await.status(), 404);
    let nothing = ask("DELETE", "/link/google").await;
    assert_eq!(nothing.status(), 404);
    assert_eq!(nothing.json::<serde_json::Value>().await.unwrap()["error"], json!("g_acnt_link_error"));

    for statement in [
        "insert into user_google_account (email, user_id)
         select 'ada@x.org', id from \"User\" where username = 'ada'",
        "insert into google_proxy_group (id, email) values ('g', 'g@x.org')",
        "insert into user_google_account_to_proxy_group select id, 'g', 1 from user_google_account",
    ] {
        sqlx::query(statement).execute(&world.database.pool).await.unwrap();
    }
    assert!(location("/link/google?redirect=/").await.starts_with("/?error=g_acnt_link_error&"));
    assert_eq!(ask("PATCH", "/link/google").await.status(), 400);
    assert_eq!(ask("DELETE", "/link/google").await.status(), 400, "it would stay in the group at Google");
    sqlx::query("delete from user_google_account_to_proxy_group")
        .execute(&world.database.pool)
        .await
        .unwrap();
    assert_eq!(ask("DELETE", "/link/google").await.status(), 200);
    assert_eq!(ask("DELETE", "/link/google").await.status(), 404);
}
