//! Administrators: users and who they are; groups and projects as they were before arborist.

use authz::{Authz as _, Standing};
use serde_json::{Value, json};

use crate::world::{World, answer, cookie_header, cookies};

/// Sends a request as the administrator.
async fn admin(world: &World, method: &str, path: &str, body: Value) -> (u16, Value) {
    let token = world.token("admin").await;
    let request = world.request(method, &format!("/admin{path}")).bearer_auth(token);
    answer(if body.is_null() { request } else { request.json(&body) }).await
}

#[tokio::test]
async fn users_are_made_read_changed_and_deleted() {
    let world = World::new().await;
    let new = json!({"username": "Ada@x.org", "email": "ada@x.org", "display_name": "Ada", "idp_name": "okta",
                     "phone_number": "1", "tags": {"team": "blue", "empty": null}});
    let (status, made) = admin(&world, "POST", "/user", new.clone()).await;
    assert_eq!(status, 200, "{made}");
    assert_eq!(
        (&made["email"], &made["idp"], &made["role"]),
        (&json!("ada@x.org"), &json!("okta"), &json!("user"))
    );
    assert_eq!(made["tags"], json!({"team": "blue", "empty": null}));
    assert!(made.get("azp").is_none(), "{made}");
    assert_eq!(admin(&world, "POST", "/users", json!({"username": "aDA@X.org"})).await.0, 400, "in any case");
    for wrong in
        [json!({}), json!({"username": ""}), json!({"username": 7}), json!({"username": "x", "tags": []})]
    {
        assert_eq!(admin(&world, "POST", "/user", wrong.clone()).await.0, 400, "{wrong}");
    }
    assert_eq!(admin(&world, "GET", "/users/ada@x.org", Value::Null).await, (200, made.clone()));
    assert_eq!(admin(&world, "GET", "/user/nope", Value::Null).await.0, 404);

    let change = json!({"email": "new@x.org", "role": "admin"});
    assert_eq!(admin(&world, "PUT", "/user/ada@x.org", change).await.0, 200);
    let (_, read) = admin(&world, "GET", "/user/ada@x.org", Value::Null).await;
    assert_eq!((&read["email"], &read["role"]), (&json!("new@x.org"), &json!("admin")), "it is written");
    assert_eq!(admin(&world, "PUT", "/user/ada@x.org", json!({"role": "king"})).await.0, 400);
    assert_eq!(admin(&world, "PUT", "/user/ada@x.org", json!({"username": "ADMIN"})).await.0, 400, "taken");
    let (status, renamed) = admin(&world, "PUT", "/user/ada@x.org", json!({"username": "ada@X.org"})).await;
    assert_eq!((status, &renamed["username"]), (200, &json!("ada@X.org")), "another spelling of the same");
    let (_, all) = admin(&world, "GET", "/user", Value::Null).await;
    assert!(all["users"].as_array().unwrap().contains(&json!({"username": "ada@X.org", "role": "admin"})));

    assert_eq!(
        admin(&world, "DELETE", "/user/ada@x.org", Value::Null).await,
        (200, json!({"result": "success"}))
    );
    assert_eq!(admin(&world, "DELETE", "/user/ada@x.org", Value::Null).await.0, 404);
}

#[tokio::test]
async fn users_are_searched_in_pages_and_their_sessions_end_without_shutting_them_out() {
    let world = World::new().await;
    let login =
        world.get("/login/google?redirect=/x").header("cookie", "dev_login=ada").send().await.unwrap();
    let jar = cookies(&login);
    let session = world.session_token("ada").await;
    let (_, key) = answer(world.post("/credentials/api", &json!({})).bearer_auth(&session)).await;
    for name in ["zoe_1", "zoe%2"] {
        let new = json!({"username": name, "email": format!("{name}@x.org"), "display_name": "Zoe"});
        assert_eq!(admin(&world, "POST", "/user", new).await.0, 200);
    }
    assert_eq!(admin(&world, "DELETE", "/user/zoe_1/soft", Value::Null).await.0, 200);

    let token = world.token("admin").await;
    let asked = async |query: &str| {
        let (status, page) = answer(world.get(&format!("/v1/users?{query}")).bearer_auth(&token)).await;
        assert_eq!(status, 200, "{page}");
        let names = page["users"].as_array().unwrap().iter().map(|user| user["username"].clone());
        (names.collect::<Vec<_>>(), page)
    };
    let (names, page) = asked("q=ZOE&size=1").await;
    assert_eq!((names, &page["next"]), (vec![json!("zoe%2")], &json!("zoe%2")));
    let (names, page) = asked("q=ZOE&size=1&after=zoe%252").await;
    assert_eq!((names, &page["next"]), (vec![json!("zoe_1")], &Value::Null));
    assert_eq!(page["users"][0]["last_login"], Value::Null, "never was here");
    assert_eq!(asked("active=false").await.0, ["zoe_1"]);
    assert_eq!(asked("q=%25").await.0, ["zoe%2"], "a sign of patterns is a letter");
    let (_, page) = asked("q=ada").await;
    let ada = &page["users"][0];
    assert_eq!((&ada["api_keys"], &ada["role"], &ada["active"]), (&json!(1), &json!("user"), &json!(true)));
    assert!(ada["last_login"].is_string(), "{ada}");

    let by_session = || answer(world.get("/user").header("cookie", cookie_header(&jar)));
    let exchange =
        || answer(world.post("/credentials/api/access_token", &json!({ "api_key": key["api_key"] })));
    let end = |query: &str| {
        answer(world.request("DELETE", &format!("/v1/users/ADA/sessions{query}")).bearer_auth(&token))
    };
    assert_eq!((by_session().await.0, exchange().await.0), (200, 200));
    assert_eq!(end("").await.0, 204);
    assert_eq!((by_session().await.0, exchange().await.0), (401, 200), "keys are not sessions");
    assert_eq!(end("?api_keys=true").await.0, 204);
    assert_eq!(exchange().await.0, 401);
    assert_eq!(asked("q=ada").await.1["users"][0]["api_keys"], 0);
    assert_eq!(end("?keys=true").await.0, 400);
}

#[tokio::test]
async fn a_user_who_is_shut_out_has_nothing_left_not_even_later() {
    let world = World::new().await;
    let login =
        world.get("/login/google?redirect=/x").header("cookie", "dev_login=ada").send().await.unwrap();
    let jar = cookies(&login);
    let session = world.session_token("ada").await;
    let (_, key) = answer(world.post("/credentials/api", &json!({})).bearer_auth(&session)).await;
    let exchange =
        || answer(world.post("/credentials/api/access_token", &json!({ "api_key": key["api_key"] })));
    let by_session = || answer(world.get("/user").header("cookie", cookie_header(&jar)));
    assert_eq!((exchange().await.0, by_session().await.0), (200, 200));
    // Times are whole seconds.
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;

    let (status, shown) = admin(&world, "DELETE", "/user/ADA/soft", Value::Null).await;
    assert_eq!((status, &shown["active"]), (200, &json!(false)));
    let by_token = || answer(world.get("/user").bearer_auth(&session));
    let log_in = || answer(world.get("/login/google?redirect=/x").header("cookie", "dev_login=ada"));
    assert_eq!((exchange().await.0, by_session().await.0, by_token().await.0), (401, 401, 401));
    assert_eq!(log_in().await.0, 401);

    assert_eq!(admin(&world, "POST", "/user/ada/reactivate", Value::Null).await.0, 200);
    assert_eq!(admin(&world, "POST", "/user/ada/reactivate", Value::Null).await.0, 400, "active already");
    assert_eq!((exchange().await.0, by_session().await.0, by_token().await.0), (401, 401, 401));
    assert_eq!(log_in().await.0, 302, "but a new login is one");
    let fresh = world.session_token("ada").await;
    assert_eq!(answer(world.get("/user").bearer_auth(fresh)).await.0, 200);
}

#[tokio::test]
async fn arborist_hears_who_is_shut_out_let_in_again_and_deleted() {
    let world = World::new().await;
    world.token("ada").await;
    let heard = || world.rights.standings().into_iter();
    assert_eq!(heard().count(), 0);
    assert_eq!(admin(&world, "DELETE", "/user/ADA/soft", Value::Null).await.0, 200);
    assert_eq!(heard().last(), Some(("ada".into(), Standing::Deactivated)), "by the name as it is written");
    // A new name is as deactivated as the old one was, which is free then.
    assert_eq!(admin(&world, "PUT", "/user/ada", json!({"username": "ada2"})).await.0, 200);
    let (count, told) = (heard().count(), heard().skip(1).collect::<Vec<_>>());
    assert_eq!(count, 3);
    assert_eq!(told, [("ada2".into(), Standing::Deactivated), ("ada".into(), Standing::Deleted)]);
    assert_eq!(admin(&world, "POST", "/user/ada2/reactivate", Value::Null).await.0, 200);
    assert_eq!(heard().last(), Some(("ada2".into(), Standing::Active)));
    // What arborist alone believes can be mended.
    world.rights.set_standing(&["ada2".to_owned()], Standing::Deactivated).await.unwrap();
    assert_eq!(admin(&world, "POST", "/user/ada2/reactivate", Value::Null).await.0, 200);
    assert_eq!(admin(&world, "POST", "/user/ada2/reactivate", Value::Null).await.0, 400, "active already");
    assert_eq!(admin(&world, "DELETE", "/user/ada2", Value::Null).await.0, 200);
    assert_eq!(heard().last(), Some(("ada2".into(), Standing::Deleted)));
    let count = heard().count();
    for (method, path) in [("DELETE", "/user/x/soft"), ("POST", "/user/x/reactivate"), ("DELETE", "/user/x")]
    {
        assert_eq!(admin(&world, method, path, Value::Null).await.0, 404);
    }
    assert_eq!(heard().count(), count, "nothing is told of users whom fence does not know");
}

#[tokio::test]
async fn without_arborist_nobody_is_let_in_or_deleted_and_at_the_start_it_hears_who_is_out() {
    let world = World::new().await;
    for name in ["unheard", "ada"] {
        world.token(name).await;
    }
    for (method, path) in [("DELETE", "/user/unheard/soft"), ("DELETE", "/user/unheard")] {
        assert_eq!(admin(&world, method, path, Value::Null).await.0, 503, "{method} {path}");
        assert_eq!(admin(&world, "GET", "/user/unheard", Value::Null).await.1["active"], json!(true));
    }
    // As another program writes it.
    sqlx::raw_sql(
        r#"update "User" set active = false where username in ('unheard', 'ada');
           insert into "User" (username, active) values ('EVE', false), ('eve', true), (null, false)"#,
    )
    .execute(&world.database.pool)
    .await
    .unwrap();
    assert_eq!(admin(&world, "POST", "/user/unheard/reactivate", Value::Null).await.0, 503);
    assert_eq!(admin(&world, "GET", "/user/unheard", Value::Null).await.1["active"], json!(false));
    assert!(world.fence.tell_deactivated().await.is_err(), "it does not answer for one of them");
    sqlx::query(r#"delete from "User" where username = 'unheard'"#)
        .execute(&world.database.pool)
        .await
        .unwrap();
    world.fence.tell_deactivated().await.unwrap();
    assert_eq!(world.rights.standings(), [("ada".to_owned(), Standing::Deactivated)]);
}

#[tokio::test]
async fn a_deleted_user_s_session_is_not_that_of_the_next_of_this_name() {
    let world = World::new().await;
    let login = || world.get("/login/google?redirect=/x").header("cookie", "dev_login=ada").send();
    let jar = cookies(&login().await.unwrap());
    assert_eq!(admin(&world, "DELETE", "/user/ada", Value::Null).await.0, 200);
    login().await.unwrap();
    let alone = format!("fence={}", jar["fence"].split_once('=').unwrap().1.split(';').next().unwrap());
    assert_eq!(answer(world.get("/user").header("cookie", alone)).await.0, 401);
}

#[tokio::test]
async fn only_administrators_administer_and_only_by_our_own_access_tokens() {
    let world = World::new().await;
    world.token("admin").await;
    assert_eq!(answer(world.get("/admin/user")).await.0, 403, "nobody");
    let stranger = world.token("nobody").await;
    assert_eq!(answer(world.get("/admin/user").bearer_auth(stranger)).await.0, 403);
    assert_eq!(answer(world.get("/admin/user").bearer_auth("x")).await.0, 401);
    let session = world.session_token("admin").await;
    let (_, key) = answer(world.post("/credentials/api", &json!({})).bearer_auth(&session)).await;
    let by_key = answer(world.get("/admin/user").bearer_auth(key["api_key"].as_str().unwrap())).await;
    assert!(matches!(by_key.0, 401 | 403), "an API key is no access token: {by_key:?}");
    let login =
        world.get("/login/google?redirect=/x").header("cookie", "dev_login=admin").send().await.unwrap();
    let by_session = world.get("/admin/user").header("cookie", cookie_header(&cookies(&login)));
    assert_eq!(answer(by_session).await.0, 403, "a session alone is nobody here");
}

#[tokio::test]
async fn groups_and_projects_stay_as_they_were_written() {
    let world = World::new().await;
    world.token("ada").await;
    let ok = json!({"result": "success"});
    let call = async |method, path, body| admin(&world, method, path, body).await;
    assert_eq!(call("POST", "/projects/P1", json!({"auth_id": "phs1"})).await, (200, ok.clone()));
    assert_eq!(call("POST", "/projects/P1", json!({"auth_id": "phs2"})).await.0, 400);
    assert_eq!(call("POST", "/projects/P2", json!({"storage_accesses": ["x"]})).await.0, 404);
    let (_, project) = call("GET", "/projects/P1", Value::Null).await;
    assert_eq!((&project["auth_id"], &project["associated buckets"]), (&json!("phs1"), &json!([])));
    assert_eq!(call("GET", "/projects", Value::Null).await.1["projects"].as_array().unwrap().len(), 1);

    let (status, group) = call("POST", "/groups", json!({"name": "g", "description": "d"})).await;
    assert_eq!((status, group), (200, json!({"name": "g", "description": "d", "projects": []})));
    assert_eq!(call("POST", "/groups", json!({"name": "g"})).await.0, 400);
    assert_eq!(call("PUT", "/user/ada/groups", json!({"groups": ["g"]})).await.0, 200);
    assert_eq!(call("PUT", "/projects/P1/groups", json!({"groups": ["g"]})).await.0, 200);
    let access = async || admin(&world, "GET", "/user/ada", Value::Null).await.1["project_access"].clone();
    assert_eq!(access().await, json!({"phs1": ["read"]}), "members may read what their group may");
    assert_eq!(
        call("GET", "/groups/g/users", Value::Null).await.1,
        json!({"users": [{"name": "ada", "role": "user"}]})
    );
    assert_eq!(call("GET", "/groups/g/projects", Value::Null).await.1, json!({"projects": ["P1"]}));
    assert_eq!(call("GET", "/user/ada/groups", Value::Null).await.1["groups"][0]["projects"], json!(["P1"]));

    let grant = json!({"projects": [{"auth_id": "phs1", "privilege": ["read-storage"]}]});
    assert_eq!(call("PUT", "/user/ada/projects", grant).await.0, 200);
    assert_eq!(access().await, json!({"phs1": ["read-storage"]}));
    let unknown = json!({"projects": [{"auth_id": "nope", "privilege": []}]});
    assert_eq!(call("PUT", "/user/ada/projects", unknown).await.0, 404);
    assert_eq!(call("DELETE", "/user/ada/groups", json!({"groups": ["g"]})).await.0, 200);
    assert_eq!(access().await, json!({}), "what they could read by the group alone is gone");
    assert_eq!(call("DELETE", "/user/ada/groups", json!({"groups": ["g"]})).await.0, 404, "not in it");
    assert_eq!(call("DELETE", "/user/ada/projects", json!({"projects": ["P1"]})).await.0, 404, "no access");

    let renamed = json!({"name": "h", "description": "e"});
    assert_eq!(
        call("PUT", "/groups/g", renamed).await.1,
        json!({"name": "h", "description": "e", "projects": ["P1"]})
    );
    assert_eq!(call("DELETE", "/groups/h/projects", json!({"projects": ["P1"]})).await.0, 200);
    assert_eq!(call("DELETE", "/groups/h", Value::Null).await, (200, ok.clone()));
    assert_eq!(call("DELETE", "/groups/h", Value::Null).await.0, 404);
    assert_eq!(call("DELETE", "/projects/P1", Value::Null).await, (200, ok));
    assert_eq!(call("GET", "/projects/P1", Value::Null).await.0, 404);
}

#[tokio::test]
async fn names_of_groups_and_projects_have_a_limit() {
    let world = World::new().await;
    let (longest, longer) = ("n".repeat(255), "n".repeat(256));
    let described = |length: usize| json!({"name": "g", "description": "d".repeat(length)});
    for (method, path, body, status) in [
        ("POST", "/groups", json!({"name": longer}), 400),
        ("POST", "/groups", json!({"name": "line\nend"}), 400),
        ("POST", "/groups", described(10_001), 400),
        ("POST", "/groups", described(10_000), 200),
        ("POST", "/groups", json!({"name": longest}), 200),
        ("PUT", "/groups/g", json!({"name": longer}), 400),
        ("PUT", "/groups/g", described(10_001), 400),
        ("POST", &format!("/projects/{longer}"), json!({"auth_id": "a"}), 400),
        ("POST", &format!("/projects/{longest}"), json!({"auth_id": "a"}), 200),
    ] {
        let (told, answer) = admin(&world, method, path, body).await;
        assert_eq!(told, status, "{method} {path}: {answer}");
    }
}

#[tokio::test]
async fn a_user_to_whom_a_foreign_table_refers_stays() {
    let world = World::new().await;
    assert_eq!(admin(&world, "POST", "/user", json!({"username": "ada@x.org"})).await.0, 200);
    let foreign = "create table of_somebody_else (user_id integer references \"User\" (id));
                   insert into of_somebody_else select id from \"User\" where username = 'ada@x.org'";
    sqlx::raw_sql(foreign).execute(&world.database.pool).await.unwrap();
    let (status, refused) = admin(&world, "DELETE", "/user/ada@x.org", Value::Null).await;
    assert_eq!(status, 409, "{refused}");
    assert!(refused.to_string().contains("of_somebody_else"), "{refused}");
    assert_eq!(admin(&world, "GET", "/user/ada@x.org", Value::Null).await.0, 200);
}
