//! What users upload of themselves, and whether they have access to anything.

use indexmap::IndexMap;
use serde_json::json;

use crate::world::{World, answer, cookie_header, cookies};

#[tokio::test]
async fn a_certificate_is_kept_for_its_user_and_comes_back_byte_for_byte() {
    let wanted = [("quiz", "the security quiz"), ("dua", "the agreement")];
    let world = World::with(|config| {
        config.required_certificates =
            wanted.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    })
    .await;
    let (ada, bob) = (world.token("ada").await, world.token("bob").await);
    let missing = async |token: &str| answer(world.get("/user/cert").bearer_auth(token)).await.1;
    assert_eq!(missing(&ada).await, json!(IndexMap::from(wanted)));
    let put = async |path: &str, token: &str, bytes: Vec<u8>| {
        world.request("PUT", path).bearer_auth(token).body(bytes).send().await.unwrap().status().as_u16()
    };
    let bytes: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    assert_eq!(put("/user/cert/quiz?extension=PDF", &ada, b"first".to_vec()).await, 201);
    assert_eq!(put("/user/cert/quiz?extension=pdf", &ada, bytes.clone()).await, 201);
    assert_eq!(missing(&ada).await, json!({"dua": "the agreement"}));
    let (_, user) = answer(world.get("/user").bearer_auth(&ada)).await;
    assert_eq!(user["certificates_uploaded"], json!(["quiz"]));
    let got = world.get("/user/cert/quiz").bearer_auth(&ada).send().await.unwrap();
    assert_eq!(
        (got.status().as_u16(), &got.headers()["content-type"]),
        (200, &"application/pdf".parse().unwrap())
    );
    assert_eq!(got.headers()["x-content-type-options"], "nosniff");
    let disposition = got.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(disposition.starts_with("attachment") && disposition.contains("quiz.pdf"), "{disposition}");
    assert_eq!(got.bytes().await.unwrap(), bytes);
    assert_eq!(answer(world.get("/user/cert/quiz").bearer_auth(&bob)).await.0, 404, "it is not Bob's");

    let long = "x".repeat(41);
    for (path, body, expected) in [
        ("/user/cert/quiz".to_owned(), b"x".to_vec(), 400),
        ("/user/cert/quiz?extension=html".to_owned(), b"x".to_vec(), 400),
        ("/user/cert/quiz?extension=txt".to_owned(), Vec::new(), 400),
        (format!("/user/cert/{long}?extension=txt"), b"x".to_vec(), 400),
        ("/user/cert/a%00b?extension=txt".to_owned(), b"x".to_vec(), 400),
        ("/user/cert/quiz?extension=txt".to_owned(), vec![b'x'; 3_000_000], 413),
    ] {
        assert_eq!(put(&path, &ada, body).await, expected, "{path}");
    }
    let got = world.get("/user/cert/quiz").bearer_auth(&ada).send().await.unwrap();
    assert_eq!(got.bytes().await.unwrap(), bytes, "what was refused changed nothing");
    for number in 0..99 {
        assert_eq!(put(&format!("/user/cert/c{number}?extension=txt"), &ada, b"x".to_vec()).await, 201);
    }
    assert_eq!(put("/user/cert/more?extension=txt", &ada, b"x".to_vec()).await, 400);
    assert_eq!(answer(world.get("/user/cert/more").bearer_auth(&ada)).await.0, 404);
}

#[tokio::test]
async fn a_browser_uploads_a_certificate_only_from_our_own_pages() {
    let world = World::new().await;
    let login = world.get("/login/google?redirect=/").header("cookie", "dev_login=ada");
    let jar = cookie_header(&cookies(&login.send().await.unwrap()));
    let put = world.request("PUT", "/user/cert/quiz?extension=txt").header("cookie", &jar).body("x");
    assert_eq!(answer(put).await.0, 400, "without the token of a page");
    assert_eq!(answer(world.get("/user/cert").header("cookie", &jar)).await.0, 200);
}

#[tokio::test]
async fn somebody_has_access_when_they_may_do_what_not_everybody_may() {
    let world = World::new().await;
    let ask = async |query: &str, username: &str| {
        let token = world.token(username).await;
        let asked = world.get(&format!("/user/anyaccess{query}")).bearer_auth(token).send().await.unwrap();
        let header = asked.headers().get("remote_user").map(|value| value.to_str().unwrap().to_owned());
        (asked.status().as_u16(), header)
    };
    let yes = |name: &str| (200, Some(name.to_owned()));
    assert_eq!(ask("", "reader").await, yes("reader"));
    assert_eq!(ask("?project=a", "reader").await, yes("reader"));
    assert_eq!(ask("?project=/programs/a", "reader").await, yes("reader"));
    assert_eq!(ask("?project=", "reader").await, yes("reader"));
    assert_eq!(ask("?project=b", "reader").await, (403, None));
    assert_eq!(ask("", "nobody").await, (403, None), "what is open to everybody is no access");
    assert_eq!(ask("?project=open", "nobody").await, (403, None));
    for statement in [
        "insert into project (name, auth_id) values ('phs1', 'phs1'), ('phs2', 'phs2')",
        r#"insert into access_privilege (user_id, project_id, privilege)
           select u.id, p.id, case p.name when 'phs1' then array['read'] else '{}' end
           from "User" u, project p where u.username = 'nobody'"#,
    ] {
        sqlx::query(statement).execute(&world.database.pool).await.unwrap();
    }
    assert_eq!(ask("?project=phs1", "nobody").await, yes("nobody"));
    assert_eq!(ask("?project=phs2", "nobody").await, (403, None));
    let login = world.get("/login/google?redirect=/").header("cookie", "dev_login=reader");
    let jar = cookie_header(&cookies(&login.send().await.unwrap()));
    let (status, body) = answer(world.get("/user/anyaccess").header("cookie", jar)).await;
    assert_eq!((status, body), (200, json!({"result": "success"})));
    assert_eq!(answer(world.get("/user/anyaccess")).await.0, 401);
}
